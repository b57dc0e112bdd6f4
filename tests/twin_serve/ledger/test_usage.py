import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from twin_data.contracts.answers import Cost
from twin_data.contracts.releases import MachinePrice
from twin_serve.ledger.database import Database, opened_database
from twin_serve.ledger.errors import BudgetExceededError
from twin_serve.ledger.keys import create_key
from twin_serve.ledger.ledger import Ledger
from twin_serve.ledger.records import KeyRecord, RequestEnd, RequestStart
from twin_serve.ledger.usage import GroupBy, UsageRow, usage

SINCE, UNTIL = datetime(2026, 11, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)


async def one(
    ledger: Ledger,
    *,
    amount: float | None = 0.25,
    currency: str = "EUR",
    status: str = "ok",
    key: KeyRecord | None = None,
    **start: str,
) -> None:
    begin = RequestStart(endpoint="/v1/chat/completions", key=key, **{"persona": "ada", **start})
    trace = await ledger.begin(begin)
    cost = Cost(prompt_tokens=10, completion_tokens=2, seconds=0.5, amount=amount, currency=currency)
    await ledger.finish(trace.trace_id, RequestEnd.model_validate({"status": status, "cost": cost}))


def by_group(rows: Iterable[UsageRow]) -> dict[str | None, UsageRow]:
    return {row.group: row for row in rows}


async def test_nothing_is_nothing_and_no_amount(database: Database) -> None:
    report = await usage(database, since=SINCE, until=UNTIL)
    assert report.rows == () and report.total.requests == 0 and report.total.amount is None


async def test_sums_by_feature_with_failed_and_aborted_requests(database: Database, ledger: Ledger) -> None:
    await one(ledger, feature="chat")
    await one(ledger, feature="chat", status="failed")
    await one(ledger, feature="mail", status="aborted", amount=1.0)
    await one(ledger)
    report = await usage(database, since=SINCE, until=UNTIL, by=GroupBy.FEATURE)
    assert [row.group for row in report.rows] == ["chat", "mail", None]
    chat = by_group(report.rows)["chat"]
    assert (chat.requests, chat.ok, chat.failed, chat.aborted, chat.running) == (2, 1, 1, 0, 0)
    assert (chat.prompt_tokens, chat.completion_tokens, chat.seconds) == (20, 4, 1.0)
    assert (chat.amount, chat.currency, chat.unpriced) == (0.5, "EUR", 0)
    assert (report.total.requests, report.total.amount) == (4, 1.75)


async def test_one_unknown_price_makes_the_sum_unknown_and_is_counted(database: Database, ledger: Ledger) -> None:
    await one(ledger, feature="chat", amount=0.25)
    await one(ledger, feature="chat", amount=None)
    await one(ledger, feature="mail", amount=0.0)
    report = await usage(database, since=SINCE, until=UNTIL, by=GroupBy.FEATURE)
    chat, mail = by_group(report.rows)["chat"], by_group(report.rows)["mail"]
    assert (chat.amount, chat.unpriced, chat.priced_amount) == (None, 1, 0.25)
    assert (mail.amount, mail.unpriced) == (0.0, 0)
    assert (report.total.amount, report.total.unpriced) == (None, 1)


async def test_different_currencies_are_never_added_up(database: Database, ledger: Ledger) -> None:
    await one(ledger, currency="EUR")
    await one(ledger, currency="USD")
    (row,) = (await usage(database, since=SINCE, until=UNTIL)).rows
    assert (row.requests, row.amount, row.priced_amount, row.currency) == (2, None, None, None)


async def test_a_running_request_is_counted_and_has_no_price_yet(database: Database, ledger: Ledger) -> None:
    await one(ledger)
    await ledger.begin(RequestStart(endpoint="/v1/chat/completions", persona="ada"))
    (row,) = (await usage(database, since=SINCE, until=UNTIL)).rows
    assert (row.requests, row.running, row.amount, row.unpriced) == (2, 1, 0.25, 0)


async def test_every_grouping(database: Database, ledger: Ledger, clock) -> None:
    key, _ = await create_key(database, "ci", budget_calls=1)
    await one(ledger, key=key, user="grace", bundle="0123456789ab")
    with pytest.raises(BudgetExceededError):
        await one(ledger, key=key, user="grace", bundle="0123456789ab")
    clock.forward(minutes=2)
    await one(ledger, persona="bo")
    expected: dict[GroupBy, dict[str | None, int]] = {
        GroupBy.USER: {"grace": 2, None: 1},
        GroupBy.FEATURE: {None: 3},
        GroupBy.TWIN: {"ada": 2, "bo": 1},
        GroupBy.BUNDLE: {"0123456789ab": 2, None: 1},
        GroupBy.KEY: {f"ci ({key.id})": 2, None: 1},
        GroupBy.DAY: {"2026-11-30": 2, "2026-12-01": 1},
        GroupBy.STATUS: {"ok": 2, "failed": 1},
    }
    assert set(expected) == set(GroupBy)
    for by, groups in expected.items():
        report = await usage(database, since=SINCE, until=UNTIL, by=by)
        assert {row.group: row.requests for row in report.rows} == groups, by
        assert report.total.requests == 3


