"""One platform for the whole folder: a fresh home, free ports, and the `twin` command as a user runs it."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import openai
import psutil
import pytest

from flows.local_key import local_key
from flows.platform import run_files, supervisor
from flows.platform.processes import HOME_MARKER, environment_of
from flows.platform.services import services
from flows.platform.settings import PlatformSettings, Ports
from twin_data.configuration.home import TwinHome, cache_folder
from twin_data.registry import open_registry
from twin_data.store.search import alias_name
from twin_data.store.stages import StageRecord, stage_records
from twin_data.store.tables import FeatureStore

REPOSITORY = Path(__file__).resolve().parents[2]
SERVED = ("elasticsearch", "worker-cpu", "llm", "business")  # the worker brings the Prefect server along
OURS = ("TWIN_", "ELASTICSEARCH_", "PREFECT_", "M2_REPO")
COMMAND_TIMEOUT_S = 600.0
SAMPLE_YEARS = ("2021", "2022")
OWNER = (
    "--owner", "Mara Holm", "--licence", "CC-BY-4.0",
    "--consent", "I agree that a twin is made of these posts.",
)  # fmt: skip
POSTS = {
    "the-ferry.md": """---
title: The ferry at Brackholm
date: 2022-03-04
---

I bought the Brackholm ferry on 4 March 2022 for 18,400 crowns, which was 2,600 more than the surveyor thought it worth,
and I have not regretted a single crown of it since. She is eleven metres long and takes nine cars if the drivers are
polite to each other. The engine is a Gardner of 1961; it burns nine litres an hour and complains about every one.

People ask why anybody would buy a ferry that crosses four hundred metres of water. The answer is that the bridge at
Lund is thirty-one kilometres away, and nobody who has to be at work at seven wants to drive there and back for nothing.
""",
    "the-timetable.md": """---
title: Why the timetable has gaps
date: 2022-09-18
---

The ferry does not run between noon and one, because I eat at noon and I do not eat alone. Forty years of ferrymen
before me ate standing at the wheel, and every one of them ended with a bad stomach and a worse temper.

When the council asked me in August to close that gap I offered them a wager: if more than six cars a day were found
waiting at half past twelve, I would give up my lunch. They counted for three weeks and found two, one of which was the
man who did the counting. The gap stayed, and so did my lunch.
""",
    "the-rope.md": """---
title: On splicing a rope by hand
date: 2023-05-22
---

A mooring rope should be spliced by the person who will trust it. I learned the long splice from Ingrid Vass in 1998,
in a boathouse without a stove, and she made me unpick it fourteen times before she said anything kind about it.

A machine splice holds very well until the day it does not, and then nobody knows why. When my own splice gives way I
know exactly which strand I was thinking of something else for. That is worth more to me than the two hours it takes.
""",
}
NEW_POST = """---
title: The night the lamp went out
date: 2024-11-12
---

On the night of 12 November 2024 the lamp on the eastern jetty went out and I steered by the smell of the bakery. Osric
Dunne had left the ovens open, and for once the wind stood in the right quarter. It took twenty-six minutes to cross
instead of seven, and I sang the whole way so that whoever stood on the jetty would know where I was.

