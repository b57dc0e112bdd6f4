from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from twin_data.contracts.answers import Cost
from twin_serve.ledger import texts
from twin_serve.ledger.database import Database
from twin_serve.ledger.ledger import Ledger
from twin_serve.ledger.records import Exchange, RequestEnd, RequestStart
from twin_serve.ledger.tables import InteractionRow, RequestRow, table_of
from twin_serve.ledger.texts import count_texts, delete_texts

from .conftest import Clock

requests, interactions = table_of(RequestRow), table_of(InteractionRow)


async def ask(ledger: Ledger, question: str, user: str | None = None, persona: str = "ada") -> None:
    trace = await ledger.begin(RequestStart(endpoint="/v1/chat/completions", persona=persona, user=user))
    await ledger.record_interaction(trace.trace_id, Exchange(question=question, answer="It holds."))
    await ledger.finish(trace.trace_id, RequestEnd(status="ok", cost=Cost(completion_tokens=7, seconds=1.5)))


async def left(database: Database) -> list[str]:
    rows = await database.read(lambda connection: connection.execute(select(interactions.c.question)).scalars().all())
    return sorted(rows)


async def users(database: Database) -> list[str | None]:
    statement = select(requests.c.user_name).order_by(requests.c.created_at)
    return list(await database.read(lambda connection: connection.execute(statement).scalars().all()))


async def test_what_a_user_asked_goes_with_the_name_and_the_figures_stay(database: Database, ledger: Ledger) -> None:
    await ask(ledger, "mine", "u-1")
    await ask(ledger, "mine, of another twin", "u-1", "ben")
    await ask(ledger, "somebody's", "u-2")
    await ask(ledger, "nobody's")
    assert await count_texts(database, user="u-1", persona="ada") == 1
    assert await delete_texts(database, user="u-1", persona="ada") == 1
    assert await left(database) == ["mine, of another twin", "nobody's", "somebody's"]
    assert sorted(await users(database), key=str) == [None, None, "u-1", "u-2"]
    assert await delete_texts(database, user="u-1") == 1
    tokens = select(requests.c.completion_tokens)
    assert await database.read(lambda connection: connection.execute(tokens).scalars().all()) == [7] * 4


async def test_what_is_old_goes_in_small_transactions(
    database: Database, ledger: Ledger, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(texts, "AT_ONCE", 2)
    for day in range(6):
        await ask(ledger, f"day {day}", "u-1")
        clock.forward(days=1)
    before = clock.now - timedelta(days=1)
    assert await count_texts(database, before=before) == 5
    assert await delete_texts(database, before=before) == 5
    assert await left(database) == ["day 5"]
    assert await users(database) == ["u-1"] * 6, "age takes the texts, not the names"
    assert await delete_texts(database, before=before) == 0


async def test_a_user_who_was_never_there_is_no_error(database: Database, ledger: Ledger) -> None:
    await ask(ledger, "somebody's", "u-2")
    assert await delete_texts(database, user="u-1") == 0


async def test_everything_is_never_meant_by_nothing(database: Database) -> None:
    with pytest.raises(ValueError, match="all texts"):
        await delete_texts(database, persona="ada")
