"""`refresh-twin`: features → verdict → is it needed → datasets → training → gate → promotion, or an early end."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from typing import Any

from prefect import flow

from flows.build_features import build_features
from flows.bundles import newest_base_bundle
from flows.evaluate_twin import evaluate_twin
from flows.exam_files import rubric_of
from flows.exam_questions import renew_questions
from flows.exams import exam_digest
from flows.promotion import carry_out, decision_by, is_over_live, was_champion
from flows.recipes import DEFAULT_RECIPE, Recipe, load_recipe
from flows.reporting import report
from flows.train_twin import train_twin
from flows.turns import refresh_turn
from flows.verdicts import objections_to_training
from twin_data.configuration.home import TwinHome
from twin_data.configuration.rubric import Rubric
from twin_data.contracts.evaluation import EvaluationReport, Verdict
from twin_data.contracts.releases import TRAINED, Alias, Rung
from twin_data.registry import open_registry
from twin_data.registry.port import RegisteredBundle
from twin_data.registry.selection import holder
from twin_eval import gate
from twin_eval.report import newest_ladder
from twin_train.training_code import training_code

BELOW_RETRIEVAL = (Rung.PROMPT, Rung.FEW_SHOT)


class Ending(StrEnum):
    """How a refresh ended."""

    NOTHING_CHANGED = "nothing changed"
    NOT_ADVISABLE = "training not advisable"
    NOT_NEEDED = "training not needed"
    PROMOTED = "promoted"
    KEPT = "the champion stays"


@flow(name="refresh-twin", flow_run_name="refresh-twin-{persona}", log_prints=False)
def refresh_twin(
    persona: str, recipe: str = DEFAULT_RECIPE, reason: str = "scheduled", override_reason: str | None = None
) -> dict[str, Any]:
    """Rebuild the twin from its sources if anything has changed and training is advisable and needed.

    Args:
        persona: A persona of `$TWIN_HOME`.
        recipe: Name or path of a recipe.
        reason: Why now; it is recorded.
        override_reason: Train although the corpus or the rubric speaks against it; recorded in the bundle.

    Returns:
        How it ended, with what each step found, as plain JSON.
    """
    home, chosen = TwinHome.from_environment(), load_recipe(recipe)
    with refresh_turn(home, persona):
        return _refreshed(home, persona, recipe, chosen, reason, override_reason)


def _refreshed(
    home: TwinHome, persona: str, recipe: str, chosen: Recipe, reason: str, override_reason: str | None
) -> dict[str, Any]:
    """The refresh itself, of a persona that nobody else refreshes meanwhile."""
    report(f"refresh of {persona}: {reason}")
    features = build_features(persona, recipe)
    base = newest_base_bundle(home, persona)
    if renewed := renew_questions(home, persona):
        report(f"questions: the corpus or the rules have changed, so {renewed.questions} were generated anew")
    if trained := _trained_on(home, base, chosen):
        return _already_trained(home, trained, recipe, features)
    open_registry(home).resolve(persona, bundle_id=base.bundle_id)  # nothing is trained on a damaged one
    rungs = asyncio.run(evaluate_twin(persona, recipe, base.bundle_id))
    if not override_reason:
        if objections := objections_to_training(features["verdict"]):
            return _ended(Ending.NOT_ADVISABLE, "; ".join(objections), features, rungs)
        if not _was_trained(home, persona) and (reached := _reached_targets(home, base, rungs["report"])):
            return _ended(Ending.NOT_NEEDED, reached, features, rungs)
    bundle = train_twin(persona, recipe, override_reason)
    return _judged(persona, bundle["bundle"], recipe, features, bundle)


def _already_trained(
    home: TwinHome, trained: RegisteredBundle, recipe: str, features: dict[str, Any]
) -> dict[str, Any]:
    """What is left to do about a bundle that the gate has seen: nothing, a promotion that a kill prevented, or an exam.

    A decision on fewer questions than were asked is none to stay with: what the endpoint failed on, with the champion
    as with the candidate, is asked again.
    One that is champion, or was until somebody decided otherwise, is left alone whatever the exam is.
    """
    registry, manifest = open_registry(home), trained.manifest
    same = f"{manifest.model_name} is made of the same"
    if was_champion(registry, trained):
        return _ended(Ending.NOTHING_CHANGED, same, features)
    exam = exam_digest(home, manifest.persona, load_recipe(recipe))
    said = decision_by(home, manifest.persona, trained.bundle_id, exam)
    if said is None:
        report(f"{same}, but questions, bars, index or code have changed since it was judged: it is judged again")
        return _judged(manifest.persona, trained.bundle_id, recipe, features)
    if said.verdict is not Verdict.PROMOTE:
        if not said.stops and said.failed_questions:
            report(f"{same}, but some questions failed when it was judged: they are asked again")
            return _judged(manifest.persona, trained.bundle_id, recipe, features)
        return _ended(Ending.NOTHING_CHANGED, f"{same}, and so is its exam", features)
    if not is_over_live(registry, said):
        report(f"{same}, but was judged against another champion: it is judged again")
        return _judged(manifest.persona, trained.bundle_id, recipe, features)
    carry_out(registry, trained, said)
    why = f"{manifest.model_name}: decided before, and not carried out till now: {'; '.join(said.reasons)}"
    return _ended(Ending.PROMOTED, why, features)


def _judged(
    persona: str, bundle: str, recipe: str, features: dict[str, Any], training: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Let the gate decide on a trained bundle."""
    judged = asyncio.run(evaluate_twin(persona, recipe, bundle))
    promoted = judged["decision"]["verdict"] == Verdict.PROMOTE
    why = "; ".join(judged["decision"]["reasons"])
    return _ended(Ending.PROMOTED if promoted else Ending.KEPT, why, features, judged, training)


