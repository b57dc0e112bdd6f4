"""Failure drills on the real servers: a clear error, the ledger complete, nothing lost or doubled afterwards."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from flows.platform.processes import HOME_MARKER, SERVICE_MARKER, environment_of
from twin_data.transform.embed import TABLE as EMBEDDINGS

from .conftest import NEW_POST, Finished, Twin

pytestmark = [pytest.mark.integration, pytest.mark.slow]

QUESTION = "What did Kafka cost the Co-op each month, and what does PostgreSQL cost instead?"
PROGRESS = (
    "features of", "collect:", "clean:", "dedupe:", "split:", "decontaminate:", "filter:", "chunk:", "corpus:", "embed:",
    "index:",
)  # fmt: skip
DISK_MB = 1


@pytest.fixture(autouse=True)
def _all_runs(twin: Twin) -> Iterator[None]:
    """Each drill begins and ends with a platform that runs."""
    twin.up()
    yield
    twin.up()


@pytest.fixture(scope="module")
def calm(twin: Twin, posts: Path) -> dict[str, Any]:
    """The same sources, undisturbed: what every drill must end with."""
    twin.init("calm", posts)
    return dict(twin("features", "calm", "--json").json)


def chat(twin: Twin, key: str, model: str, question: str = QUESTION, **more: Any) -> httpx.Response:
    body = {"model": model, "messages": [{"role": "user", "content": question}], **more}
    with twin.client(key) as http:
        return http.post("/v1/chat/completions", json=body)


def state_of(twin: Twin) -> dict[str, tuple[int, int]]:
    """Size and time of every file that a command may not touch when it refuses."""
    folders = (twin.home.personas, twin.home.features, twin.home.registry, twin.home.evaluations)
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in files}


def assert_as_undisturbed(twin: Twin, persona: str, finished: Finished, calm: dict[str, Any]) -> None:
    """Same digests, one live index with every entry once, and no vector stored twice."""
    built = finished.json["features"]
    assert built["features_digest"] == calm["features"]["features_digest"]
    assert twin.digests(persona) == twin.digests("calm")
    assert twin.live_index(persona) == built["index"]
    assert twin.entries(persona) == twin.entries("calm") == built["chunks"] + built["documents"] + 1
    vectors = twin.store(persona).read(EMBEDDINGS)
    assert vectors.height == vectors.unique(["text_digest", "model_digest"]).height
    assert finished.json["bundle"] == twin.candidate(persona).partition("@")[2]


def test_search_killed_in_mid_question(twin: Twin, sample: str) -> None:
    key = twin.new_key("search-killed")
    assert chat(twin, key, sample, max_tokens=8).status_code == 200
    os.kill(twin.pid("elasticsearch"), signal.SIGSTOP)  # so that the question is on its way when the end comes
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(chat, twin, key, sample)
        time.sleep(1.5)
        assert not asked.done()
        twin.kill("elasticsearch")
        answer = asked.result()
    assert answer.status_code == 503
    error = answer.json()["error"]
    assert error["code"] == "search_unavailable" and "search engine" in error["message"]
    assert "twin up elasticsearch" in error["next_step"]
    assert twin.rows("search-killed") == {"ok": 1, "failed": 1, "aborted": 0, "running": 0}
    told = twin("ask", sample, QUESTION)
    told.error_with_next_step("search engine did not answer", "twin up")

    twin("up", "elasticsearch").ok()

    assert chat(twin, key, sample, max_tokens=8).status_code == 200


def test_model_killed_in_mid_stream(twin: Twin, sample: str) -> None:
    key = twin.new_key("model-killed")
    body = {
        "model": sample, "stream": True, "max_tokens": 1000, "twin": {"retrieval": False, "verify": False},
        "messages": [{"role": "user", "content": "Tell me a very long story about rivers."}],
    }  # fmt: skip
    events = []
    with twin.client(key) as http, http.stream("POST", "/v1/chat/completions", json=body) as response:
        assert response.status_code == 200
        for line in response.iter_lines():
            if line.startswith("data: {"):
                events.append(json.loads(line.removeprefix("data: ")))
                if len(events) == 2:  # the role, then a first sentence
                    twin.kill("llm")
            elif line.startswith("data: "):
                events.append(line.removeprefix("data: "))
    assert events[-1] == "[DONE]"
    error = events[-2]["error"]
    assert error["code"] == "llm_unavailable" and "twin up llm" in error["next_step"]
    assert twin.rows("model-killed") == {"ok": 0, "failed": 1, "aborted": 0, "running": 0}
    assert chat(twin, key, sample).status_code == 503
    assert chat(twin, key, sample, "Are you a machine?").status_code == 200, "what needs no model is still answered"

    twin("up", "llm").ok()

    assert chat(twin, key, sample, max_tokens=8).status_code == 200
    marked = str(twin.home.root.resolve())
    servers = [
        one for one in psutil.process_iter()
        if environment_of(one).get(HOME_MARKER) == marked and environment_of(one).get(SERVICE_MARKER) == "llm"
    ]  # fmt: skip
    assert not [one for one in servers if one.create_time() < psutil.Process(twin.pid("llm")).create_time() - 5]


def test_search_killed_in_mid_index(twin: Twin, posts: Path, calm: dict[str, Any], tmp_path: Path) -> None:
    former_posts = tmp_path / "posts"
    shutil.copytree(posts, former_posts)
    (former_posts / "the-lamp.md").write_text(NEW_POST, "utf-8")
    twin.init("drill", former_posts)
    former = twin("features", "drill", "--json").json["features"]["index"]
    twin("add", "drill", str(posts)).ok()  # without the post on the lamp

    run = twin.start("features", "drill")
    run.wait_for("embed:")
    deadline = time.monotonic() + 60
    while twin.indices("drill") == {former} and time.monotonic() < deadline:
        time.sleep(0.01)
    twin.kill("elasticsearch")  # the new index has just been created
    failed = run.finish()

    failed.error_with_next_step("Elasticsearch did not answer", "twin up elasticsearch")
    twin("up", "elasticsearch").ok()
    assert twin.live_index("drill") == former
    assert_as_undisturbed(twin, "drill", twin("features", "drill", "--json"), calm)
    assert len(twin.indices("drill")) == 2, "the live one and the one before; no ruin"


def test_interrupted_at_every_stage(twin: Twin, posts: Path, calm: dict[str, Any]) -> None:
    twin.init("patient", posts)
    for line in PROGRESS:
        run = twin.start("features", "patient")
        run.wait_for(line)
        run.interrupt()
        ended = run.finish(60)
        assert ended.code == 130, f"after {line!r}: exit {ended.code}\n{ended.err}"
        assert "interrupted; what was finished is kept" in ended.err
    finished = twin("features", "patient", "--json")
    assert_as_undisturbed(twin, "patient", finished, calm)
    assert twin.indices("patient") == {twin.live_index("patient")}


@contextmanager
def tiny_disk(folder: Path) -> Iterator[None]:
    """A file system of one megabyte at `folder`; skips where none may be mounted."""
    folder.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(folder)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False) if os.geteuid() == 0 else None
    if mounted is None or mounted.returncode:
        folder.rmdir()
        pytest.skip(f"a full disk needs a small tmpfs, and only root may mount one ({mounted and mounted.stderr})")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_disk_full_while_features_are_stored(twin: Twin, posts: Path, calm: dict[str, Any]) -> None:
    twin.init("full", posts)
    tables = twin.home.features / "full"
    with tiny_disk(tables):
        (tables / "ballast").write_bytes(b"\0" * (DISK_MB * 1_000_000 - 20_000))
        twin("features", "full").error_with_next_step("could not be written", "free disk space")
        (tables / "ballast").unlink()
        assert "disk" not in twin("features", "full").ok().err, "once there is room it goes on"
    shutil.rmtree(tables)
    assert_as_undisturbed(twin, "full", twin("features", "full", "--json"), calm)


def test_no_room_for_what_is_added(twin: Twin, posts: Path, calm: dict[str, Any], tmp_path: Path) -> None:
    grown = tmp_path / "posts"
    shutil.copytree(posts, grown)
    (grown / "long.md").write_text("# Long\n\n" + "The tide came in and went out again. " * 40_000, "utf-8")
    before = state_of(twin)
    run = twin.start("add", "calm", str(grown))
    resource.prlimit(run.process.pid, resource.RLIMIT_FSIZE, (500_000, 500_000))
    run.finish().error_with_next_step("was not added")
    assert state_of(twin) == before


def test_input_that_cannot_be_read_is_refused_and_changes_nothing(
    twin: Twin, posts: Path, calm: dict[str, Any], tmp_path: Path
) -> None:
    """Empty folder, corrupt archive, no consent, unknown persona, unknown recipe, and a typo in each kind of YAML."""
    (empty := tmp_path / "empty").mkdir()
    (corrupt := tmp_path / "slack.zip").write_bytes(b"PK\x03\x04" + b"\0" * 40)
    twin("init", "unasked").ok()
    twin.init("typo", posts)
    file = twin.home.persona_folder("typo") / "persona.yaml"
    lines = file.read_text("utf-8").replace("licence:", "licens:").splitlines()
    file.write_text("\n".join(lines), "utf-8")
    line = next(number for number, one in enumerate(lines, 1) if one.startswith("licens:"))
    recipe = tmp_path / "mine.yaml"
    recipe.write_text("name: mine\ndescription: A typo.\ngeneration:\n  max_tokns: 64\n", "utf-8")
    before = state_of(twin)

    twin("add", "calm", str(empty)).error_with_next_step("holds no files", "add a folder with files in it")
    twin("add", "calm", str(corrupt)).error_with_next_step("slack.zip")
    twin("add", "unasked", str(posts)).error_with_next_step("does not state owner, consent, licence", "persona.yaml")
    twin("features", "unasked").error_with_next_step("does not state owner, consent, licence", "persona.yaml")
    twin("features", "typo").error_with_next_step(f"persona.yaml:{line}: licens", "did you mean 'licence'?", "correct")
    twin("features", "calm", "--recipe", str(recipe)).error_with_next_step(
        "mine.yaml:4: generation.max_tokns", "did you mean 'max_tokens'?", "correct"
    )
    twin("features", "nobody").error_with_next_step("there is no persona 'nobody'", "twin init nobody")
    twin("features", "calm", "--recipe", "nothing").error_with_next_step("no recipe 'nothing'", "demo")
    twin("add", "nobody", str(posts)).error_with_next_step("there is no persona 'nobody'", "twin init nobody")

    assert state_of(twin) == before
    again = twin("features", "calm", "--json").json
    assert again["features"] == calm["features"] and again["bundle"] == calm["bundle"]
