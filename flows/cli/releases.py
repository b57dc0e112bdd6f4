"""`twin promote | rollback | taint | bundles`: which bundle answers for a persona."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

from flows.cli.output import EXIT_FAILURE, JsonFlag, emit, report_error, reports_errors
from flows.cli.personas import PersonaArgument
from flows.promotion import promote as promote_bundle
from flows.promotion import rollback as roll_back
from flows.promotion import taint as taint_bundle
from twin_data.configuration.home import TwinHome
from twin_data.configuration.persona import load_persona
from twin_data.contracts.releases import Alias
from twin_data.registry import open_registry
from twin_data.registry.port import RegisteredBundle
from twin_data.registry.selection import holder

ReasonOption = Annotated[str, typer.Option(help="Why; it is recorded with your name.")]


def register(app: typer.Typer) -> None:
    """Add the commands on release bundles."""
    app.command("promote")(promote)
    app.command("rollback")(rollback)
    app.command("taint")(taint)
    app.command("bundles")(bundles)


@reports_errors
def promote(
    persona: PersonaArgument,
    bundle: Annotated[str, typer.Argument(help="Bundle id, as `twin bundles PERSONA` shows it.")],
    reason: ReasonOption,
    override_by: Annotated[str | None, typer.Option(help="Who answers for it; your login name if not given.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Make a bundle champion against the gate or before it; the service feels it within seconds, without a restart.

    Name, reason and what the gate had said are recorded. A bundle with unsafe or changed files is refused all the same.

    Example:
      twin promote sample 0123456789ab --override-by "Grace Hopper" --reason "read fifty answers of both"
    """
    by = getpass.getuser() if override_by is None else override_by
    promoted = promote_bundle(TwinHome.from_environment(), persona, bundle, by=by, reason=reason)
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
def taint(
    persona: PersonaArgument,
    bundle: Annotated[str, typer.Argument(help="Bundle id, as `twin bundles PERSONA` shows it.")],
    reason: Annotated[str, typer.Option(help="Why; it is recorded, and the gate repeats it.")],
    as_json: JsonFlag = False,
) -> None:
    """Mark a bundle as made of what may no longer be used. The gate rejects it from then on; it is not taken down.

    Example:
      twin taint sample 0123456789ab --reason "the letters were withdrawn"
    """
    tainted = taint_bundle(TwinHome.from_environment(), persona, bundle, reason=reason)
    next_step = f"; it is live: twin rollback {persona}" if Alias.CHAMPION in tainted.aliases else ""
    emit(_described(tainted), f"{tainted.manifest.model_name} is tainted{next_step}", as_json=as_json)


@reports_errors
def bundles(
    persona: PersonaArgument,
    discard: Annotated[
        str | None,
        typer.Option(help="Give up a bundle whose manifest is lost or damaged, and which therefore stops commands."),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """List the persona's bundles, oldest first, and where their model cards are: with --json of each of them.

    What was trained names its seed, and a training of the same under another seed the bundle that it is to tell of.
    Bundles that are damaged are named after the others, with what to do; the exit code is 1 then. With --discard one of
    them is given up, files and all; one that can be read is never.

    Example:
      twin bundles sample
    """
    home = TwinHome.from_environment()
    if discard is not None:
        open_registry(home).discard(persona, discard)
    listed = open_registry(home).readable(persona)
    found = listed.found
    if not found and not listed.damaged:
        load_persona(home, persona)  # an unknown name is an error, not a persona without bundles
    lines = [
        f"{one.bundle_id}  {one.manifest.rung:<18} {', '.join(alias.value for alias in one.aliases) or '-':<20} "
        f"{'  '.join(part for part in (one.manifest.label, _seeds(one), _taint(one)) if part)}".rstrip()
        for one in found
    ]
    shown = holder(found, Alias.CHAMPION) or next(reversed(found), None)
    if shown and shown.card.is_file():
        lines.append(f"model card of {shown.bundle_id}: {shown.card}")
    rows: dict[str, object] = {"bundles": [_described(one) for one in found]}
    if listed.damaged:
        rows["damaged"] = [{"message": one.message, "next_step": one.next_step} for one in listed.damaged]
    none = "no bundle can be read" if listed.damaged else f"no bundles yet; next: twin features {persona}"
    emit(rows, "\n".join(lines) or none, as_json=as_json)
    for error in () if as_json else listed.damaged:
        report_error(error, as_json=False)
    if listed.damaged:
        raise typer.Exit(EXIT_FAILURE)


def _seeds(bundle: RegisteredBundle) -> str:
    lineage = bundle.manifest.lineage
    seeds = "/".join(dict.fromkeys(str(record.seed) for record in lineage.training))
    beside = f", the training of {lineage.seed_sibling_of} again" if lineage.seed_sibling_of else ""
    return f"seed {seeds}{beside}" if seeds else ""


def _taint(bundle: RegisteredBundle) -> str:
    return f"tainted: {bundle.tainted}" if bundle.tainted else ""


def _described(bundle: RegisteredBundle) -> dict[str, object]:
    return {
        "persona": bundle.manifest.persona,
        "bundle": bundle.bundle_id,
        "rung": bundle.manifest.rung,
        "aliases": [alias.value for alias in bundle.aliases],
        "label": bundle.manifest.label,
        "seeds": {record.stage.value: record.seed for record in bundle.manifest.lineage.training},
        "seed_sibling_of": bundle.manifest.lineage.seed_sibling_of,
        "tainted": bundle.tainted,
        "folder": str(bundle.folder),
        "card": str(bundle.card),
    }
