"""What a persona was asked and answered, read from the serving database beside the running service."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from twin_data.contracts.answers import Interaction
from twin_serve.ledger.database import opened_database
from twin_serve.ledger.ledger import INTERACTION_COLUMNS
from twin_serve.ledger.rows import interaction_of
from twin_serve.ledger.tables import STARTED, InteractionRow, RequestRow, table_of

MOST_AT_ONCE = 20_000
requests, interactions = table_of(RequestRow), table_of(InteractionRow)


async def finished_interactions(url: str, persona: str, since: datetime | None) -> tuple[Interaction, ...]:
    """Finished interactions whose texts are kept, oldest first.

    Args:
        url: The serving database.
        persona: Whose.
        since: Begun at or after this; None for all.

    Returns:
        At most `MOST_AT_ONCE`, the oldest ones; a later call goes on from there.

    Raises:
        LedgerUnavailableError: The database cannot be read.
    """
    statement = (
        select(requests, *(interactions.c[name] for name in INTERACTION_COLUMNS))
        .join(interactions, interactions.c.trace_id == requests.c.trace_id)
        .where(requests.c.persona == persona, requests.c.status != STARTED)
        .order_by(requests.c.created_at, requests.c.trace_id)
        .limit(MOST_AT_ONCE)
    )
    if since is not None:
        statement = statement.where(requests.c.created_at >= since)

    def read(connection: Connection) -> tuple[Interaction, ...]:
        return tuple(interaction_of(row) for row in connection.execute(statement))

    async with opened_database(url) as database:
        return await database.read(read)
