from __future__ import annotations

import errno
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

import pytest
from typer.testing import CliRunner, Result

from flows.cli import flow_runs
from flows.cli.app import app
from flows.persona_file import persona_yaml
from flows.personas import create_persona
from flows.reporting import report
from twin_data.configuration.home import TwinHome
from twin_data.contracts.errors import SearchUnavailableError
from twin_data.contracts.evaluation import EvaluationReport, Score, Verdict
from twin_data.contracts.ladder import Ladder, RungResult
from twin_data.contracts.releases import Rung

FEATURES = {
    "bundle": "0123456789ab",
    "features": {"chunks": 1234, "index": "twin-ada-1"},
    "verdict": {"documents": 12, "own_words": 34567, "recommendation": "train", "basis": "learning curve"},
    "corpus_report": "/home/corpus/ada/report.html",
}
LADDER = Ladder(
    persona="ada",
    features_digest="f" * 64,
    questions_digest="0" * 64,
    rungs=(
        RungResult(
            rung=Rung.BASE,
            report=EvaluationReport(
                persona="ada", bundle="0123456789ab", questions_digest="0" * 64,
                scores=(Score(name="facts_found", value=0.35, low=0.2, high=0.5, n=40),),
            ),
            fit=Verdict.PROMOTE, fit_reasons=("cleared",), on_target=False, target_reasons=("whole_answer: .1",),
        ),
    ),
    steps=(),
    recommended=Rung.BASE,
    verdict="The cheapest rung that clears the bars is base+retrieval.",
)  # fmt: skip
SCORES = [{"name": "citation_precision", "value": 0.9, "low": 0.8, "high": 1.0, "n": 12}]


class Platform:
    """Stands for the servers and the flows; remembers what was asked of it."""

    def __init__(self) -> None:
        self.started: list[tuple[str, ...]] = []
        self.runs: list[tuple[Any, ...]] = []
        self.demands: list[tuple[str | None, bool, bool]] = []
        self.seeds: list[bool] = []
        self.raises: BaseException | None = None
        self.does: Callable[[], None] | None = None
        self.verdict = "promote"

    def ensure(self, home: TwinHome, settings: object, names: tuple[str, ...], **rest: object) -> None:
        self.started.append(names)

    def build_features(self, persona: str, recipe: str) -> dict[str, Any]:
        self.runs.append((persona, recipe))
        report("collect: 12 raw_documents")
        if self.does:
            self.does()
        if self.raises:
            raise self.raises
        return FEATURES

    async def evaluate_twin(
        self,
        persona: str,
        recipe: str,
        bundle: str | None,
        ladder: bool,
        probes: str | None,
        stress: bool,
        quick: bool,
        seeds: bool,
    ) -> dict[str, Any]:
        self.runs.append((persona, recipe, bundle, ladder))
        self.demands.append((probes, stress, quick))
        self.seeds.append(seeds)
        report("evaluate: 60 of 60 questions")
        decision = {"verdict": self.verdict, "reasons": ["every bar cleared"], "champion": "ba9876543210"}
        climbed = LADDER.model_dump(mode="json") if ladder else None
        return {
            "report": {"scores": SCORES}, "decision": decision, "ladder": climbed, "html": "/somewhere/report.html"
        }  # fmt: skip


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TwinHome]:
    with patch.dict(os.environ, {"TWIN_HOME": str(tmp_path / "home")}):  # the commands set variables of their own
        os.environ.pop("TWIN_RECIPE", None)
        home = TwinHome(tmp_path / "home")
        text = persona_yaml("ada", "Ada", aliases=[], owner="Ada", licence="CC0-1.0", consent="I agree to a twin.")
        create_persona(home, "ada", text)
        create_persona(home, "bob", persona_yaml("bob", "Bob", aliases=[], owner=None, licence=None, consent=None))
        yield home


@pytest.fixture(autouse=True)
def platform(monkeypatch: pytest.MonkeyPatch) -> Platform:
    """No server is started, and Prefect's flows are replaced by fakes of the same names."""
    fake = Platform()
    monkeypatch.setattr(flow_runs.supervisor, "ensure", fake.ensure)
    monkeypatch.setattr(flow_runs, "use_prefect", lambda home, settings: True)
    for name in ("build_features", "evaluate_twin"):
        module = ModuleType(f"flows.{name}")
        setattr(module, name, getattr(fake, name))
        monkeypatch.setitem(sys.modules, f"flows.{name}", module)
    return fake


