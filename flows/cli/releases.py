"""`twin promote | rollback | bundles`: which bundle answers for a persona."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

from flows.cli.output import JsonFlag, emit, reports_errors
from flows.cli.personas import PersonaArgument
from flows.promotion import promote as promote_bundle
from flows.promotion import rollback as roll_back
from twin_data.configuration.home import TwinHome
from twin_data.registry import open_registry
from twin_data.registry.port import RegisteredBundle

ReasonOption = Annotated[str, typer.Option(help="Why; it is recorded with your name.")]


def register(app: typer.Typer) -> None:
    """Add the commands on release bundles."""
    app.command("promote")(promote)
    app.command("rollback")(rollback)
    app.command("bundles")(bundles)


@reports_errors
def promote(
    persona: PersonaArgument,
    bundle: Annotated[str, typer.Argument(help="Bundle id, as `twin bundles PERSONA` shows it.")],
    reason: ReasonOption,
    as_json: JsonFlag = False,
) -> None:
    """Make a bundle champion against the gate or before it; the service feels it within seconds, without a restart.

    Example:
      twin promote sample 0123456789ab --reason "read fifty answers of both"
    """
    promoted = promote_bundle(TwinHome.from_environment(), persona, bundle, by=getpass.getuser(), reason=reason)
    emit(_described(promoted), f"{promoted.manifest.model_name} is champion", as_json=as_json)


@reports_errors
def rollback(persona: PersonaArgument, reason: ReasonOption = "rolled back by hand", as_json: JsonFlag = False) -> None:
    """Give the persona back to the champion before the present one, at once.

    Example:
      twin rollback sample --reason "invents dates"
    """
    former = roll_back(TwinHome.from_environment(), persona, by=getpass.getuser(), reason=reason)
    emit(_described(former), f"{former.manifest.model_name} is champion again", as_json=as_json)


@reports_errors
def bundles(persona: PersonaArgument, as_json: JsonFlag = False) -> None:
    """List the persona's bundles, oldest first.

    Example:
      twin bundles sample
    """
    found = open_registry(TwinHome.from_environment()).bundles(persona)
    lines = [
        f"{one.bundle_id}  {one.manifest.rung:<18} {', '.join(alias.value for alias in one.aliases) or '-':<20} "
        f"{one.manifest.label}"
        for one in found
    ]
    rows = {"bundles": [_described(one) for one in found]}
    emit(rows, "\n".join(lines) or f"no bundles yet; next: twin features {persona}", as_json=as_json)


def _described(bundle: RegisteredBundle) -> dict[str, object]:
    return {
        "persona": bundle.manifest.persona,
        "bundle": bundle.bundle_id,
        "rung": bundle.manifest.rung,
        "aliases": [alias.value for alias in bundle.aliases],
        "label": bundle.manifest.label,
        "folder": str(bundle.folder),
    }
