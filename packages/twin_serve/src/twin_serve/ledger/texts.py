"""Deleting what was asked and answered: by age, or because a user wants it. The figures of the requests stay."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Select, bindparam, delete, func, select, update

from twin_serve.ledger.database import Database
from twin_serve.ledger.tables import InteractionRow, RequestRow, table_of

AT_ONCE = 2_000
"""Rows of one transaction: SQLite has one writer, and the service is to go on answering."""

requests, interactions = table_of(RequestRow), table_of(InteractionRow)
DELETE = delete(interactions).where(interactions.c.trace_id.in_(bindparam("traces", expanding=True)))


async def count_texts(
    database: Database, *, persona: str | None = None, user: str | None = None, before: datetime | None = None
) -> int:
    """How many interactions `delete_texts` would delete."""
    chosen = _chosen(persona, user, before).subquery()
    count = select(func.count()).select_from(chosen)
    return int(await database.read(lambda connection: connection.execute(count).scalar_one()))


async def delete_texts(
    database: Database, *, persona: str | None = None, user: str | None = None, before: datetime | None = None
) -> int:
    """Delete questions and answers, and with a user the name of the user; returns how many interactions.

    Args:
        database: Of the ledger.
        persona: Only what this one was asked.
        user: Only what this one asked, by the name that the request gave.
        before: Only what was begun before that moment.

    Raises:
        ValueError: Nothing says what is meant.
        LedgerUnavailableError: The database failed; what is deleted by then stays so.
    """
    if user is None and before is None:
        raise ValueError("all texts of all users are meant by a moment only")
    next_ones = _chosen(persona, user, before).limit(AT_ONCE)

    def work(connection: Connection) -> int:
        traces = list(connection.execute(next_ones).scalars())
        if traces:
            connection.execute(DELETE, {"traces": traces})
        return len(traces)

    deleted = 0
    while found := await database.write(work):
        deleted += found
    if user is not None:
        nameless = update(requests).where(*_meant(persona, user, before)).values(user_name=None)
        await database.write(lambda connection: connection.execute(nameless))
    return deleted


def _chosen(persona: str | None, user: str | None, before: datetime | None) -> Select[tuple[str]]:
    return (
        select(interactions.c.trace_id)
        .join(requests, requests.c.trace_id == interactions.c.trace_id)
        .where(*_meant(persona, user, before))
    )


def _meant(persona: str | None, user: str | None, before: datetime | None) -> list[ColumnElement[bool]]:
    return [
        *([] if persona is None else [requests.c.persona == persona]),
        *([] if user is None else [requests.c.user_name == user]),
        *([] if before is None else [requests.c.created_at < before]),
    ]
