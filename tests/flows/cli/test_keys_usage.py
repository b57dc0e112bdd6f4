import asyncio
import json
from pathlib import Path

import pytest
import typer
from rich.cells import cell_len
from typer.testing import CliRunner

from flows.cli import keys, usage
from twin_data.contracts.answers import Cost
from twin_serve.ledger.database import opened_database
from twin_serve.ledger.keys import authenticate
from twin_serve.ledger.ledger import Ledger
from twin_serve.ledger.records import RequestEnd, RequestStart

PERSONA = """
name: ada
display_name: Ada
author: {name: Ada}
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TWIN_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("TWIN_DATABASE_URL", raising=False)
    return tmp_path / "home"


def twin(*arguments: str, fails: bool = False) -> str:
    app = typer.Typer(rich_markup_mode=None)
    keys.register(app)
    usage.register(app)
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == (1 if fails else 0), result.output
    return result.output


def ask(home: Path, plaintext: str | None = None, *, amount: float | None = 0.5, feature: str | None = None) -> None:
    async def run() -> None:
        async with opened_database(f"sqlite:///{home / 'serving.db'}") as database:
            ledger = await Ledger.open(database)
            key = await authenticate(database, plaintext) if plaintext else None
            start = RequestStart(endpoint="/v1/chat/completions", persona="ada", key=key, feature=feature)
            trace = await ledger.begin(start)
            cost = Cost(prompt_tokens=1200, completion_tokens=30, seconds=2.0, amount=amount, currency="EUR")
            await ledger.finish(trace.trace_id, RequestEnd(status="ok", cost=cost))
            await ledger.close()

    asyncio.run(run())


def test_a_key_is_shown_once_and_works(home: Path) -> None:
    options = ("--budget-calls", "10", "--budget-amount", "2.5", "--rpm", "3", "--json")
    made = json.loads(twin("keys", "create", "ci", *options))
    assert made["key"].startswith("twin_")
    assert made["limits"] == {"budget_amount": 2.5, "budget_calls": 10, "requests_per_minute": 3, "personas": None}
    listed = twin("keys", "list")
    assert "ci" in listed and made["id"] in listed
    assert "10 calls a month (0 used), 2.5 a month (0.0000 spent, 0.0000 reserved), 3 requests a minute" in listed
    assert made["key"] not in listed and made["key"] not in twin("keys", "list", "--json")
    ask(home, (text := twin("keys", "create", "free")).split()[0])
    assert "not shown again" in text and "no limits" in text
    assert "free (key-" in twin("usage", "--by", "key")


def test_a_revoked_key_is_listed_as_such(home: Path) -> None:
    twin("keys", "create", "ci")
    assert "revoked 'ci'" in twin("keys", "revoke", "ci")
    assert "revoked 20" in twin("keys", "list")
    assert "error: no active key has the name or id 'ci'" in twin("keys", "revoke", "ci", fails=True)


def test_mistakes_are_named_with_the_next_step(home: Path) -> None:
    assert "no keys yet; make one: twin keys create NAME" in twin("keys", "list")
    twin("keys", "create", "ci")
    again = twin("keys", "create", "ci", fails=True)
    assert "there is a key named 'ci' already" in again and "next:" in again
    assert "budget_calls is 0" in twin("keys", "create", "zero", "--budget-calls", "0", fails=True)
    wrong = json.loads(twin("keys", "create", "other", "--persona", "nobody", "--json", fails=True))
    assert wrong["error"]["next_step"] == "twin init nobody"


def test_a_key_for_one_persona(home: Path) -> None:
    twin("keys", "list")  # makes the home
    (home / "personas" / "ada").mkdir(parents=True)
    (home / "personas" / "ada" / "persona.yaml").write_text(PERSONA)
    assert "only ada" in twin("keys", "create", "ci", "--persona", "ada")


def test_usage_shows_sums_and_what_is_unknown(home: Path) -> None:
    assert "no requests" in twin("usage")
    ask(home, feature="chat")
    ask(home, feature="chat")
    table = twin("usage", "ada", "--by", "feature")
    assert "usage of ada" in table
    assert [line.split() for line in table.splitlines()][2] == [
        "chat", "2", "2", "0", "0", "0", "2,400", "60", "4.0", "1.0000", "EUR",
    ]  # fmt: skip
    ask(home, amount=None)
    table = twin("usage", "--by", "feature")
    assert "(none)" in table and "total" in table and "unknown (> 1.0000 EUR)" in table
    assert "1 of 3 requests have no known price" in table
    report = json.loads(twin("usage", "--by", "feature", "--json"))
    assert report["total"]["amount"] is None and report["total"]["unpriced"] == 1
    assert [row["group"] for row in report["rows"]] == ["chat", None]


def test_usage_of_a_period(home: Path) -> None:
    ask_home = twin("usage", "--since", "2026-11-01", "--until", "2026-11-02")
    assert "2026-11-01 to 2026-11-02" in ask_home
    assert "swap the two days" in twin("usage", "--since", "2026-11-03", "--until", "2026-11-02", fails=True)
    ask(home)
    assert "no requests" in twin("usage", "--since", "2001-01-01", "--until", "2001-12-31")
    assert "no requests" in twin("usage", "bo")
    assert "persona name 'Bo!'" in twin("usage", "Bo!", fails=True)


@pytest.mark.parametrize("command", [("usage",), ("keys", "create"), ("keys", "list"), ("keys", "revoke")])
def test_every_command_s_help_has_an_example(command: tuple[str, ...]) -> None:
    assert f"Example: twin {' '.join(command)}" in " ".join(twin(*command, "--help").split())


def test_a_callers_name_cannot_break_the_table_or_steer_the_screen(home: Path) -> None:
    for feature in ("news\nletter", "\x1b[2J", "\u202ereversed", "新聞", "für"):
        ask(home, feature=feature)
    lines = twin("usage", "--by", "feature").splitlines()
    assert [line.split()[0] for line in lines[1:]] == [
        "feature", "\\x1b[2J", "für", "news\\nletter", "\\u202ereversed", "新聞", "total",
    ]  # fmt: skip
    assert len({cell_len(line) for line in lines[1:]}) == 1, "wide letters are counted as such"


def test_a_keys_list_says_what_is_used_up(home: Path) -> None:
    made = json.loads(twin("keys", "create", "app", "--budget-calls", "10", "--json"))
    twin("keys", "create", "paid", "--budget-amount", "2")
    ask(home, made["key"])
    shown = twin("keys", "list")
    assert "10 calls a month (1 used)" in shown and "2 a month (0.0000 spent, 0.0000 reserved)" in shown
    app, paid = json.loads(twin("keys", "list", "--json"))["keys"]
    assert app["used"] == {"calls": 1, "spent": 0.5, "reserved": 0.0} and app["limits"]["budget_calls"] == 10
    assert paid["used"] == {"calls": 0, "spent": 0.0, "reserved": 0.0}