The lamp was replaced in the morning with a lantern from the church, which cost us 340 crowns and one sermon.
"""


@dataclass(frozen=True)
class Finished:
    """A command that has ended."""

    code: int
    out: str
    err: str
    seconds: float

    def ok(self) -> Finished:
        assert self.code == 0, f"exit {self.code}\n{self.err}\n{self.out}"
        return self

    @property
    def json(self) -> Any:
        """What was printed with `--json`."""
        return json.loads(self.ok().out)

    def error_with_next_step(self, *parts: str) -> None:
        """Assert exit code 1, one error that says all of `parts`, the next step, and no traceback."""
        assert self.code == 1, f"exit {self.code}\n{self.err}\n{self.out}"
        for part in parts:
            assert part in self.err, self.err
        assert self.err.count("error: ") == 1, self.err
        assert self.err.count("next:  ") == 1, self.err
        assert "Traceback" not in self.err, self.err


@dataclass
class Running:
    """A command under way."""

    process: subprocess.Popen[str]
    started: float
    lines: list[str] = field(default_factory=list)

    def wait_for(self, beginning: str) -> str:
        """Read progress until a line says `beginning`."""
        assert self.process.stderr
        for line in self.process.stderr:
            self.lines.append(line)
            if line.removeprefix("· ").startswith(beginning):
                return line
        pytest.fail(f"ended without {beginning!r}:\n{''.join(self.lines)}")

    def interrupt(self) -> None:
        self.process.send_signal(signal.SIGINT)

    def finish(self, timeout_s: float = COMMAND_TIMEOUT_S) -> Finished:
        out, err = self.process.communicate(timeout=timeout_s)
        return Finished(self.process.returncode, out, "".join(self.lines) + err, time.monotonic() - self.started)


@dataclass
class Twin:
    """The platform and the command."""

    home: TwinHome
    settings: PlatformSettings
    scratch: Path
    _started: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """A user's environment: this one without what names another platform."""
        own = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        ports = {f"TWIN_PORT_{name.upper()}": str(port) for name, port in self.settings.ports}
        return {
            **own,
            **ports,
            "TWIN_HOME": str(self.home.root),
            "TWIN_RECIPE": self.settings.recipe,
            "TWIN_CACHE": str(self.settings.cache),
            "TWIN_LLM_ENV": str(self.settings.llm_environment),
        }

    def start(self, *arguments: str, program: str = "twin") -> Running:
        """Run a command that can be watched and interrupted."""
        extra = {}
        if program == "prefect":
            extra = {"PREFECT_API_URL": self.settings.prefect_address, "PREFECT_HOME": str(self.scratch / "prefect")}
        process = subprocess.Popen(
            [str(Path(sys.executable).with_name(program)), *arguments],
            env={**self.environment, **extra}, cwd=REPOSITORY, text=True, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        self._started.append(process)
        return Running(process, time.monotonic())

    def __call__(self, *arguments: str, program: str = "twin") -> Finished:
        return self.start(*arguments, program=program).finish()

    def stop_commands(self) -> None:
        """End what a failed test has left running."""
        for process in self._started:
            if process.poll() is None:
                process.kill()
                process.communicate()
        self._started.clear()

    def up(self) -> None:
        """What a user does after a server has died."""
        supervisor.ensure(self.home, self.settings, SERVED)

    def pid(self, service: str) -> int:
        record = run_files.read(self.home, service)
        assert record, f"{service} was not started"
        return record.pid

    def kill(self, service: str) -> None:
        """End a server and all it started, as the kernel does when memory runs out."""
        server = psutil.Process(self.pid(service))
        family = [server, *server.children(recursive=True)]
        for process in family:
            process.kill()
        psutil.wait_procs(family, timeout=10)

    @property
    def key(self) -> str:
        return asyncio.run(local_key(self.home))

    def new_key(self, name: str) -> str:
        """A key of its own, so that its rows in the ledger can be counted."""
        return str(self("keys", "create", name, "--json").json["key"])

    def rows(self, name: str) -> dict[str, int]:
        """The ledger's rows of one key by status, once none is running any more."""
        deadline = time.monotonic() + 30
        while True:
            report = self("usage", "--by", "key", "--json").json
            row = next(one for one in report["rows"] if (one["group"] or "").startswith(f"{name} ("))
            if not row["running"] or time.monotonic() > deadline:
                return {status: row[status] for status in ("ok", "failed", "aborted", "running")}

    def client(self, key: str | None = None) -> httpx.Client:
        headers = {"Authorization": f"Bearer {key or self.key}"}
        return httpx.Client(base_url=self.settings.business_address, headers=headers, timeout=180, trust_env=False)

    def openai(self, key: str | None = None) -> openai.OpenAI:
        """The unmodified client, told nothing but address and key."""
        return openai.OpenAI(
            base_url=f"{self.settings.business_address}/v1", api_key=key or self.key, timeout=180, max_retries=0
        )

    def search(self, method: str, path: str) -> Any:
        """Ask Elasticsearch itself."""
        answer = httpx.request(method, f"{self.settings.elasticsearch_address}{path}", timeout=30, trust_env=False)
        assert answer.is_success, answer.text
        return answer.json()

    def live_index(self, persona: str) -> str:
        (name,) = self.search("GET", f"/{alias_name(persona)}")
        return str(name)

    def indices(self, persona: str) -> set[str]:
        return set(self.search("GET", f"/{alias_name(persona)}-*"))

    def entries(self, persona: str) -> int:
        """How many entries the live index holds."""
        self.search("POST", f"/{alias_name(persona)}/_refresh")
        return int(self.search("GET", f"/{alias_name(persona)}/_count")["count"])

    def store(self, persona: str) -> FeatureStore:
        return FeatureStore.of(self.home.features, persona)

    def stages(self, persona: str) -> tuple[StageRecord, ...]:
        return stage_records(self.store(persona))

    def digests(self, persona: str) -> dict[str, str]:
        """Digest of the newest version of every table that the stages made."""
        newest = {record.stage: record for record in self.stages(persona)}
        return {one.table: one.digest for record in newest.values() for one in record.outputs}

    def candidate(self, persona: str) -> str:
        """The model name of the newest bundle."""
        return open_registry(self.home).bundles(persona)[-1].manifest.model_name

    def init(self, persona: str, *sources: Path) -> None:
        """A persona of the tests' own, with sources."""
        self("init", persona, "--display-name", "Mara Holm", *OWNER).ok()
        if sources:
            self("add", persona, *map(str, sources)).ok()


def free_ports() -> Ports:
    with ExitStack() as sockets:
        probes = [sockets.enter_context(socket.socket()) for _ in Ports.model_fields]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return Ports(**dict(zip(Ports.model_fields, (probe.getsockname()[1] for probe in probes), strict=True)))


@contextmanager
def platform(folder: Path, recipe: str) -> Iterator[Twin]:
    """Everything that answering needs, running; nothing of it is left at the end."""
    repository = os.environ.get("M2_REPO")
    settings = PlatformSettings(
        ports=free_ports(),
        cache=cache_folder(),
        llm_environment=Path(os.environ.get("TWIN_LLM_ENV", REPOSITORY / ".venv-serve")),
        maven_repository=Path(repository) if repository else None,
        recipe=recipe,
    )
    running = Twin(TwinHome(folder / "home"), settings, folder)
    every = services(running.home, settings)
    try:
        supervisor.ensure(running.home, settings, SERVED)
        yield running
    finally:
        running.stop_commands()
        supervisor.down(running.home, every)
    marked = str(running.home.root.resolve())
    assert [one for one in psutil.process_iter() if environment_of(one).get(HOME_MARKER) == marked] == []


@pytest.fixture(scope="session")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twin]:
    """One platform for all tests but those that need another recipe's."""
    with platform(tmp_path_factory.mktemp("platform"), "demo") as running:
        yield running


