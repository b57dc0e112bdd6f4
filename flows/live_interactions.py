"""What a persona was asked and answered, read from the serving database beside the running service."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import datetime

from sqlalchemy import Connection, Select, and_, or_, select

from twin_data.contracts.answers import Interaction
from twin_serve.ledger.database import Database, opened_database
from twin_serve.ledger.ledger import INTERACTION_COLUMNS
from twin_serve.ledger.rows import interaction_of
from twin_serve.ledger.tables import STARTED, InteractionRow, RequestRow, table_of

PAGE_ROWS = 5_000
requests, interactions = table_of(RequestRow), table_of(InteractionRow)


async def interaction_pages(
    url: str, persona: str, since: datetime | None, *, without_feature: str | None = None
) -> AsyncGenerator[tuple[Interaction, ...], None]:
    """Every finished interaction whose texts are kept, oldest first, some thousand at a time.

    Args:
        url: The serving database.
        persona: Whose.
        since: Begun at or after this; None for all.
        without_feature: Leave out what was asked for this feature.

    Raises:
        LedgerUnavailableError: The database cannot be read.
    """
    statement = _finished(persona)
    if since is not None:
        statement = statement.where(requests.c.created_at >= since)
    if without_feature is not None:
        statement = statement.where(requests.c.feature.is_distinct_from(without_feature))
    async with opened_database(url) as database:
        page = await _page(database, statement)
        while page:
            yield page
            page = await _page(database, _after(statement, page[-1])) if len(page) == PAGE_ROWS else ()


def _finished(persona: str) -> Select[tuple[object, ...]]:
    return (
        select(requests, *(interactions.c[name] for name in INTERACTION_COLUMNS))
        .join(interactions, interactions.c.trace_id == requests.c.trace_id)
        .where(requests.c.persona == persona, requests.c.status != STARTED)
        .order_by(requests.c.created_at, requests.c.trace_id)
        .limit(PAGE_ROWS)
    )


def _after(statement: Select[tuple[object, ...]], last: Interaction) -> Select[tuple[object, ...]]:
    at, trace = requests.c.created_at, requests.c.trace_id
    return statement.where(or_(at > last.created_at, and_(at == last.created_at, trace > last.trace_id)))


async def _page(database: Database, statement: Select[tuple[object, ...]]) -> tuple[Interaction, ...]:
    def read(connection: Connection) -> tuple[Interaction, ...]:
        return tuple(interaction_of(row) for row in connection.execute(statement))

    return await database.read(read)
