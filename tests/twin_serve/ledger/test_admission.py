import asyncio
from collections import Counter

import pytest
from sqlalchemy import text

from twin_data.contracts.answers import Cost
from twin_data.contracts.releases import MachinePrice
from twin_serve.ledger.database import Database
from twin_serve.ledger.errors import (
    BudgetExceededError,
    PersonaNotAllowedError,
    RateLimitedError,
    RefusedError,
    UnpricedBudgetError,
)
from twin_serve.ledger.keys import create_key
from twin_serve.ledger.ledger import Ledger
from twin_serve.ledger.records import KeyRecord, RequestEnd, RequestStart

EUR_3600 = MachinePrice(per_hour=3600.0)
"""A second of the model costs one euro."""


def asks(key: KeyRecord | None, *, price: MachinePrice = EUR_3600, max_llm_seconds: float = 0.0) -> RequestStart:
    return RequestStart(
        endpoint="/v1/chat/completions", persona="ada", key=key, price=price, max_llm_seconds=max_llm_seconds
    )


def costs(amount: float | None) -> RequestEnd:
    return RequestEnd(status="ok", http_status=200, cost=Cost(seconds=amount or 0.0, amount=amount, currency="EUR"))


async def statuses(database: Database) -> Counter[tuple[str, str | None]]:
    query = text("SELECT status, error_code FROM requests")
    rows = await database.read(lambda connection: connection.execute(query).all())
    return Counter((row.status, row.error_code) for row in rows)


async def test_200_calls_at_once_on_a_budget_of_10_let_exactly_10_in(database: Database, ledger: Ledger) -> None:
    key, _ = await create_key(database, "ci", budget_calls=10)

    async def call() -> bool:
        try:
            trace = await ledger.begin(asks(key))
        except BudgetExceededError:
            return False
        await asyncio.sleep(0)
        return await ledger.finish(trace.trace_id, costs(0.5))

    assert sum(await asyncio.gather(*(call() for _ in range(200)))) == 10
    assert await statuses(database) == {("ok", None): 10, ("failed", "insufficient_quota"): 190}


async def test_two_ledgers_of_one_database_keep_one_budget(database: Database, ledger: Ledger) -> None:
    other = await Ledger.open(database, clock=ledger._clock)
    key, _ = await create_key(database, "ci", budget_calls=7)
    begun = await asyncio.gather(
        *(which.begin(asks(key)) for which in (ledger, other) for _ in range(10)), return_exceptions=True
    )
    assert sum(not isinstance(one, BaseException) for one in begun) == 7
    assert all(isinstance(one, BudgetExceededError) for one in begun if isinstance(one, BaseException))
    await other.close()


async def test_money_at_once_never_overspends_what_is_reserved(database: Database, ledger: Ledger) -> None:
    key, _ = await create_key(database, "ci", budget_amount=10.0)
    begun = await asyncio.gather(
        *(ledger.begin(asks(key, max_llm_seconds=3.0)) for _ in range(50)), return_exceptions=True
    )
    admitted = [one for one in begun if not isinstance(one, BaseException)]
    assert len(admitted) == 3  # three euros each: the fourth could have made it twelve
    for trace in admitted:
        await ledger.finish(trace.trace_id, costs(1.0))
    later = [await ledger.begin(asks(key, max_llm_seconds=3.0)) for _ in range(2)]  # 3 spent + 2 × 3 reserved
    with pytest.raises(BudgetExceededError, match=r"3\.0000 are spent, 6\.0000 reserved") as caught:
        await ledger.begin(asks(key, max_llm_seconds=3.0))
    assert caught.value.http_status == 429
    assert caught.value.http_headers == {"retry-after": "10"}  # two of six euros come back when those end
    assert caught.value.trace_id is not None and "2026-12-01" in caught.value.next_step
    assert len(later) == 2


async def test_only_what_running_requests_reserve_is_worth_waiting_for(database: Database, ledger: Ledger) -> None:
    key, _ = await create_key(database, "ci", budget_amount=2.0)
    running = await ledger.begin(asks(key, max_llm_seconds=2.0))
    with pytest.raises(BudgetExceededError) as passing:
        await ledger.begin(asks(key, max_llm_seconds=1.0))
    await ledger.finish(running.trace_id, costs(2.0))
    with pytest.raises(BudgetExceededError) as spent:
        await ledger.begin(asks(key, max_llm_seconds=1.0))
    assert (passing.value.retry_after_s, spent.value.retry_after_s) == (10, None)
    assert "try again in 10 s" in passing.value.next_step and "try again" not in spent.value.next_step


async def test_without_a_bound_a_spent_budget_refuses(database: Database, ledger: Ledger) -> None:
    key, _ = await create_key(database, "ci", budget_amount=1.0)
    trace = await ledger.begin(asks(key))
    await ledger.finish(trace.trace_id, costs(1.0))
    with pytest.raises(BudgetExceededError):
        await ledger.begin(asks(key))


async def test_one_call_dearer_than_the_whole_budget_is_refused(database: Database, ledger: Ledger) -> None:
    key, _ = await create_key(database, "ci", budget_amount=1.0)
    with pytest.raises(BudgetExceededError, match=r"this one may cost 1\.5000"):
        await ledger.begin(asks(key, max_llm_seconds=1.5))


