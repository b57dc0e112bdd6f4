"""May this request begin? Budgets are reserved and limits checked in the transaction that writes its row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Connection, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite

from twin_serve.ledger.errors import (
    BudgetExceededError,
    PersonaNotAllowedError,
    RateLimitedError,
    UnpricedBudgetError,
)
from twin_serve.ledger.money import UNLIMITED, from_nano, price_of, to_nano
from twin_serve.ledger.records import KeyRecord, RequestStart
from twin_serve.ledger.tables import KeyMonthRow, RequestRow, table_of

RATE_WINDOW = timedelta(seconds=60)
RESERVED_RETRY_S = 10
"""When to try again where the budget would do, but for what running requests have reserved: an answer takes seconds."""
months = table_of(KeyMonthRow)
requests = table_of(RequestRow)


def reservation_of(start: RequestStart) -> int | None:
    """The most that a request may cost, in billionths; None if the price is unknown."""
    amount = price_of(start.max_llm_seconds, start.price) if start.most is None else start.most
    return None if amount is None else to_nano(amount)


def month_of(moment: datetime) -> str:
    """The calendar month in UTC that a budget counts, such as `2026-11`."""
    return moment.astimezone(UTC).strftime("%Y-%m")


def admit(connection: Connection, start: RequestStart, now: datetime) -> None:
    """Count the call and reserve its price; whoever raises must roll the transaction back.

    Raises:
        RefusedError: The persona, the budget or the rate does not allow it.
    """
    key = start.key
    if key is None:
        return
    if not key.allows(start.persona):
        raise PersonaNotAllowedError(
            f"key {key.name!r} does not open {start.persona!r}",
            next_step=f"twin keys create NAME --persona {start.persona}",
        )
    reserve = reservation_of(start)
    if key.limits.budget_amount is not None and reserve is None:
        raise UnpricedBudgetError(
            f"key {key.name!r} has a budget of {key.limits.budget_amount:g}, but what the machine costs is not known",
            next_step="set price.per_hour in the recipe (evaluation.reference.price of a reference), or make a key "
            "with --budget-calls instead",
        )
    # The upsert locks the key's month until the end of the transaction, so the count of the rate is exact as well.
    if not _reserve(connection, key, month_of(now), reserve or 0):
        raise _explain_budget(connection, key, now, reserve or 0)
    if key.limits.requests_per_minute is not None:
        _check_rate(connection, key, key.limits.requests_per_minute, now)


def admit_unworked(connection: Connection, key: KeyRecord, now: datetime) -> None:
    """Check the rate of a request on which no work is done: it uses up no budget, and no budget hides what is wrong.

    Raises:
        RateLimitedError: The key has made its requests of this minute.
    """
    if key.limits.requests_per_minute is not None:
        values = {"key_id": key.id, "month": month_of(now), "reserve": 0, "max_calls": UNLIMITED, "budget": UNLIMITED}
        connection.execute(RESERVE[connection.dialect.name], values | {"calls": 0})  # locks the key's month
        _check_rate(connection, key, key.limits.requests_per_minute, now)


def _reserve(connection: Connection, key: KeyRecord, month: str, reserve: int) -> bool:
    """One conditional statement: either the call is counted and its price reserved, or nothing has changed."""
    budget = UNLIMITED if key.limits.budget_amount is None else to_nano(key.limits.budget_amount)
    if reserve > budget:
        return False
    values = {
        "key_id": key.id,
        "month": month,
        "reserve": reserve,
        "calls": 1,
        "max_calls": UNLIMITED if key.limits.budget_calls is None else key.limits.budget_calls,
        "budget": budget,
    }
    return (connection.execute(RESERVE[connection.dialect.name], values)).rowcount == 1


def _reserve_statement(insert: Any) -> Any:
    reserve, calls = bindparam("reserve", type_=BigInteger), bindparam("calls", type_=BigInteger)
    used = months.c.spent_nano + months.c.reserved_nano
    max_calls, budget = bindparam("max_calls", type_=BigInteger), bindparam("budget", type_=BigInteger)
    return (
        insert(months)
        .values(key_id=bindparam("key_id"), month=bindparam("month"), calls=calls, spent_nano=0, reserved_nano=reserve)
        .on_conflict_do_update(
            index_elements=[months.c.key_id, months.c.month],
            set_={"calls": months.c.calls + calls, "reserved_nano": months.c.reserved_nano + reserve},
            where=(months.c.calls < max_calls) & (used < budget) & (used + reserve <= budget),
        )
    )


RESERVE = {"sqlite": _reserve_statement(sqlite.insert), "postgresql": _reserve_statement(postgresql.insert)}
COUNT_RECENT = select(func.count(), func.min(requests.c.created_at)).where(
    requests.c.key_id == bindparam("key_id"), requests.c.admitted, requests.c.created_at > bindparam("since")
)
MONTH = select(months).where(months.c.key_id == bindparam("key_id"), months.c.month == bindparam("month"))


def _explain_budget(connection: Connection, key: KeyRecord, now: datetime, reserve: int) -> BudgetExceededError:
    row = (connection.execute(MONTH, {"key_id": key.id, "month": month_of(now)})).one_or_none()
    limits = key.limits
    begins = (now.astimezone(UTC).replace(day=1) + timedelta(days=32)).replace(day=1)
    later = f"wait for {begins:%Y-%m-%d} (UTC), or make a key with a larger budget: twin keys create NAME"
    if row is not None and limits.budget_calls is not None and row.calls >= limits.budget_calls:
        return BudgetExceededError(
            f"key {key.name!r} has used its {limits.budget_calls} calls of {month_of(now)}",
            next_step=f"{later} --budget-calls N",
        )
    spent, reserved = (row.spent_nano, row.reserved_nano) if row is not None else (0, 0)
    budget = to_nano(limits.budget_amount or 0.0)
    waiting_helps = reserved > 0 and spent < budget and spent + reserve <= budget  # once those that run have ended
    return BudgetExceededError(
        f"key {key.name!r} has a budget of {limits.budget_amount:g} for {month_of(now)}: {from_nano(spent):.4f} are "
        f"spent, {from_nano(reserved):.4f} reserved by requests still running, and this one may cost "
        f"{from_nano(reserve):.4f}",
        next_step=f"try again in {RESERVED_RETRY_S} s, or {later} --budget-amount X"
        if waiting_helps
        else f"{later} --budget-amount X",
        retry_after_s=RESERVED_RETRY_S if waiting_helps else None,
    )


def _check_rate(connection: Connection, key: KeyRecord, per_minute: int, now: datetime) -> None:
    recent, oldest = (connection.execute(COUNT_RECENT, {"key_id": key.id, "since": now - RATE_WINDOW})).one()
    if recent >= per_minute:
        wait_s = max(0.0, (oldest + RATE_WINDOW - now).total_seconds())
        raise RateLimitedError(
            f"key {key.name!r} has made its {per_minute} requests a minute",
            next_step=f"try again in {wait_s:.0f} s, or make a key with a higher limit: twin keys create NAME --rpm N",
            retry_after_s=wait_s,
        )
