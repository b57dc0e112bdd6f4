"""SQLite: rows, JSON cells, free pages and the write-ahead log."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert

from flows.forgetting import databases
from flows.forgetting.contents import texts_of
from flows.forgetting.databases import forget_interactions, interactions_holding, redact_database
from flows.forgetting.wording import MIN_RUN_WORDS, Hasher, Wording, words_of
from twin_data.contracts.errors import StoreError
from twin_serve.ledger.database import opened_database

SECRET = "The lamp on the eastern jetty went out and nobody came to light it again."
WORDING = Wording.of(Hasher(b"k" * 32), [(words_of(SECRET), MIN_RUN_WORDS)])


def holds(path: Path) -> bool:
    files = [one for one in path.parent.iterdir() if one.name.startswith(path.name)]
    return any(WORDING.is_in(text) for one in files for text in texts_of(one))


def request(trace: str, persona: str) -> dict[str, object]:
    return {
        "trace_id": trace, "created_at": datetime.now(UTC), "day": "2026-11-28", "process": "p", "endpoint": "chat",
        "persona": persona, "admitted": True, "status": "ok", "seconds_by_stage": {}, "prompt_tokens": 7,
    }  # fmt: skip


def test_interactions_go_and_their_figures_stay(tmp_path: Path) -> None:
    path = tmp_path / "serving.db"
    url = f"sqlite:///{path}"
    asked = {"a1": ("ada", f"As you wrote: {SECRET}"), "a2": ("ada", "The rope held."), "b1": ("bob", SECRET)}

    def write(connection: Connection) -> None:
        for trace, (persona, answer) in asked.items():
            connection.execute(insert(databases.requests).values(request(trace, persona)))
            text = {"trace_id": trace, "question": "What of it?", "answer": answer, "mode": "answer", "signals": {}}
            connection.execute(insert(databases.interactions).values(text))

    async def fill() -> None:
        async with opened_database(url) as database:
            await database.write(write)

    asyncio.run(fill())
    assert interactions_holding(url, "ada", WORDING) == ["a1"]
    assert forget_interactions(url, "ada", WORDING) == 1
    with sqlite3.connect(path) as connection:
        left = {one for (one,) in connection.execute("SELECT trace_id FROM interactions")}
        assert left == {"a2", "b1"}, "another persona's interactions are another persona's"
        assert connection.execute("SELECT count(*), sum(prompt_tokens) FROM requests").fetchone() == (3, 21)


@pytest.fixture
def prefect(tmp_path: Path) -> Path:
    path = tmp_path / "prefect.db"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA secure_delete = OFF")
        connection.execute("CREATE TABLE log (id INTEGER PRIMARY KEY, message TEXT)")
        connection.execute("CREATE TABLE flow_run (id INTEGER PRIMARY KEY, parameters TEXT, name TEXT)")
        connection.execute("INSERT INTO log (message) VALUES (?), ('embed: 3 of 3 chunks')", (f"failed on {SECRET}",))
        connection.execute(
            "INSERT INTO flow_run (parameters, name) VALUES (?, 'refresh')",
            (json.dumps({"persona": "ada", "reason": SECRET, "n": [1, {"quote": SECRET}]}),),
        )
        connection.execute("INSERT INTO log (message) VALUES (?)", (SECRET * 50,))
    connection.execute("DELETE FROM log WHERE id = 3")
    connection.commit()
    connection.close()
    return path


def test_rows_cells_free_pages_and_the_log_of_writes_are_clean(prefect: Path) -> None:
    assert holds(prefect)
    assert redact_database(prefect, WORDING) == 2
    assert not holds(prefect)
    with sqlite3.connect(prefect) as connection:
        assert connection.execute("SELECT message FROM log").fetchall() == [("embed: 3 of 3 chunks",)]
        ((parameters, name),) = connection.execute("SELECT parameters, name FROM flow_run").fetchall()
    assert name == "refresh"
    assert json.loads(parameters) == {"persona": "ada", "reason": "[forgotten]", "n": [1, {"quote": "[forgotten]"}]}
    assert redact_database(prefect, WORDING) == 0


def test_a_database_that_another_holds_is_told(prefect: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(databases, "BUSY_TIMEOUT_S", 0.1)
    other = sqlite3.connect(prefect, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="prefect.db cannot be rewritten") as refused:
        redact_database(prefect, WORDING)
    assert "twin down" in refused.value.next_step
    other.close()