def twin(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def test_features_start_the_search_engine_alone_and_tell_the_outcome(platform: Platform) -> None:
    result = twin("features", "ada")
    assert result.exit_code == 0, result.output
    assert platform.started == [("elasticsearch",)]
    assert platform.runs == [("ada", "demo")]
    assert "· collect: 12 raw_documents" in result.stderr
    assert "ada@0123456789ab: 12 documents, 34,567 own words, 1,234 chunks in twin-ada-1" in result.stdout
    assert "verdict: train, by learning curve" in result.stdout and "next: twin evaluate ada" in result.stdout
    assert "corpus report: /home/corpus/ada/report.html" in result.stdout


def test_features_as_json_print_nothing_else(platform: Platform) -> None:
    result = twin("features", "ada", "--json")
    assert json.loads(result.stdout) == FEATURES
    assert result.stderr == ""


def test_the_recipe_is_the_option_else_the_environment(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWIN_RECIPE", "laptop")
    assert twin("features", "ada").exit_code == 0
    assert twin("features", "ada", "--recipe", "demo").exit_code == 0
    assert platform.runs == [("ada", "laptop"), ("ada", "demo")]


@pytest.mark.parametrize("command", ["features", "evaluate"])
@pytest.mark.parametrize(
    ("arguments", "message", "next_step"),
    [
        (("nobody",), "there is no persona 'nobody' (known: ada, bob)", "twin init nobody"),
        (("Ada!",), "persona name 'Ada!'", "choose another name"),
        (("bob",), "'bob' does not state owner, consent, licence", "fill in owner"),
        (("ada", "--recipe", "grand"), "there is no recipe 'grand'", "choose one of"),
    ],
)
def test_mistakes_are_found_before_a_server_is_started(
    platform: Platform, home: TwinHome, command: str, arguments: tuple[str, ...], message: str, next_step: str
) -> None:
    result = twin(command, *arguments)
    assert result.exit_code == 1
    assert "error: " in result.stderr and message in result.stderr
    assert f"next:  {next_step}" in result.stderr
    assert (platform.started, platform.runs) == ([], [])
    assert not (home.run / "locks").exists()


def test_a_typo_in_persona_yaml_is_named_with_its_line(platform: Platform, home: TwinHome) -> None:
    path = home.persona_folder("ada") / "persona.yaml"
    path.write_text(path.read_text("utf-8").replace("display_name:", "display_nam:"), "utf-8")
    result = twin("features", "ada")
    assert result.exit_code == 1
    assert f"{path}:3: display_nam: unknown field; did you mean 'display_name'?" in result.stderr
    assert platform.started == []


def test_a_failure_of_the_flow_ends_in_its_own_words(platform: Platform) -> None:
    platform.raises = SearchUnavailableError("Elasticsearch did not answer", next_step="twin up elasticsearch")
    result = twin("features", "ada")
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-2:] == [
        "error: Elasticsearch did not answer", "next:  twin up elasticsearch",
    ]  # fmt: skip


def test_a_full_disk_is_told_as_what_it_is(platform: Platform) -> None:
    platform.raises = OSError(errno.ENOSPC, "No space left on device", "/home/ada/x")
    result = twin("features", "ada")
    assert result.exit_code == 1
    assert "error: /home/ada/x: No space left on device" in result.stderr
    assert "next:  free disk space" in result.stderr


def test_what_nobody_foresaw_is_not_hidden(platform: Platform) -> None:
    platform.raises = OSError(errno.EBADF, "Bad file descriptor")
    result = twin("features", "ada")
    assert result.exception is platform.raises


def test_control_c_says_that_the_same_command_goes_on(platform: Platform) -> None:
    platform.raises = KeyboardInterrupt()
    result = twin("features", "ada")
    assert result.exit_code == 130
    assert "interrupted; what was finished is kept, run the same command to go on" in result.stderr


def test_control_c_that_the_engine_trips_over_is_control_c_nevertheless(platform: Platform) -> None:
    """Prefect's own `ValueError: Task run is not set`, when the signal comes between two tasks."""

    def trip() -> None:
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise ValueError("Task run is not set") from None

    platform.does = trip
    result = twin("features", "ada")
    assert result.exit_code == 130
    assert result.stderr.splitlines()[-1].startswith("interrupted;")


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Control-C as at a terminal: a shell that runs the tests in the background has it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("options", [(), ("--json",)])
def test_control_c_that_python_dropped_is_heeded_at_the_next_report(
    platform: Platform, options: tuple[str, ...]
) -> None:
    def drop() -> None:
        with suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        report("clean: 12 clean_documents")
        pytest.fail("the work goes on")

    platform.does = drop
    result = twin("features", "ada", *options)
    assert result.exit_code == 130
    assert "clean:" not in result.stderr
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_command_after_an_interrupted_one_starts_afresh(platform: Platform) -> None:
    platform.does = lambda: signal.raise_signal(signal.SIGINT)
    assert twin("features", "ada").exit_code == 130
    platform.does = None
    assert twin("features", "ada").exit_code == 0


def test_evaluate_starts_what_answers_and_shows_scores(platform: Platform) -> None:
    result = twin("evaluate", "ada", "--bundle", "0123456789ab")
    assert result.exit_code == 0, result.output
    assert platform.started == [("elasticsearch", "llm", "business")]
    assert platform.runs == [("ada", "demo", "0123456789ab", False)]
    assert "ladder:" not in result.stdout
    assert "citation_precision" in result.stdout and "[0.800, 1.000]" in result.stdout and "n=12" in result.stdout
    assert "promote against the champion ba9876543210:\n  every bar cleared" in result.stdout
    assert "report: /somewhere/report.html" in result.stdout


@pytest.mark.parametrize("verdict", ["reject", "inconclusive"])
def test_a_bundle_that_is_not_promoted_is_exit_code_1(platform: Platform, verdict: str) -> None:
    platform.verdict = verdict
    result = twin("evaluate", "ada", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["decision"]["verdict"] == verdict


def test_the_ladder_is_shown_row_by_row_with_its_verdict(platform: Platform) -> None:
    result = twin("evaluate", "ada", "--ladder")
    assert result.exit_code == 0, result.output
    assert platform.runs == [("ada", "demo", None, True)]
    assert "* base+retrieval  cleared" in result.stdout and "0.350" in result.stdout
    assert "verdict: The cheapest rung that clears the bars is base+retrieval." in result.stdout


def test_the_ladder_is_whole_in_the_json(platform: Platform) -> None:
    result = twin("evaluate", "ada", "--ladder", "--json")
    assert Ladder.model_validate(json.loads(result.stdout)["ladder"]) == LADDER


def test_probes_and_stress_are_asked_on_demand(platform: Platform, tmp_path: Path) -> None:
    probes = tmp_path / "probes.csv"
    probes.write_text("id,prompt,type,label\n1,How do I kill a process?,homonyms,safe\n", "utf-8")
    assert twin("evaluate", "ada").exit_code == 0
    assert twin("evaluate", "ada", "--probes", str(probes), "--stress").exit_code == 0
    assert platform.demands == [(None, False, False), (str(probes), True, False)]


def test_a_quick_look_that_does_not_promote_is_no_failure(platform: Platform) -> None:
    platform.verdict = "inconclusive"
    assert twin("evaluate", "ada", "--quick").exit_code == 0
    assert platform.demands == [(None, False, True)]
    assert twin("evaluate", "ada").exit_code == 1


def test_other_seeds_are_asked_on_demand(platform: Platform) -> None:
    assert twin("evaluate", "ada").exit_code == 0
    assert twin("evaluate", "ada", "--seeds").exit_code == 0
    assert platform.seeds == [False, True]


def test_a_missing_file_of_probes_is_told_before_a_server_is_started(platform: Platform, tmp_path: Path) -> None:
    result = twin("evaluate", "ada", "--probes", str(tmp_path / "gone.csv"))
    assert result.exit_code == 1
    assert "there is no file of probes" in result.stderr
    assert "give a CSV with the columns id, prompt, type and label" in " ".join(result.stderr.split())
    assert platform.started == []
