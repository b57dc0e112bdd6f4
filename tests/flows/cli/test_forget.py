"""`twin forget` as a user runs it, on a persona of which nothing was built: no server is needed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from flows.cli import forget, personas
from flows.cli.app import app
from flows.forgetting import quiet, run
from flows.forgetting.quiet import refuse_running_flows
from flows.personas import exclusive, refreshing
from twin_data.configuration.home import TwinHome
from twin_data.contracts.errors import PlatformError
from twin_eval.storage import append_lines

RIGHTS = ("--owner", "Ada", "--licence", "CC0-1.0", "--consent", "I agree that a twin is made of these posts.")
TIDE = "The tide came in at four, and I wrote it down because nobody else on the quay would have. "
ROPE = "A mooring rope should be spliced by the person who will trust it with a boat in January. "


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TwinHome:
    """A home with a persona and two posts, and no Prefect server."""
    monkeypatch.setenv("TWIN_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(personas, "use_prefect", lambda home, settings: False)
    monkeypatch.setattr(quiet, "refuse_running_flows", lambda address, headers, persona: None)
    posts = tmp_path / "posts"
    posts.mkdir()
    for name, text in (("tide", TIDE), ("rope", ROPE)):
        (posts / f"{name}.md").write_text(f"# On the {name} at home\n\n{text * 4}", "utf-8")
    twin("init", "ada", *RIGHTS)
    twin("add", "ada", str(posts))
    return TwinHome(tmp_path / "home")


def twin(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def done(*arguments: str) -> Any:
    result = twin(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def refused(result: Result, *parts: str) -> None:
    assert result.exit_code == 1, result.output
    assert "next:" in result.output and "Traceback" not in result.output
    assert all(part in result.output for part in parts), result.output


def test_a_dry_run_tells_and_changes_nothing(home: TwinHome) -> None:
    before = sorted(home.root.rglob("*"))
    plan = done("forget", "ada", "posts/tide.md", "--dry-run")
    assert (plan["documents"], plan["files"]) == (["posts/tide.md"], ["personas/ada/sources/posts/tide.md"])
    assert "nothing was changed" in twin("forget", "ada", "posts", "--dry-run").output
    made = {home.secrets, home.secrets / "receipts.key"}
    assert set(home.root.rglob("*")) - set(before) <= made


def test_it_is_forgotten_refused_and_remembered(home: TwinHome, tmp_path: Path) -> None:
    receipt = done("forget", "ada", "posts/tide.md", "--yes")["content"]
    assert [path.name for path in (home.persona_folder("ada") / "sources" / "posts").iterdir()] == ["rope.md"]
    assert "tide" not in json.dumps(receipt) and receipt["tombstones"] == 2
    assert done("forget", "--verify")["verified"][0]["is_absent"]
    refused(twin("add", "ada", str(tmp_path / "posts")), "told to forget", "--remember")

    done("add", "ada", str(tmp_path / "posts"), "--remember")
    found = twin("forget", "--verify", receipt["receipt"])
    assert found.exit_code == 1 and "NOT PROVEN ABSENT" in found.output


def test_nobody_is_asked_where_nobody_sits(home: TwinHome) -> None:
    refused(twin("forget", "ada", "posts"), "cannot be undone", "--yes")
    assert (home.persona_folder("ada") / "sources" / "posts").is_dir()


@pytest.mark.parametrize(("said", "code", "stays"), [("n\n", 1, True), ("y\n", 0, False)])
def test_at_a_terminal_it_is_shown_and_asked(
    home: TwinHome, monkeypatch: pytest.MonkeyPatch, said: str, code: int, stays: bool
) -> None:
    monkeypatch.setattr(forget, "is_attended", lambda: True)
    result = CliRunner().invoke(app, ["forget", "ada", "posts/tide.md"], input=said)
    assert result.exit_code == code, result.output
    assert "1 documents" in result.output and "cannot be undone" in result.output
    assert (home.persona_folder("ada") / "sources" / "posts" / "tide.md").exists() is stays


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("ada", "letters", "--yes"), "has no source or document 'letters'"),
        (("bob", "posts", "--yes"), "there is no persona 'bob'"),
        (("ada", "--yes"), "nothing of 'ada' is being forgotten"),
        (("ada", "--dry-run"), "no source or document was named"),
        ((), "no persona was named"),
        (("--verify",), "nothing was forgotten in"),
        (("--verify", "ffff"), "there is no receipt 'ffff'"),
    ],
)
def test_mistakes_are_answered(arguments: tuple[str, ...], part: str) -> None:
    refused(twin("forget", *arguments), part)


def test_it_waits_for_what_works_on_the_persona(home: TwinHome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.personas.LOCK_WAIT_S", 0.05)
    with exclusive(home, "ada"):
        refused(twin("forget", "ada", "posts", "--yes"), "persona 'ada' is being worked on by process")
    with refreshing(home, "ada"):
        refused(
            twin("forget", "ada", "posts", "--yes"),
            "persona 'ada' is being built, refreshed, trained or evaluated by process",
        )
    for name in ("answers.jsonl", "probe_answers.jsonl"):
        with append_lines(home.evaluations / "ada" / "0123" / "4567" / name):
            refused(twin("forget", "ada", "posts", "--yes"), "something is writing", name)


def test_an_interrupted_run_is_gone_on_with_before_another(home: TwinHome, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(run, "STEPS", tuple((name, interrupted if "tombstones" in name else step)
                                            for name, step in run.STEPS))  # fmt: skip
        assert twin("forget", "ada", "posts/tide.md", "--yes").exit_code == 130
    refused(twin("forget", "ada", "posts/rope.md", "--yes"), "was forgetting 'posts/tide.md'", "twin forget ada")
    assert done("forget", "ada", "--yes")["content"]["tombstones"] == 2
    assert not (home.persona_folder("ada") / "sources" / "posts" / "tide.md").exists()


def test_a_flow_of_the_persona_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = [
        {"id": "0123", "name": name, "state": {"type": "RUNNING"}, "parameters": {"persona": persona}}
        for name, persona in (("refresh-bob", "bob"), ("refresh-ada", "ada"))
    ]
    with monkeypatch.context() as patched:
        patched.setattr(
            httpx, "post", lambda url, **_: httpx.Response(200, json=runs, request=httpx.Request("POST", url))
        )
        with pytest.raises(PlatformError, match="refresh-ada") as told:
            refuse_running_flows("http://127.0.0.1:1/api", {}, "ada")
        assert "prefect flow-run cancel 0123" in told.value.next_step
        refuse_running_flows("http://127.0.0.1:1/api", {}, "eve")
