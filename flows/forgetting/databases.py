"""SQLite databases of a home without what is forgotten: not in a row, a free page or the write-ahead log."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, select
from sqlalchemy.engine import make_url

from flows.forgetting.contents import tables_of
from flows.forgetting.files import holds
from flows.forgetting.wording import Wording
from twin_data.contracts.errors import StoreError
from twin_serve.ledger.database import opened_database
from twin_serve.ledger.tables import InteractionRow, RequestRow, table_of

BUSY_TIMEOUT_S = 60.0
FORGOTTEN = "[forgotten]"
ROWS_THAT_GO = frozenset({"log", "events", "event_resources"})
"""Tables of records that nothing refers to: their rows go; elsewhere the text alone does."""

interactions, requests = table_of(InteractionRow), table_of(RequestRow)


def forget_interactions(url: str, persona: str, wording: Wording) -> int:
    """Delete questions and answers of a persona that hold it; the figures of their requests stay.

    Raises:
        LedgerUnavailableError: The serving database cannot be reached or written.
    """
    if not interactions_holding(url, persona, wording):
        return 0

    async def work() -> int:
        async with opened_database(url) as database:
            return await database.write(lambda connection: _delete(connection, _found(connection, persona, wording)))

    return asyncio.run(work())


def interactions_holding(url: str, persona: str, wording: Wording) -> list[str]:
    """Trace ids of the interactions that hold it; none if nothing was ever asked."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and not Path(str(parsed.database)).is_file():
        return []

    async def work() -> list[str]:
        async with opened_database(url) as database:
            return await database.read(lambda connection: _found(connection, persona, wording))

    return asyncio.run(work())


def _found(connection: Connection, persona: str, wording: Wording) -> list[str]:
    statement = (
        select(interactions.c.trace_id, interactions.c.question, interactions.c.answer, interactions.c.decline_reason)
        .join(requests, requests.c.trace_id == interactions.c.trace_id)
        .where(requests.c.persona == persona)
    )
    rows = connection.execute(statement)
    return [row.trace_id for row in rows if any(wording.is_in(text) for text in row[1:] if text)]


def _delete(connection: Connection, trace_ids: list[str]) -> int:
    for at in range(0, len(trace_ids), 500):
        connection.execute(delete(interactions).where(interactions.c.trace_id.in_(trace_ids[at : at + 500])))
    return len(trace_ids)


def redact_database(path: Path, wording: Wording) -> int:
    """Take it out of every cell of a SQLite database, then leave no trace in free pages and side files.

    Returns:
        How many rows were changed or removed.

    Raises:
        StoreError: The database is locked for long, or damaged.
    """
    if not any(holds(one, wording) for one in _with_side_files(path)):
        return 0  # a server that writes it need not wait for us
    with _rewriting(path) as connection:
        connection.text_factory = lambda data: data.decode("utf-8", "replace")
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("BEGIN IMMEDIATE")
        count = sum(_redact_table(connection, table, wording) for table in tables_of(connection))
        connection.execute("COMMIT")
        compact(connection)
        return count


def compact_file(path: Path) -> None:
    """Leave no trace of deleted rows in a SQLite database's free pages and side files.

    Raises:
        StoreError: The database is locked for long, or damaged.
    """
    with _rewriting(path) as connection:
        compact(connection)


@contextlib.contextmanager
def _rewriting(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)) as connection:
            yield connection
    except sqlite3.Error as error:
        raise StoreError(
            f"the database {path} cannot be rewritten: {error}",
            next_step="stop what uses it (twin down), then run the same command again",
        ) from error


def _with_side_files(path: Path) -> list[Path]:
    """The database, and what of it is not yet in its file."""
    beside = (path.with_name(f"{path.name}{suffix}") for suffix in ("-wal", "-journal"))
    return [path, *(one for one in beside if one.is_file())]


def compact(connection: sqlite3.Connection) -> None:
    """Rewrite the file without its free pages, and empty the write-ahead log."""
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.execute("VACUUM")
    busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise sqlite3.OperationalError("another process reads it, so its write-ahead log cannot be emptied")


def _redact_table(connection: sqlite3.Connection, table: str, wording: Wording) -> int:
    names = [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')]
    changes: list[tuple[int, dict[str, Any]]] = []
    for number, *cells in connection.execute(f'SELECT rowid, * FROM "{table}"'):
        changed = {
            name: new for name, cell in zip(names, cells, strict=True) if (new := _redacted(cell, wording)) != cell
        }
        if changed:
            changes.append((number, changed))
    for number, changed in changes:
        if table in ROWS_THAT_GO:
            connection.execute(f'DELETE FROM "{table}" WHERE rowid = ?', (number,))
        else:
            assigned = ", ".join(f'"{name}" = ?' for name in changed)
            connection.execute(f'UPDATE "{table}" SET {assigned} WHERE rowid = ?', (*changed.values(), number))
    return len(changes)


def _redacted(cell: Any, wording: Wording) -> Any:
    if isinstance(cell, bytes):
        return b"" if wording.is_in(cell.decode("utf-8", "replace")) else cell
    if not isinstance(cell, str) or not wording.is_in(cell):
        return cell
    try:
        return json.dumps(_without(json.loads(cell), wording), ensure_ascii=False)
    except ValueError:
        return FORGOTTEN


def _without(value: Any, wording: Wording) -> Any:
    """A JSON value with each text that holds it replaced; a value in which it spans several texts goes whole."""
    cleaned = _leaves_replaced(value, wording)
    return FORGOTTEN if wording.is_in(json.dumps(cleaned, ensure_ascii=False)) else cleaned


def _leaves_replaced(value: Any, wording: Wording) -> Any:
    if isinstance(value, str):
        return FORGOTTEN if wording.is_in(value) else value
    if isinstance(value, dict):
        return {FORGOTTEN if wording.is_in(key) else key: _leaves_replaced(one, wording) for key, one in value.items()}
    if isinstance(value, list):
        return [_leaves_replaced(one, wording) for one in value]
    return value


def is_sqlite(path: Path) -> bool:
    """Whether a file is a SQLite database."""
    with path.open("rb") as stream:
        return stream.read(16) == b"SQLite format 3\x00"


def databases_in(paths: Iterable[Path]) -> list[Path]:
    """The SQLite databases among files."""
    return [path for path in paths if is_sqlite(path)]
