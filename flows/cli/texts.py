"""`twin forget-texts`: delete what users asked and what they were answered."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.engine import make_url

from flows.cli.output import EXIT_FAILURE, JsonFlag, console, emit, is_attended, reports_errors, working_on
from flows.platform.home_schema import open_home
from twin_data.configuration.home import TwinHome, check_persona_name
from twin_data.contracts.errors import ConfigurationError
from twin_serve.ledger.database import opened_database, url_of
from twin_serve.ledger.texts import count_texts, delete_texts

LEFT = (
    "not reached: backups, questions that `twin questions from-failures` or people wrote into the persona's files, "
    "and what the applications that asked keep themselves"
)


def register(app: typer.Typer) -> None:
    """Add `forget-texts` to the `twin` command."""
    app.command("forget-texts")(forget_texts)


@reports_errors
def forget_texts(
    persona: Annotated[str | None, typer.Argument(help="Only what this twin was asked; all if left out.")] = None,
    user: Annotated[str | None, typer.Option(help="Only what this user asked, by the name that requests gave.")] = None,
    before: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only what was asked before this day, UTC.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether it is meant.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Delete questions and answers from the ledger; requests, tokens and money stay.

    With --user the name goes from the requests, too, so that `twin usage --by user` no longer lists it. It cannot be
    undone. `monitoring.keep_texts_days` in the recipe does the same by age, every hour.

    Examples:
      twin forget-texts --user u-4711

      twin forget-texts ada --before 2026-01-01
    """
    if user is None and before is None:
        raise ConfigurationError("nothing says which texts are meant", next_step="give --user NAME or --before DAY")
    if persona is not None:
        check_persona_name(persona)
    home = open_home(TwinHome.from_environment())
    moment = before.replace(tzinfo=UTC) if before else None
    found = asyncio.run(_count(home, persona, user, moment))
    if not yes:
        _require_consent(found, as_json=as_json)
    with working_on("deleting", quiet=as_json):
        deleted = asyncio.run(_delete(home, persona, user, moment))
        _leave_no_trace(url_of(home))
    emit({"deleted": deleted}, f"deleted: {deleted:,} questions and answers\n{LEFT}", as_json=as_json)


def _require_consent(found: int, *, as_json: bool) -> None:
    if as_json or not is_attended():
        raise ConfigurationError(
            f"{found:,} questions and answers would be deleted for good, and nobody can be asked here",
            next_step="run the same command with --yes",
        )
    if not typer.confirm(f"Delete {found:,} questions and answers? This cannot be undone."):
        console.print("nothing was changed")
        raise typer.Exit(EXIT_FAILURE)


async def _count(home: TwinHome, persona: str | None, user: str | None, before: datetime | None) -> int:
    async with opened_database(url_of(home)) as database:
        return await count_texts(database, persona=persona, user=user, before=before)


async def _delete(home: TwinHome, persona: str | None, user: str | None, before: datetime | None) -> int:
    async with opened_database(url_of(home)) as database:
        return await delete_texts(database, persona=persona, user=user, before=before)


def _leave_no_trace(url: str) -> None:
    """SQLite keeps deleted rows in its write-ahead log for a while; a Postgres is its administrator's."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        from flows.forgetting.databases import compact_file  # what it reads tables with takes seconds to import

        compact_file(Path(str(parsed.database)))