async def test_a_refused_request_costs_nothing_where_there_is_a_price(database: Database, ledger: Ledger) -> None:
    key, _ = await create_key(database, "ci", budget_calls=1)
    for price in (MachinePrice(per_hour=1.0), MachinePrice(per_hour=1.0), MachinePrice()):
        try:
            trace = await ledger.begin(RequestStart(endpoint="/v1", persona="ada", key=key, price=price))
        except BudgetExceededError:
            continue
        await ledger.finish(trace.trace_id, RequestEnd(status="ok", cost=Cost(amount=0.5, currency="EUR")))
    (row,) = (await usage(database, since=SINCE, until=UNTIL)).rows
    assert (row.failed, row.unpriced, row.priced_amount) == (2, 1, 0.5)


async def test_what_costs_nothing_has_no_currency_and_hides_no_other(database: Database, ledger: Ledger) -> None:
    turned_away = RequestStart(endpoint="/v1", persona="ada", price=MachinePrice(per_hour=0.0))
    await ledger.fail(turned_away, http_status=404, error_code="model_not_found")
    (row,) = (await usage(database, since=SINCE, until=UNTIL)).rows
    assert (row.amount, row.currency) == (0.0, None)
    await one(ledger, currency="USD", amount=0.5)
    await one(ledger, currency="EUR", amount=0.0)
    (row,) = (await usage(database, since=SINCE, until=UNTIL)).rows
    assert (row.requests, row.amount, row.priced_amount, row.currency) == (3, 0.5, 0.5, "USD")


async def test_only_the_period_and_the_persona(database: Database, ledger: Ledger, clock) -> None:
    await one(ledger)
    await one(ledger, persona="bo")
    begun = clock.now
    report = await usage(database, since=begun, until=begun + timedelta(seconds=1), persona="bo")
    assert [(row.group, row.requests) for row in report.rows] == [("bo", 1)]
    assert (await usage(database, since=begun - timedelta(days=1), until=begun)).rows == ()
    with pytest.raises(ValueError, match="time zone"):
        await usage(database, since=datetime(2026, 11, 1), until=UNTIL)  # noqa: DTZ001


request = st.fixed_dictionaries(
    {
        "feature": st.sampled_from([None, "chat", "mail"]),
        "amount": st.none() | st.floats(min_value=0, max_value=100, allow_nan=False),
        "status": st.sampled_from(["ok", "failed", "aborted", None]),
        "max_llm_seconds": st.floats(min_value=0, max_value=10),
        "tokens": st.integers(min_value=0, max_value=10**9),
        "with_key": st.booleans(),
    }
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(requests=st.lists(request, max_size=12), budget=st.floats(min_value=0.01, max_value=300))
async def test_the_sum_of_the_ledger_is_the_sum_of_its_rows(requests: list[dict], budget: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with opened_database(f"sqlite:///{Path(folder) / 'serving.db'}") as database:
            ledger = await Ledger.open(database)
            key, _ = await create_key(database, "ci", budget_amount=budget, budget_calls=8)
            expected: list[dict] = []
            for wanted in requests:
                if await perform(ledger, key if wanted["with_key"] else None, wanted):
                    expected.append(wanted)
            await check_sums(database, expected)
            await ledger.close()


async def perform(ledger: Ledger, key: KeyRecord | None, wanted: dict) -> bool:
    price = MachinePrice(per_hour=3600.0)
    start = RequestStart(
        endpoint="/v1", persona="ada", key=key, feature=wanted["feature"], price=price,
        max_llm_seconds=wanted["max_llm_seconds"],
    )  # fmt: skip
    try:
        trace = await ledger.begin(start)
    except BudgetExceededError:
        return False
    if wanted["status"]:
        cost = Cost(prompt_tokens=wanted["tokens"], amount=wanted["amount"], currency="EUR")
        await ledger.finish(trace.trace_id, RequestEnd(status=wanted["status"], cost=cost))
    return True


async def check_sums(database: Database, expected: list[dict]) -> None:
    now = datetime.now(UTC)
    report = await usage(database, since=now - timedelta(hours=1), until=now + timedelta(hours=1), by=GroupBy.FEATURE)
    ended = [one for one in expected if one["status"]]
    nano = [round(one["amount"] * 10**9) for one in ended if one["amount"] is not None]
    total = report.total
    assert total.prompt_tokens == sum(one["tokens"] for one in ended)
    assert total.running == len(expected) - len(ended)
    assert total.unpriced == sum(one["amount"] is None for one in ended)
    assert (total.amount is None) == bool(total.unpriced or not total.requests or total.priced_amount is None)
    assert round((total.priced_amount or 0) * 10**9) == sum(nano)
    assert sum(round((row.priced_amount or 0) * 10**9) for row in report.rows) == sum(nano)
    assert sum(row.requests for row in report.rows) == total.requests

    with_key = [one for one in expected if one["with_key"]]
    charged = sum(
        round((one["max_llm_seconds"] if one["amount"] is None else one["amount"]) * 10**9)
        for one in with_key
        if one["status"]
    )
    reserved = sum(round(one["max_llm_seconds"] * 10**9) for one in with_key if not one["status"])
    query = text("SELECT calls, spent_nano, reserved_nano FROM key_months")
    month = await database.read(lambda connection: connection.execute(query).one_or_none())
    assert tuple(month or (0, 0, 0)) == (len(with_key), charged, reserved)
