from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from typer.testing import CliRunner, Result

from flows.cli import demo
from flows.cli.app import app
from twin_data.configuration.home import TwinHome
from twin_data.contracts.errors import ModelError, PlatformError

WAIT_S = 10.0


class Stage:
    """Stands for everything that takes minutes; remembers in which order it was asked."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.citations: list[dict[str, Any]] = [{"n": 1}]
        self.verdict = "promote"
        self.fails: Exception | None = None
        self.serving = threading.Event()

    def ensure(self, home: TwinHome, settings: object, names: tuple[str, ...] = (), **rest: object) -> None:
        self.calls.append(f"ensure {' '.join(names) or 'all'}")
        if not names:
            self.serving.set()

    def prepare(self, settings: object, report: object) -> None:
        self.calls.append("models")

    def build(self, home: TwinHome, settings: object, report: object) -> dict[str, Any]:
        assert self.serving.wait(WAIT_S), "the servers start only after the features"
        assert "models" in self.calls, "transformers cannot be imported by two threads at once"
        if self.fails:
            raise self.fails
        self.calls.append("features")
        return {"bundle": "0123456789ab"}

    def complete(self, model: str, messages: list[dict[str, str]]) -> dict[str, Any]:
        self.calls.append(f"ask {model}: {messages[0]['content']}")
        return {"choices": [{"message": {"content": "£1,310 a month. [1]"}}], "twin": {"citations": self.citations}}

    def report(self, home: TwinHome, settings: object, started: float) -> None:
        self.calls.append("report on the corpus")

    def evaluate(self, home: TwinHome, settings: object, started: float) -> str:
        self.calls.append("evaluate")
        return self.verdict

    def train(self, settings: object, started: float) -> None:
        self.calls.append("train and monitor")


@pytest.fixture(autouse=True)
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    fake = Stage()
    monkeypatch.setattr(demo.supervisor, "ensure", fake.ensure)
    monkeypatch.setattr(demo, "install_sample", lambda home: fake.calls.append("install"))
    monkeypatch.setattr(demo, "_prepare_models", lambda settings, report: None)
    monkeypatch.setattr(demo, "_prepare_models", fake.prepare)
    monkeypatch.setattr(demo, "_build_features", fake.build)
    monkeypatch.setattr(demo, "complete", fake.complete)
    monkeypatch.setattr(demo, "_report_on_corpus", fake.report)
    monkeypatch.setattr(demo, "_evaluate", fake.evaluate)
    monkeypatch.setattr(demo, "_train_and_monitor", fake.train)
    monkeypatch.setattr(demo, "page_url", lambda home, settings: "http://127.0.0.1:8080/#key=k")
    with patch.dict(os.environ, {"TWIN_HOME": str(tmp_path / "home")}):  # the command sets variables of its own
        yield fake


def run_demo(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["demo", *arguments])


def test_features_are_built_while_the_servers_start_then_comes_the_first_answer(stage: Stage) -> None:
    result = run_demo()
    assert result.exit_code == 0, result.output
    assert stage.calls[0] == "install"
    assert sorted(stage.calls[1:3]) == ["ensure elasticsearch prefect", "models"]
    assert stage.calls[3:] == [
        "ensure all",
        "features",
        f"ask sample@0123456789ab: {demo.QUESTION}",
        "report on the corpus",
        "evaluate",
        "train and monitor",
    ]
    assert "first answer after" in result.stdout and "£1,310 a month. [1]" in result.stdout
    assert "chat page:   http://127.0.0.1:8080/#key=k" in result.stdout
    assert "/status" in result.stdout and "twin down" in result.stdout


def test_the_demo_can_end_before_training(stage: Stage) -> None:
    assert run_demo("--retrieval-only").exit_code == 0
    assert "train and monitor" not in stage.calls


def test_another_question_can_be_asked(stage: Stage) -> None:
    assert "Q: Who is Bosun?" in run_demo("--question", "Who is Bosun?").stdout
    assert "ask sample@0123456789ab: Who is Bosun?" in stage.calls


def test_a_first_answer_without_citation_is_a_failure(stage: Stage) -> None:
    stage.citations = []
    result = run_demo()
    assert result.exit_code == 1
    assert "£1,310" in result.stdout, "the answer is shown nevertheless"
    assert "error: the first answer has no citation" in result.stderr
    assert "evaluate" not in stage.calls


@pytest.mark.parametrize("verdict", ["reject", "inconclusive"])
def test_a_bundle_below_the_bars_is_a_failure_with_everything_left_running(stage: Stage, verdict: str) -> None:
    stage.verdict = verdict
    result = run_demo()
    assert result.exit_code == 1
    assert "chat page:" in result.stdout and "train and monitor" not in stage.calls


@pytest.mark.parametrize("error", [PlatformError("no room", next_step="make room"), ModelError("gone", next_step="x")])
def test_what_fails_on_the_way_is_told_once(stage: Stage, error: Exception) -> None:
    stage.fails = error
    result = run_demo()
    assert result.exit_code == 1
    assert result.stderr.count("error: ") == 1 and str(error) in result.stderr
    assert not any(call.startswith("ask") for call in stage.calls)
