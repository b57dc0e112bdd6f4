from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from flows.cli.app import app
from flows.persona_file import persona_yaml
from flows.personas import create_persona
from twin_data.configuration.home import TwinHome

ROW = {
    "kind": "sentence", "bundle": "0123456789ab", "question": "What of it?", "sentence": "High water.",
    "label": "supported", "labelled_at": "2026-03-01T12:00:00Z",
}  # fmt: skip


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TwinHome:
    monkeypatch.setenv("TWIN_HOME", str(tmp_path / "home"))
    found = TwinHome.from_environment()
    create_persona(found, "ada", persona_yaml("ada", "Ada", aliases=[], owner="Ada", licence="CC0-1.0", consent=None))
    folder = found.evaluations / "ada" / "0123456789ab" / "set"
    folder.mkdir(parents=True)
    (folder / "answers.jsonl").touch()
    return found


def twin(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def test_a_file_is_added_once_and_shown(home: TwinHome, tmp_path: Path) -> None:
    file = tmp_path / "labels.jsonl"
    file.write_text(json.dumps(ROW), "utf-8")
    assert "give --labeller NAME" in twin("labels", "add", "ada", str(file)).stdout
    added = twin("labels", "add", "ada", str(file), "--labeller", "Grace Hopper")
    assert added.exit_code == 0
    assert added.stdout.startswith("1 new, 0 replace a former one, 0 were there already\nnext: twin labels show ada")
    again = twin("labels", "add", "ada", str(file), "--labeller", "Grace Hopper", "--json")
    assert json.loads(again.stdout) == {"new": 0, "superseding": 0, "older": 0, "known": 1, "problems": []}
    shown = twin("labels", "show", "ada")
    assert "1 sentences and 0 answers labelled by Grace Hopper" in shown.stdout
    assert json.loads(twin("labels", "show", "ada", "--json").stdout)["unmatched"] == 1
    assert "did you mean '0123456789ab'?" in twin("labels", "show", "ada", "--bundle", "0123456789").output


def test_bad_rows_are_named_the_others_are_stored_and_the_exit_code_is_1(home: TwinHome, tmp_path: Path) -> None:
    file = tmp_path / "labels.jsonl"
    rows = [{**ROW, "labeller": "Ada"}, {**ROW, "labeller": "Ada", "label": "suported"}]
    file.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    result = twin("labels", "add", "ada", str(file))
    assert result.exit_code == 1
    assert "1 new" in result.stdout and "1 rows were not taken" in result.stdout
    assert "line 2: label: unknown label 'suported'; did you mean 'supported'?" in " ".join(result.stdout.split())


@pytest.mark.parametrize("command", [("labels", "show"), ("review",), ("ab",)])
def test_a_persona_that_is_not_there_is_named(home: TwinHome, command: tuple[str, ...]) -> None:
    result = twin(*command, "grace")
    assert result.exit_code == 1
    assert "there is no persona 'grace'" in result.output


@pytest.mark.parametrize("command", [("review",), ("ab",), ("labels", "add"), ("labels", "show")])
def test_help_has_an_example(command: tuple[str, ...]) -> None:
    assert f"twin {' '.join(command)} sample" in " ".join(twin(*command, "--help").stdout.split())
