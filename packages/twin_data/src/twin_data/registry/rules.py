"""Who may become champion, and what is remembered of each move of an alias. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from twin_data.contracts.base import Contract
from twin_data.contracts.errors import IntegrityError, RegistryError
from twin_data.contracts.evaluation import GateDecision, Verdict
from twin_data.contracts.releases import Alias

REGISTERED = "registered"


class AliasChange(Contract):
    """One move of an alias to a bundle."""

    alias: Alias
    bundle: str
    at: datetime
    reason: str
    verdict: Verdict | None = None
    """What the gate had said, if it was asked."""
    gate_reasons: tuple[str, ...] = ()
    override_by: str | None = None
    """Who took it on themselves, if the gate had not said `promote`."""


def check_change(
    persona: str,
    alias: Alias,
    bundle_id: str,
    *,
    reason: str,
    decision: GateDecision | None = None,
    override_by: str | None = None,
    live: str | None = None,
    tainted: str | None = None,
    is_yardstick: bool = False,
    at: datetime | None = None,
) -> AliasChange:
    """The record of an alias's move, if the move is allowed.

    `champion` takes the gate's decision to promote this very bundle over the bundle that is live now, or a person who
    overrides it.

    Args:
        persona: Whose alias.
        alias: Which.
        bundle_id: Where it is to point.
        reason: Why.
        decision: What the gate said.
        override_by: Who takes it on themselves.
        live: The bundle that is champion at this moment.
        tainted: Why the bundle may no longer be used, if so.
        is_yardstick: Whether its drafts are written by a reference model behind an endpoint. It takes no alias, on
            nobody's word: what it says changes without anything here having changed.
        at: When; now, if not given.

    Raises:
        RegistryError: It is not allowed, or no reason is given.
    """
    if not reason.strip():
        raise RegistryError(f"alias {alias} of {persona} may not move without a reason", next_step="give a reason")
    if is_yardstick:
        raise RegistryError(
            f"bundle {bundle_id} of {persona} may not become {alias}: its drafts are written by a reference model "
            "behind an endpoint, which is there to be measured against",
            next_step=f"name a bundle of the twin's own: twin bundles {persona}",
        )
    author = (override_by or "").strip() or None
    objection = _objection(persona, bundle_id, decision, live) or (f"it is tainted: {tainted}" if tainted else "")
    if alias is Alias.CHAMPION and author is None and objection:
        raise RegistryError(
            f"bundle {bundle_id} of {persona} may not become champion: {objection}",
            next_step=f"run `twin evaluate {persona}`, or override with your name and a reason",
        )
    return AliasChange(
        alias=alias,
        bundle=bundle_id,
        at=at or datetime.now(UTC),
        reason=reason.strip(),
        verdict=decision.verdict if decision else None,
        gate_reasons=decision.reasons if decision else (),
        override_by=author,
    )


def _objection(persona: str, bundle_id: str, decision: GateDecision | None, live: str | None) -> str:
    if decision is None:
        return "the gate has not decided on it"
    if (decision.persona, decision.bundle) != (persona, bundle_id):
        return f"the gate's decision is about bundle {decision.bundle} of {decision.persona}"
    if decision.verdict is not Verdict.PROMOTE:
        return f"the gate said {decision.verdict}: {'; '.join(decision.reasons) or 'no reasons given'}"
    if live not in {None, bundle_id, decision.champion, decision.unable_champion}:
        return f"the gate compared it with {decision.champion or 'no champion'}, and {live} is champion now"
    return ""


def check_taint(persona: str, bundle_id: str, reason: str) -> str:
    """The reason for a taint as it is recorded.

    Raises:
        RegistryError: There is none.
    """
    if not reason.strip():
        raise RegistryError(
            f"bundle {bundle_id} of {persona} may not be tainted without a reason", next_step="give one"
        )
    return reason.strip()


def check_discard(persona: str, bundle_id: str, manifest: Callable[[], object]) -> None:
    """Let a bundle go only if its manifest cannot be read.

    Args:
        persona: Whose bundle.
        bundle_id: Which.
        manifest: Reads it; an IntegrityError means that it is lost or damaged.

    Raises:
        RegistryError: It can be read.
    """
    try:
        manifest()
    except IntegrityError:
        return
    raise RegistryError(
        f"bundle {bundle_id} of {persona} can be read and stays: bundles are kept for ever",
        next_step=f"if it may no longer be used: twin taint {persona} {bundle_id} --reason TEXT",
    )


def former_champion_id(changes: Iterable[AliasChange]) -> str | None:
    """The bundle that was champion before the present one and was not rolled back from; None if there is none.

    A person who makes an earlier champion champion again goes back to it: whatever had come after it was found wanting,
    and a further step back leads to what came before it. The gate's promotion of an earlier champion is a step ahead.
    """
    line: list[str] = []
    for change in in_order(changes):
        if change.alias is not Alias.CHAMPION or line[-1:] == [change.bundle]:
            continue
        if change.override_by is not None and change.bundle in line:
            while line[-1] != change.bundle:
                line.pop()
        else:
            line.append(change.bundle)
    return line[-2] if len(line) > 1 else None


def in_order(changes: Iterable[AliasChange]) -> tuple[AliasChange, ...]:
    """Moves, oldest first."""
    return tuple(sorted(changes, key=lambda change: change.at))


def moves_made(changes: Iterable[AliasChange], live: str | None) -> tuple[AliasChange, ...]:
    """Moves, oldest first, without those to `champion` that were recorded last and that a kill kept from being made.

    Args:
        changes: Every record of a move.
        live: The bundle that is champion; None if none is.
    """
    recorded = in_order(changes)
    champions = [change for change in recorded if change.alias is Alias.CHAMPION]
    while champions and champions[-1].bundle != live:
        champions.pop()
    return tuple(change for change in recorded if change.alias is not Alias.CHAMPION or change in champions)
