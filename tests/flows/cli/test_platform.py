from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from flows.cli.app import app
from flows.platform.home_schema import open_home
from twin_data.configuration.home import TwinHome


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TwinHome:
    for name in ("ELASTICSEARCH_URL", "PREFECT_API_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TWIN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TWIN_CACHE", str(tmp_path / "cache"))
    return TwinHome(tmp_path / "home")


def twin(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


@pytest.mark.parametrize("command", ["up", "down", "status", "doctor", "backup", "restore"])
def test_every_command_explains_itself_with_an_example(command: str) -> None:
    result = twin(command, "--help")
    assert result.exit_code == 0
    assert "Example" in result.output
    assert "--json" in result.output


def test_the_status_of_what_was_never_started(home: TwinHome) -> None:
    result = twin("status", "--json")
    assert result.exit_code == 1
    assert {row["state"] for row in json.loads(result.output)["services"]} == {"stopped"}
    assert not home.root.exists()


def test_status_for_people_has_a_line_a_service(home: TwinHome) -> None:
    lines = twin("status").output.splitlines()
    assert lines[0].split()[:3] == ["SERVICE", "STATE", "PID"]
    assert any(line.split()[:2] == ["business", "stopped"] and "http://127.0.0.1:" in line for line in lines)


def test_an_unknown_service_is_an_error_with_a_next_step(home: TwinHome) -> None:
    result = twin("up", "kibana", "--json")
    assert result.exit_code == 1
    error = json.loads(result.output)["error"]
    assert "kibana" in error["message"]
    assert "elasticsearch" in error["next_step"]


def test_a_wrong_port_is_an_error_with_a_next_step(home: TwinHome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWIN_PORT_LLM", "many")
    result = twin("status")
    assert result.exit_code == 1
    assert "TWIN_PORT_LLM='many'" in result.output
    assert "next:" in result.output


def test_down_when_nothing_runs(home: TwinHome) -> None:
    result = twin("down", "--json")
    assert result.exit_code == 0
    assert json.loads(result.output) == {"stopped": []}


def test_doctor_fails_when_something_required_is_missing(
    home: TwinHome, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TWIN_LLM_ENV", str(tmp_path / "absent"))
    result = twin("doctor", "--json")
    assert result.exit_code == 1
    found = json.loads(result.output)
    assert found["ok"] is False
    assert next(check for check in found["checks"] if check["name"] == "vLLM's environment")["next_step"]
    assert "WRONG" in twin("doctor").output


def test_backup_and_restore(home: TwinHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_home(home).personas.mkdir()
    (home.personas / "post.md").write_text("hello")
    archive = tmp_path / "saved.tar.gz"
    saved = twin("backup", str(archive), "--json")
    assert saved.exit_code == 0
    assert json.loads(saved.output)["files"] == 2
    assert json.loads(saved.output)["search_index_included"] is False
    refused = twin("restore", str(archive))
    assert refused.exit_code == 1 and "--force" in refused.output
    monkeypatch.setenv("TWIN_HOME", str(tmp_path / "again"))
    restored = twin("restore", str(archive))
    assert restored.exit_code == 0
    assert "rebuild the search index" in restored.output.replace("\n", " ")
    assert (tmp_path / "again" / "personas" / "post.md").read_text() == "hello"
