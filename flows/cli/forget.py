"""`twin forget`: take a source or document back, and show that it is gone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.output import EXIT_FAILURE, JsonFlag, console, emit, is_attended, reports_errors, working_on
from flows.platform.settings import PlatformSettings
from twin_data.configuration.home import TwinHome
from twin_data.contracts.errors import ConfigurationError
from twin_data.contracts.forgetting import AbsenceProof, ForgetReceipt

if TYPE_CHECKING:
    from flows.forgetting.planning import ForgetPlan

MOST_SHOWN = 8


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("forget")(forget)


@reports_errors
def forget(
    persona: Annotated[
        str | None, typer.Argument(help="The persona's name; with --verify a receipt, or nothing for all of them.")
    ] = None,
    target: Annotated[
        str | None,
        typer.Argument(metavar="[SOURCE|DOCUMENT]", help="A source, a folder or file in one, or a document's id."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, and change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether it is meant.")] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Search every store again for what receipts say is gone.")
    ] = False,
    recipe: Annotated[
        str | None, typer.Option(help="Recipe to rebuild the rest by; that of the newest features if not given.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Forget a source or document everywhere: files, tables, index, caches, logs, datasets, adapters, answers.

    It cannot be undone. Bundles made of it are tainted, those trained on it lose their files, and if the champion is
    among them, bundle 0 of what is left answers in its place. Adding the same again is refused (twin add … --remember
    takes that back). A signed receipt says what was done and holds no word of it. Interrupted, run it again: it goes
    on. Exit code 1 if it is still found somewhere.

    Examples:
      twin forget ada letters --dry-run

      twin forget ada blog/2021-03-07-opening.md

      twin forget --verify
    """
    home, settings = TwinHome.from_environment(), PlatformSettings.from_environment()
    os.environ.update(settings.as_environment())
    if verify:
        _verify(home, settings, persona, as_json=as_json)
        return
    if persona is None:
        raise ConfigurationError("no persona was named", next_step="twin forget PERSONA SOURCE, or --verify")
    if dry_run:
        _show_plan(home, settings, persona, target, as_json=as_json)
        return
    if not yes and (as_json or not is_attended()):
        raise ConfigurationError(
            "forgetting cannot be undone, and nobody can be asked here",
            next_step="look at it with --dry-run, then run the same command with --yes",
        )
    from flows.forgetting.command import forget as forget_now  # takes seconds to import, like all that reads tables

    if not yes and not _agreed(home, settings, persona, target):
        console.print("nothing was changed")
        raise typer.Exit(EXIT_FAILURE)
    with working_on(f"forgetting {target or 'what was begun'}", quiet=as_json) as say:
        signed, path = forget_now(home, settings, persona, target, recipe, say)
    emit(signed, _receipt_text(signed.content, path), as_json=as_json)
    if not signed.content.proof.is_absent:
        raise typer.Exit(EXIT_FAILURE)


def _verify(home: TwinHome, settings: PlatformSettings, receipt: str | None, *, as_json: bool) -> None:
    from flows.forgetting.command import verify
    from flows.forgetting.receipts import named_receipt

    with working_on("verifying", quiet=as_json) as say:
        proofs = verify(home, settings, named_receipt(home, receipt) if receipt else None, say)
    rows = [
        {"receipt": one.receipt, "is_absent": proof.is_absent, **proof.model_dump(mode="json")} for one, proof in proofs
    ]
    emit({"verified": rows}, "\n".join(_proof_text(one, proof) for one, proof in proofs), as_json=as_json)
    if not all(proof.is_absent for _, proof in proofs):
        raise typer.Exit(EXIT_FAILURE)


def _show_plan(home: TwinHome, settings: PlatformSettings, persona: str, target: str | None, *, as_json: bool) -> None:
    if target is None:
        raise ConfigurationError("no source or document was named", next_step=f"twin forget {persona} SOURCE --dry-run")
    from flows.forgetting.command import plan_only

    with working_on(f"looking for {target}", quiet=as_json) as say:
        planned = plan_only(home, settings, persona, target, say)
    emit(planned.plan, f"{_plan_text(planned.plan)}\nnothing was changed", as_json=as_json)


def _agreed(home: TwinHome, settings: PlatformSettings, persona: str, target: str | None) -> bool:
    """Show what would go, and ask; what was begun was agreed to before."""
    if target is None:
        return typer.confirm(f"Go on forgetting what was begun of {persona}?")
    _show_plan(home, settings, persona, target, as_json=False)
    return typer.confirm("Forget it? This cannot be undone.")


def _plan_text(plan: ForgetPlan) -> str:
    lines = [
        f"{plan.persona}: {len(plan.documents):,} documents, {plan.words:,} words, {len(plan.files):,} files",
        f"  {_listed(plan.documents)}",
        f"found in: {', '.join(f'{count} {name}' for name, count in plan.stores.items()) or 'the sources alone'}",
        f"bundles made of it: {_listed(plan.bundles) or 'none'}",
    ]
    if plan.withdrawn:
        lines.append(f"trained on it or showing it, so that their files go: {_listed(plan.withdrawn)}")
    if plan.champion_is_affected:
        lines.append(f"the champion {plan.champion} is among them: bundle 0 of what is left answers in its place")
    if plan.sharing:
        lines.append(f"these stay and say much of the same, forget them too if they should go: {_listed(plan.sharing)}")
    if plan.unprovable:
        lines.append(f"these say nothing of their own that could be searched for: {_listed(plan.unprovable)}")
    return "\n".join(lines)


def _receipt_text(content: ForgetReceipt, path: Path) -> str:
    lines = [f"forgotten: {len(content.documents):,} documents of {content.persona}"]
    lines += [f"  {one.store}: {one.items:,} {one.what}" for one in content.stores]
    tainted = ", ".join(f"{one.bundle} ({'withdrawn' if one.withdrawn else 'tainted'})" for one in content.bundles)
    lines += [f"bundles: {tainted}"] if tainted else []
    if content.champion_before != content.champion_after:
        lines.append(f"champion: {content.champion_after} in the place of {content.champion_before}")
    elif content.champion_after in {one.bundle for one in content.bundles}:
        lines.append(f"champion: {content.champion_after} stays, as nothing is left that could answer in its place")
    lines += [f"TO DO: {one.kind} {one.place}: {one.todo}" for one in content.left_to_user]
    lines += [_proof_text(content, content.proof), f"receipt: {path}"]
    if content.bundles:
        lines.append(f"next: twin evaluate {content.persona}, or twin train {content.persona} for a voice again")
    return "\n".join(lines)


def _proof_text(content: ForgetReceipt, proof: AbsenceProof) -> str:
    files, size = sum(one.files for one in proof.stores), sum(one.bytes for one in proof.stores)
    verdict = "absent" if proof.is_absent else "NOT PROVEN ABSENT"
    lines = [f"{content.receipt}: {verdict} ({files:,} files, {size / 1e6:,.1f} MB searched)"]
    lines += [f"  still in {one.store}: {place}" for one in proof.stores for place in one.found]
    return "\n".join([*lines, *(f"  not searched: {one}" for one in proof.not_searched)])


def _listed(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - MOST_SHOWN:,} more" if len(names) > MOST_SHOWN else ""
    return ", ".join(names[:MOST_SHOWN]) + more
