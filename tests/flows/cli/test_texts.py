"""`twin forget-texts`: nothing of the text is left in the file, and nothing goes unasked."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from flows.cli import texts, usage
from twin_serve.ledger.database import opened_database
from twin_serve.ledger.ledger import Ledger
from twin_serve.ledger.records import Exchange, RequestEnd, RequestStart

SECRET = "Where does Quirinia Vandersloot keep her spare key?"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TWIN_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("TWIN_DATABASE_URL", raising=False)
    return tmp_path / "home"


def twin(*arguments: str, fails: bool = False) -> str:
    app = typer.Typer(rich_markup_mode=None)
    texts.register(app)
    usage.register(app)
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == (1 if fails else 0), result.output
    return result.output


def ask(home: Path, user: str, question: str, days_ago: int = 0) -> None:
    async def run() -> None:
        at = datetime.now(UTC) - timedelta(days=days_ago)
        async with opened_database(f"sqlite:///{home / 'serving.db'}") as database:
            ledger = await Ledger.open(database, clock=lambda: at)
            trace = await ledger.begin(RequestStart(endpoint="/v1/chat/completions", persona="ada", user=user))
            await ledger.record_interaction(trace.trace_id, Exchange(question=question, answer="I do not say."))
            await ledger.finish(trace.trace_id, RequestEnd(status="ok"))
            await ledger.close()

    asyncio.run(run())


def held(home: Path, text: str) -> bool:
    return any(text.encode() in path.read_bytes() for path in home.glob("serving.db*"))


def test_what_a_user_asked_leaves_no_trace(home: Path) -> None:
    ask(home, "u-1", SECRET)
    ask(home, "u-2", "What of the rope?")
    assert held(home, SECRET)
    assert json.loads(twin("forget-texts", "--user", "u-1", "--yes", "--json")) == {"deleted": 1}
    assert not held(home, SECRET) and not held(home, "u-1") and held(home, "What of the rope?")
    shown = twin("usage", "ada", "--by", "user")
    assert "u-2" in shown and "(none)" in shown


def test_a_day_takes_what_is_older(home: Path) -> None:
    ask(home, "u-1", SECRET, days_ago=3)
    ask(home, "u-1", "What of the rope?")
    day = f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}"
    assert "deleted: 1 questions and answers" in twin("forget-texts", "ada", "--before", day, "--yes")
    assert not held(home, SECRET) and held(home, "What of the rope?")


def test_nothing_goes_unasked(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ask(home, "u-1", SECRET)
    assert "give --user NAME or --before DAY" in twin("forget-texts", "ada", fails=True)
    assert "1 questions and answers would be deleted" in twin("forget-texts", "--user", "u-1", fails=True)
    monkeypatch.setattr(texts, "is_attended", lambda: True)
    monkeypatch.setattr(typer, "confirm", lambda question: False)
    assert "nothing was changed" in twin("forget-texts", "--user", "u-1", fails=True)
    assert held(home, SECRET)
