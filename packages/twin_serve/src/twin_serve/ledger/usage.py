"""Sums over the ledger, for people who pay."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Row, case, func, select

from twin_data.contracts.base import Contract
from twin_serve.ledger.database import Database
from twin_serve.ledger.money import from_nano
from twin_serve.ledger.tables import STARTED, KeyRow, RequestRow, table_of

requests = table_of(RequestRow)
keys = table_of(KeyRow)


class GroupBy(StrEnum):
    """What a row of the report stands for."""

    USER = "user"
    FEATURE = "feature"
    TWIN = "twin"
    BUNDLE = "bundle"
    KEY = "key"
    DAY = "day"
    STATUS = "status"


class UsageRow(Contract):
    """The requests of one group. Figures that only the end of a request tells cover those that have ended."""

    group: str | None
    """A key is named by name and id; None for requests that named no user, feature, bundle or key."""
    requests: int
    ok: int
    failed: int
    """With those that a limit refused."""
    aborted: int
    running: int
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    amount: float | None
    """What they cost together; None as soon as one of them has an unknown price, or currencies differ."""
    currency: str | None
    """None if unknown, if there are several, or if nothing was spent in any."""
    unpriced: int
    """Ended requests whose price is unknown."""
    priced_amount: float | None
    """What the others cost together; None if there are none, or currencies differ."""


class UsageReport(Contract):
    """Usage in `[since, until)`, by group and in all."""

    since: datetime
    until: datetime
    persona: str | None
    by: GroupBy
    rows: tuple[UsageRow, ...]
    total: UsageRow


GROUPS: dict[GroupBy, ColumnElement[Any]] = {
    GroupBy.USER: requests.c.user_name,
    GroupBy.FEATURE: requests.c.feature,
    GroupBy.TWIN: requests.c.persona,
    GroupBy.BUNDLE: requests.c.bundle,
    GroupBy.KEY: keys.c.name + " (" + keys.c.id + ")",
    GroupBy.DAY: requests.c.day,
    GroupBy.STATUS: requests.c.status,
}


async def usage(
    database: Database, *, since: datetime, until: datetime, by: GroupBy = GroupBy.TWIN, persona: str | None = None
) -> UsageReport:
    """Sum the requests begun in `[since, until)`, of one persona or of all.

    Raises:
        ValueError: A moment has no time zone.
    """
    if since.tzinfo is None or until.tzinfo is None:
        raise ValueError("since and until need a time zone")
    group = GROUPS[GroupBy(by)].label("group_name")
    statement = (
        select(group, requests.c.currency, *_sums())
        .select_from(requests.outerjoin(keys, keys.c.id == requests.c.key_id))
        .where(requests.c.created_at >= since, requests.c.created_at < until)
        .group_by(group, requests.c.currency)
    )
    if persona is not None:
        statement = statement.where(requests.c.persona == persona)
    found = await database.read(lambda connection: connection.execute(statement).all())
    names = sorted({row.group_name for row in found}, key=lambda name: (name is None, name))
    rows = tuple(_merged(name, [row for row in found if row.group_name == name]) for name in names)
    return UsageReport(since=since, until=until, persona=persona, by=by, rows=rows, total=_merged(None, found))


def _sums() -> tuple[ColumnElement[Any], ...]:
    ended = requests.c.status != STARTED
    return (
        func.count().label("requests"),
        *(_count(requests.c.status == status).label(status) for status in ("ok", "failed", "aborted", STARTED)),
        func.coalesce(func.sum(requests.c.prompt_tokens), 0).label("prompt_tokens"),
        func.coalesce(func.sum(requests.c.completion_tokens), 0).label("completion_tokens"),
        func.coalesce(func.sum(requests.c.seconds), 0.0).label("seconds"),
        func.coalesce(func.sum(requests.c.amount_nano), 0).label("amount_nano"),
        _count(requests.c.amount_nano.is_not(None)).label("priced"),
        _count(ended & requests.c.amount_nano.is_(None)).label("unpriced"),
    )


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))


def _merged(group: str | None, rows: Iterable[Row[Any]]) -> UsageRow:
    """One row of the report from one row a currency: different currencies are never added up."""
    rows = list(rows)
    priced = [row for row in rows if row.priced]
    currencies = {row.currency for row in priced if row.amount_nano}  # nothing is nothing in every currency
    unpriced = sum(row.unpriced for row in rows)
    comparable = bool(priced) and len(currencies) <= 1
    named = currencies or {row.currency for row in priced if row.currency}
    priced_amount = from_nano(sum(int(row.amount_nano) for row in priced)) if comparable else None
    return UsageRow(
        group=group,
        requests=sum(row.requests for row in rows),
        ok=sum(row.ok for row in rows),
        failed=sum(row.failed for row in rows),
        aborted=sum(row.aborted for row in rows),
        running=sum(row.started for row in rows),
        prompt_tokens=sum(int(row.prompt_tokens) for row in rows),
        completion_tokens=sum(int(row.completion_tokens) for row in rows),
        seconds=sum(row.seconds for row in rows),
        amount=priced_amount if not unpriced else None,
        currency=next(iter(named)) if comparable and len(named) == 1 else None,
        unpriced=unpriced,
        priced_amount=priced_amount,
    )