def _trained_on(home: TwinHome, base: RegisteredBundle, recipe: Recipe) -> RegisteredBundle | None:
    """The newest fully trained bundle of the same features, recipe, code and persona that the gate has seen, if any."""
    wanted = base.manifest.lineage
    last = Rung.DPO if recipe.training.dpo.enabled else Rung.SFT
    for bundle in reversed(open_registry(home).bundles(base.manifest.persona)):
        lineage = bundle.manifest.lineage
        same = (lineage.features_digest, lineage.recipe_digest, lineage.code_digest, lineage.persona_digest) == (
            wanted.features_digest, wanted.recipe_digest, wanted.code_digest, wanted.persona_digest
        )  # fmt: skip
        same = same and all(one.code == training_code() for one in lineage.training)
        same = same and lineage.seed_sibling_of is None  # it would be judged in the place of what is there to be used
        if bundle.manifest.rung is last and same and not bundle.tainted and _was_judged(home, bundle):
            return bundle
    return None


def _reached_targets(home: TwinHome, base: RegisteredBundle, report_of_base: dict[str, Any]) -> str:
    """The rung below training that is shown to reach every target of the persona's rubric; empty if none is."""
    judged = EvaluationReport.model_validate(report_of_base)
    rubric = rubric_of(home, base.manifest.persona)
    if cheaper := _on_target_below(home, base, judged.questions_digest, rubric):
        return cheaper
    reached, figures = gate.reaches_targets(judged, rubric)
    told = "; ".join(figures) or "the rubric names none"
    if reached:
        return f"base and retrieval are shown to reach the targets: {told}"
    report(f"base and retrieval are not shown to reach the targets: {told}")
    return ""


def _on_target_below(home: TwinHome, base: RegisteredBundle, questions: str, rubric: Rubric) -> str:
    """The same of the rungs below bundle 0, as far as the last ladder has asked them the same questions.

    They are held to the rubric as it is now, and have to be made of what bundle 0 is made of.
    """
    persona = base.manifest.persona
    ladder = newest_ladder(home.evaluations / persona)
    if ladder is None or ladder.questions_digest != questions:
        return ""
    same = {
        one.bundle_id for one in open_registry(home).bundles(persona) if one.manifest.lineage == base.manifest.lineage
    }
    for one in ladder.rungs:
        if one.rung not in BELOW_RETRIEVAL or one.bundle not in same or not one.is_fit:
            continue
        reached, figures = gate.reaches_targets(one.report, rubric)
        if reached and gate.decide_absolute(one.report, rubric).verdict is Verdict.PROMOTE:
            return f"the ladder's rung {one.rung} is shown to reach the targets: {'; '.join(figures)}"
    return ""


def _was_judged(home: TwinHome, bundle: RegisteredBundle) -> bool:
    """Whether the gate has decided on a bundle; a refresh that was killed before that goes on with it."""
    return any((home.evaluations / bundle.manifest.persona / bundle.bundle_id).glob("*/report.json"))


def _was_trained(home: TwinHome, persona: str) -> bool:
    """Whether the live champion is a trained one: then base and retrieval are no cheaper rung but a step back."""
    champion = holder(open_registry(home).bundles(persona), Alias.CHAMPION)
    return champion is not None and champion.manifest.rung in TRAINED


def _ended(
    ending: Ending,
    why: str,
    features: dict[str, Any],
    evaluation: dict[str, Any] | None = None,
    training: dict[str, Any] | None = None,
) -> dict[str, Any]:
    report(f"refresh: {ending.value} ({why})")
    return {
        "ended": ending.value, "why": why, "features": features, "evaluation": evaluation, "training": training
    }  # fmt: skip
