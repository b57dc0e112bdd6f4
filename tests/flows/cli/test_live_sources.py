from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from flows.cli import personas
from flows.cli.app import app
from flows.live_sources import TOKEN_FILE, api_address, token
from twin_data.configuration.home import TwinHome
from twin_data.contracts.errors import ConfigurationError

SERVER = Path(__file__).parents[2] / "twin_data" / "sources" / "github_server.py"
RIGHTS = ("--owner", "Ada", "--licence", "CC0-1.0", "--consent", "I agree that a twin is made of these posts.")
REPO = "/repos/harbour/gates"
ISSUE = {
    "id": 1,
    "number": 1,
    "user": {"login": "ada", "type": "User"},
    "title": "The gate squeaks",
    "body": "It isn\u2019t the hinge.",
    "url": f"https://api.git.example{REPO}/issues/1",
    "comments_url": f"https://api.git.example{REPO}/issues/1/comments",
    "html_url": "https://git.example/harbour/gates/issues/1",
    "created_at": "2022-03-01T10:00:00Z",
    "updated_at": "2022-03-01T10:00:00Z",
}


@pytest.fixture
def github() -> Iterator[Any]:
    spec = importlib.util.spec_from_file_location("github_server", SERVER)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["github_server"] = module
    spec.loader.exec_module(module)
    empty: dict[str, Any] = {f"{REPO}/{one}/comments": [] for one in ("issues", "pulls", "issues/1")}
    held = module.TinyGitHub(lists={f"{REPO}/issues": [ISSUE], **empty}, objects={REPO: {}, f"{REPO}/issues/1": ISSUE})
    with module.running(held) as server:
        yield server


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TwinHome:
    monkeypatch.setenv("TWIN_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    monkeypatch.setattr(personas, "use_prefect", lambda home, settings: False)
    return TwinHome(tmp_path / "home")


def twin(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def test_a_repository_is_added_and_brought_up_to_date(
    home: TwinHome, github: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_API_URL", github.url)
    home.secrets.mkdir(parents=True)
    (home.secrets / TOKEN_FILE).write_text("t0k\n")
    twin("init", "ada", "--alias", "ada", *RIGHTS)
    first = json.loads(twin("add", "ada", "github:harbour/gates", "--json").stdout)["added"][0]
    assert (first["name"], first["new"]) == ("github-harbour-gates", 2)
    assert github.tokens == {"Bearer t0k"}
    assert (home.persona_folder("ada") / "sources" / "github-harbour-gates" / "0000001.json").is_file()
    github.lists[f"{REPO}/issues"] = [{**ISSUE, "updated_at": "2022-05-01T10:00:00Z"}]
    github.objects[f"{REPO}/issues/1"] = {**ISSUE, "body": "It is the pintle."}
    second = json.loads(twin("add", "ada", "github:harbour/gates", "--json").stdout)["added"][0]
    assert (second["new"], second["changed"], second["removed"]) == (0, 2, 0)


def test_what_cannot_be_fetched_leaves_the_source_as_it_was(
    home: TwinHome, github: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_API_URL", github.url)
    twin("init", "ada", "--alias", "ada", *RIGHTS)
    assert twin("add", "ada", "github:harbour/gates").exit_code == 0
    github.answers += [(401, {})]
    refused = twin("add", "ada", "github:harbour/gates", "--json")
    assert refused.exit_code == 1 and "GITHUB_TOKEN" in json.loads(refused.stdout)["error"]["next_step"]
    assert (home.persona_folder("ada") / "sources" / "github-harbour-gates" / "0000001.json").is_file()
    assert "names no repository" in json.loads(twin("add", "ada", "github:gates", "--json").stdout)["error"]["message"]


def test_the_token_is_taken_from_the_environment_first(home: TwinHome) -> None:
    assert token(home, {}) is None
    home.secrets.mkdir(parents=True)
    (home.secrets / TOKEN_FILE).write_text("stored\n")
    assert token(home, {}) == "stored"
    assert token(home, {"GITHUB_TOKEN": "given"}) == "given"


@pytest.mark.parametrize(
    "address", ["http://git.example/api", "ftp://x", "http://localhost.evil.example", "http://[::1"]
)
def test_a_token_does_not_travel_unencrypted(address: str) -> None:
    with pytest.raises(ConfigurationError, match="no https:// address"):
        api_address({"GITHUB_API_URL": address})


def test_addresses_of_the_api() -> None:
    assert api_address({}) == "https://api.github.com"
    assert api_address({"GITHUB_API_URL": "https://git.example/api/v3"}) == "https://git.example/api/v3"
