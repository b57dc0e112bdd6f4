"""Promotion and rollback: on a person's word, and what the gate has decided, once and also after a kill."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from twin_data.configuration.home import TwinHome
from twin_data.contracts.errors import RegistryError
from twin_data.contracts.evaluation import GateDecision, Verdict
from twin_data.contracts.releases import Alias
from twin_data.registry import open_registry
from twin_data.registry.port import BundleRegistry, RegisteredBundle
from twin_data.registry.selection import holder


def promote(home: TwinHome, persona: str, bundle_id: str, *, by: str, reason: str) -> RegisteredBundle:
    """Make a bundle champion on a person's word, which is recorded beside what the gate had last said of it.

    Raises:
        RegistryError: There is no such bundle, or no name or no reason is given.
        IntegrityError: Its files are unsafe or not as they were registered; this no word overrides.
    """
    said = last_decision(home, persona, bundle_id)
    return open_registry(home).set_alias(
        persona, Alias.CHAMPION, bundle_id, reason=reason, decision=said, override_by=by
    )


def carry_out(registry: BundleRegistry, candidate: RegisteredBundle, decision: GateDecision) -> None:
    """Move the alias `champion`, if the gate says so and it is not there already.

    Raises:
        RegistryError: The decision was against a champion that has been replaced meanwhile.
    """
    if decision.verdict is Verdict.PROMOTE and Alias.CHAMPION not in candidate.aliases:
        reason = f"better than {decision.champion}" if decision.champion else "cleared the absolute bars"
        registry.set_alias(
            candidate.manifest.persona, Alias.CHAMPION, candidate.bundle_id, reason=reason, decision=decision
        )


def was_champion(registry: BundleRegistry, bundle: RegisteredBundle) -> bool:
    """Whether a bundle is or has been champion: then what the gate decided on it has been carried out, or overruled."""
    moves = registry.history(bundle.manifest.persona)
    return any(one.alias is Alias.CHAMPION and one.bundle == bundle.bundle_id for one in moves)


def is_over_live(registry: BundleRegistry, decision: GateDecision) -> bool:
    """Whether a decision was made against exactly the present champion, or without one where there is none."""
    live = holder(registry.bundles(decision.persona), Alias.CHAMPION)
    compared = {decision.champion, decision.unable_champion} - {None} or {None}
    return (live.bundle_id if live else None) in compared


def decision_by(home: TwinHome, persona: str, bundle_id: str, exam_digest: str) -> GateDecision | None:
    """What the gate said of a bundle by exactly this exam; None if nothing, or if it was killed while writing it."""
    from twin_eval.report import REPORT_JSON

    for path, said in _decisions(home, persona, bundle_id):
        is_whole = path.with_name(REPORT_JSON).is_file() or bool(said.stops)  # what was refused unasked has no report
        if said.exam_digest == exam_digest and is_whole:
            return said
    return None


def last_decision(home: TwinHome, persona: str, bundle_id: str) -> GateDecision | None:
    """What the gate said of a bundle the last time, on whichever questions; None if it was never asked."""
    return next((said for _, said in _decisions(home, persona, bundle_id)), None)


def _decisions(home: TwinHome, persona: str, bundle_id: str) -> Iterator[tuple[Path, GateDecision]]:
    """What the gate said of a bundle, one decision a question set, the newest first."""
    from twin_eval.report import DECISION_JSON  # takes a second to import, and most commands on bundles need none of it

    written = (home.evaluations / persona / bundle_id).glob(f"*/{DECISION_JSON}")
    for path in sorted(written, key=lambda one: one.stat().st_mtime_ns, reverse=True):
        try:
            yield path, GateDecision.model_validate_json(path.read_bytes())
        except ValidationError:
            continue  # of another release of this software: an older one will do


def taint(home: TwinHome, persona: str, bundle_id: str, *, reason: str) -> RegisteredBundle:
    """Mark a bundle as made of what may no longer be used: the gate rejects it from then on.

    Raises:
        RegistryError: There is no such bundle, or no reason is given.
    """
    return open_registry(home).taint(persona, bundle_id, reason=reason)


def rollback(home: TwinHome, persona: str, *, by: str, reason: str) -> RegisteredBundle:
    """Give the alias `champion` back to the bundle that had it before; once more, to the one before that.

    Raises:
        RegistryError: There is no former champion, all of them being rolled back from, or it has been tainted since.
    """
    registry = open_registry(home)
    former = registry.former_champion(persona)
    if former is None:
        raise RegistryError(
            f"{persona!r} has had no champion before this one, but for what was rolled back from",
            next_step=f"twin evaluate {persona} decides about the candidate",
        )
    if former.tainted:
        raise RegistryError(
            f"the former champion {former.manifest.model_name} is tainted: {former.tainted}",
            next_step=f"if it shall answer all the same: "
            f"twin promote {persona} {former.bundle_id} --override-by NAME --reason TEXT",
        )
    return registry.set_alias(persona, Alias.CHAMPION, former.bundle_id, reason=reason, override_by=by)
