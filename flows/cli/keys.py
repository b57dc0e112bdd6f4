"""`twin keys`: who may ask, how often, and for how much."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, TypeVar

import typer

from flows.cli.output import JsonFlag, emit, reports_errors
from flows.platform.home_schema import open_home
from twin_data.configuration.home import TwinHome
from twin_data.configuration.persona import load_persona
from twin_serve.ledger import keys
from twin_serve.ledger.database import Database, opened_database, url_of
from twin_serve.ledger.key_cache import TTL_S
from twin_serve.ledger.records import KeyLimits, KeyRecord, KeyUse

Result = TypeVar("Result")


def register(app: typer.Typer) -> None:
    """Add `keys` to the `twin` command."""
    group = typer.Typer(help="Make, list and revoke API keys of the business service.", no_args_is_help=True)
    group.command("create", epilog="Example: twin keys create newsletter --budget-calls 1000 --rpm 30")(create)
    group.command("list", epilog="Example: twin keys list --json")(list_all)
    group.command("revoke", epilog="Example: twin keys revoke newsletter")(revoke)
    app.add_typer(group, name="keys")


@reports_errors
def create(
    name: Annotated[str, typer.Argument(help="What the key is for; names it in the ledger.")],
    budget_calls: Annotated[int | None, typer.Option(help="Calls in each calendar month (UTC).")] = None,
    budget_amount: Annotated[
        float | None, typer.Option(help="Money in each calendar month (UTC), in the recipe's currency.")
    ] = None,
    rpm: Annotated[int | None, typer.Option(help="Requests in any 60 seconds.")] = None,
    persona: Annotated[list[str] | None, typer.Option(help="The only twin that it opens; may be given again.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Make a key and show it, this once."""
    home = open_home(TwinHome.from_environment())
    personas = tuple(load_persona(home, one).name for one in persona) if persona else None

    async def make(database: Database) -> tuple[KeyRecord, str]:
        return await keys.create_key(
            database,
            name,
            budget_amount=budget_amount,
            budget_calls=budget_calls,
            requests_per_minute=rpm,
            personas=personas,
        )

    record, plaintext = _with_database(home, make)
    emit(
        {"key": plaintext, **record.model_dump(mode="json")},
        f"{plaintext}\n\nThis is the key {record.name!r} ({record.id}; {_limits(record.limits)}). "
        "It is not shown again.\nSend it as 'Authorization: Bearer KEY', or give it to the openai client as api_key.",
        as_json=as_json,
    )


@reports_errors
def list_all(as_json: JsonFlag = False) -> None:
    """List the keys, revoked ones too, and what they have used up this month. The keys themselves are not stored."""
    now = datetime.now(UTC)

    async def read(database: Database) -> tuple[tuple[KeyRecord, ...], dict[str, KeyUse]]:
        return await keys.list_keys(database), await keys.used_in_month(database, now)

    records, used = _with_database(open_home(TwinHome.from_environment()), read)
    rows = [(record, used.get(record.id, KeyUse())) for record in records]
    emit(
        {"keys": [{**record.model_dump(mode="json"), "used": use.model_dump(mode="json")} for record, use in rows]},
        "\n".join(_line(record, use) for record, use in rows) or "no keys yet; make one: twin keys create NAME",
        as_json=as_json,
    )


@reports_errors
def revoke(
    name: Annotated[str, typer.Argument(help="The key's name or id, not the key.")],
    as_json: JsonFlag = False,
) -> None:
    """Revoke a key: within two seconds it opens nothing any more. Its rows stay in the ledger."""

    async def end(database: Database) -> KeyRecord:
        return await keys.revoke_key(database, name)

    record = _with_database(open_home(TwinHome.from_environment()), end)
    text = f"revoked {record.name!r} ({record.id}); a running service heeds it within {TTL_S:g} s"
    emit(record, text, as_json=as_json)


def _with_database(home: TwinHome, work: Callable[[Database], Awaitable[Result]]) -> Result:
    async def run() -> Result:
        async with opened_database(url_of(home)) as database:
            return await work(database)

    return asyncio.run(run())


def _line(record: KeyRecord, use: KeyUse) -> str:
    state = f"revoked {record.revoked_at:%Y-%m-%d}" if record.revoked_at else _limits(record.limits, use)
    return f"{record.name}  {record.id}  made {record.created_at:%Y-%m-%d}  {state}"


def _limits(limits: KeyLimits, use: KeyUse | None = None) -> str:
    """The limits in words, and with `use` how much of the budgets is used up this month."""
    calls = f" ({use.calls} used)" if use else ""
    amount = f" ({use.spent:.4f} spent, {use.reserved:.4f} reserved)" if use else ""
    parts = [
        f"{limits.budget_calls} calls a month{calls}" if limits.budget_calls is not None else "",
        f"{limits.budget_amount:g} a month{amount}" if limits.budget_amount is not None else "",
        f"{limits.requests_per_minute} requests a minute" if limits.requests_per_minute is not None else "",
        f"only {', '.join(limits.personas)}" if limits.personas is not None else "",
    ]
    return ", ".join(part for part in parts if part) or "no limits"