@pytest.fixture(scope="session")
def posts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's folder of posts."""
    folder = tmp_path_factory.mktemp("archive") / "posts"
    folder.mkdir()
    for name, text in POSTS.items():
        (folder / name).write_text(text, "utf-8")
    return folder


@pytest.fixture(scope="session")
def sample(twin: Twin) -> str:
    """The sample persona with part of its archive, its features built; the model name of its bundle."""
    copy_of_the_sample(twin, "sample")
    built = twin("features", "sample", "--json").json
    return f"sample@{built['bundle']}"


def copy_of_the_sample(twin: Twin, name: str) -> None:
    """The sample persona with part of its archive, under any name."""
    target = twin.home.persona_folder(name)
    shutil.copytree(REPOSITORY / "personas" / "sample", target, ignore=_only_part_of_the_archive)
    described = target / "persona.yaml"
    described.write_text(described.read_text("utf-8").replace("name: sample", f"name: {name}", 1), "utf-8")


def _only_part_of_the_archive(folder: str, names: list[str]) -> set[str]:
    if Path(folder).name == "sources":
        return set(names) - {"blog", "slack"}
    if Path(folder).name == "blog":
        return {name for name in names if not name.startswith(SAMPLE_YEARS)}
    return set()


@pytest.fixture(autouse=True)
def _nothing_goes_on(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "twin" in request.fixturenames:
        request.getfixturevalue("twin").stop_commands()