async def test_an_unknown_amount_uses_up_what_was_reserved(database: Database, ledger: Ledger) -> None:
    key, _ = await create_key(database, "ci", budget_amount=5.0)
    trace = await ledger.begin(asks(key, max_llm_seconds=5.0))
    await ledger.finish(trace.trace_id, RequestEnd(status="failed", error_code="internal_error"))
    with pytest.raises(BudgetExceededError, match=r"5\.0000 are spent, 0\.0000 reserved"):
        await ledger.begin(asks(key, max_llm_seconds=0.1))


async def test_a_money_budget_without_a_price_lets_nothing_through(database: Database, ledger: Ledger) -> None:
    key, _ = await create_key(database, "ci", budget_amount=5.0)
    with pytest.raises(UnpricedBudgetError, match="not known") as caught:
        await ledger.begin(asks(key, price=MachinePrice()))
    assert "price.per_hour" in caught.value.next_step
    assert await statuses(database) == {("failed", "budget_without_price"): 1}


async def test_a_new_month_is_a_new_budget_and_pays_for_what_began_in_it(
    database: Database, ledger: Ledger, clock
) -> None:
    key, _ = await create_key(database, "ci", budget_calls=1, budget_amount=2.0)
    november = await ledger.begin(asks(key, max_llm_seconds=2.0))
    with pytest.raises(BudgetExceededError, match="its 1 calls of 2026-11"):
        await ledger.begin(asks(key))
    clock.forward(minutes=2)
    december = await ledger.begin(asks(key, max_llm_seconds=2.0))
    await ledger.finish(november.trace_id, costs(1.25))
    await ledger.finish(december.trace_id, costs(0.5))
    query = text("SELECT month, calls, spent_nano, reserved_nano FROM key_months ORDER BY month")
    months = await database.read(lambda connection: connection.execute(query).all())
    assert [tuple(month) for month in months] == [("2026-11", 1, 1_250_000_000, 0), ("2026-12", 1, 500_000_000, 0)]


async def test_any_60_seconds_hold_no_more_than_the_rate(database: Database, ledger: Ledger, clock) -> None:
    key, _ = await create_key(database, "ci", requests_per_minute=3)
    for _ in range(3):
        await ledger.begin(asks(key))
        clock.forward(seconds=10)
    with pytest.raises(RateLimitedError, match="3 requests a minute") as caught:
        await ledger.begin(asks(key))
    assert caught.value.retry_after_s == 30.0 and caught.value.http_status == 429
    assert caught.value.http_headers == {"retry-after": "30"}
    clock.forward(seconds=30)  # the first is 60 s old; the refused one never counted
    await ledger.begin(asks(key))
    with pytest.raises(RateLimitedError):
        await ledger.begin(asks(key))


async def test_the_rate_holds_for_calls_at_once_and_a_refusal_uses_no_budget(
    database: Database, ledger: Ledger
) -> None:
    key, _ = await create_key(database, "ci", requests_per_minute=5, budget_calls=100)
    begun = await asyncio.gather(*(ledger.begin(asks(key)) for _ in range(40)), return_exceptions=True)
    assert Counter(type(one).__name__ for one in begun) == {"Trace": 5, "RateLimitedError": 35}
    calls = await database.read(lambda connection: connection.execute(text("SELECT calls FROM key_months")).scalar())
    assert calls == 5


async def test_a_key_opens_only_its_personas(database: Database, ledger: Ledger) -> None:
    key, _ = await create_key(database, "ci", personas=("bo",))
    with pytest.raises(PersonaNotAllowedError, match="'ada'") as caught:
        await ledger.begin(asks(key))
    assert caught.value.http_status == 403 and isinstance(caught.value, RefusedError)
    assert await statuses(database) == {("failed", "persona_not_allowed"): 1}


async def test_without_a_key_there_is_no_limit(database: Database, ledger: Ledger) -> None:
    for _ in range(3):
        await ledger.begin(asks(None, price=MachinePrice()))
    assert await statuses(database) == {("started", None): 3}


async def test_a_request_turned_away_uses_up_no_budget_and_no_budget_hides_its_error(
    database: Database, ledger: Ledger
) -> None:
    key, _ = await create_key(database, "ci", budget_amount=1.0, budget_calls=1)
    for _ in range(3):
        await ledger.fail(asks(key, price=MachinePrice()), http_status=404, error_code="model_not_found")
    await ledger.begin(asks(key))
    await ledger.fail(asks(key, price=MachinePrice()), http_status=404, error_code="model_not_found")
    assert await statuses(database) == {("failed", "model_not_found"): 4, ("started", None): 1}
    query = text("SELECT calls, spent_nano, reserved_nano FROM key_months")
    assert tuple(await database.read(lambda connection: connection.execute(query).one())) == (1, 0, 0)


async def test_a_request_turned_away_counts_against_the_rate(database: Database, ledger: Ledger) -> None:
    key, _ = await create_key(database, "ci", requests_per_minute=2)
    for _ in range(2):
        await ledger.fail(asks(key), http_status=404, error_code="model_not_found")
    for refused in (ledger.fail(asks(key), http_status=404, error_code="x"), ledger.begin(asks(key))):
        with pytest.raises(RateLimitedError):
            await refused
    assert (await statuses(database))["failed", "rate_limit_exceeded"] == 2
