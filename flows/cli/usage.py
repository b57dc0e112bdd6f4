"""`twin usage`: what the twins were asked and what it cost."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.cells import cell_len

from flows.cli.output import JsonFlag, emit, reports_errors
from flows.platform.home_schema import open_home
from twin_data.configuration.home import TwinHome, check_persona_name
from twin_data.contracts.errors import ConfigurationError
from twin_serve.ledger.database import opened_database, url_of
from twin_serve.ledger.usage import GroupBy, UsageReport, UsageRow
from twin_serve.ledger.usage import usage as sum_usage

HEADER = ("requests", "ok", "failed", "aborted", "running", "tokens in", "tokens out", "seconds", "cost")


def register(app: typer.Typer) -> None:
    """Add `usage` to the `twin` command."""
    app.command("usage", epilog="Example: twin usage ada --by feature --since 2026-11-01")(usage)


@reports_errors
def usage(
    persona: Annotated[str | None, typer.Argument(help="Only this twin; all if left out.")] = None,
    by: Annotated[GroupBy, typer.Option(help="What a line stands for.")] = GroupBy.TWIN,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day, UTC; the first of this month if left out.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day, UTC; today if left out.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Show requests, tokens, seconds and money, failed and aborted requests included."""
    if persona is not None:
        check_persona_name(persona)
    first, end = _period(since, until, datetime.now(UTC))
    home = open_home(TwinHome.from_environment())
    report = asyncio.run(_read(home, first, end, by, persona))
    emit(report, render(report), as_json=as_json)


async def _read(home: TwinHome, since: datetime, until: datetime, by: GroupBy, persona: str | None) -> UsageReport:
    async with opened_database(url_of(home)) as database:
        return await sum_usage(database, since=since, until=until, by=by, persona=persona)


def _period(since: datetime | None, until: datetime | None, now: datetime) -> tuple[datetime, datetime]:
    """The half-open period of the two days, both included."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    first = since.replace(tzinfo=UTC) if since else midnight.replace(day=1)
    last = until.replace(tzinfo=UTC) if until else max(midnight, first)
    if last < first:
        raise ConfigurationError(
            f"--until {last:%Y-%m-%d} lies before --since {first:%Y-%m-%d}", next_step="swap the two days"
        )
    return first, last + timedelta(days=1)


def render(report: UsageReport) -> str:
    """The report as a table."""
    last = report.until - timedelta(days=1)
    title = f"usage of {report.persona or 'all twins'}, {report.since:%Y-%m-%d} to {last:%Y-%m-%d} (UTC)"
    if not report.rows:
        return f"{title}: no requests"
    lines = [(report.by.value, *HEADER), *(_cells(row, _shown(row.group)) for row in report.rows)]
    if len(report.rows) > 1:
        lines.append(_cells(report.total, "total"))
    table = align(lines)
    if report.total.unpriced:
        table += (
            f"\n{report.total.unpriced} of {report.total.requests} requests have no known price: "
            "set price.per_hour in the recipe to know what later ones cost"
        )
    return f"{title}\n{table}"


def align(lines: Sequence[Sequence[str]]) -> str:
    """Columns of equal width on a screen, where some letters take two cells: the first to the left, others right."""
    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]

    def padded(cell: str, width: int, *, left: bool) -> str:
        blank = " " * (width - cell_len(cell))
        return cell + blank if left else blank + cell

    return "\n".join(
        "  ".join(
            padded(cell, width, left=not position)
            for position, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _shown(group: str | None) -> str:
    """A group's name for a terminal. Callers choose it: none of its characters may break a line or steer the screen."""
    if group is None:
        return "(none)"
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in group)


def _cells(row: UsageRow, name: str) -> tuple[str, ...]:
    counts = (row.requests, row.ok, row.failed, row.aborted, row.running, row.prompt_tokens, row.completion_tokens)
    return (name, *(f"{count:,}" for count in counts), f"{row.seconds:,.1f}", _money(row))


def _money(row: UsageRow) -> str:
    if row.amount is not None:
        return f"{row.amount:,.4f} {row.currency or ''}".rstrip()
    if row.priced_amount is not None:
        return f"unknown (> {row.priced_amount:,.4f}{f' {row.currency}' if row.currency else ''})"
    return "unknown" if row.unpriced else "–"
