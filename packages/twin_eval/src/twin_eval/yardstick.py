"""How far the twin is from a strong reference model on the same questions. Pure functions; nothing is recommended."""

from __future__ import annotations

from twin_data.configuration.rubric import Rubric
from twin_data.contracts.evaluation import Comparison
from twin_data.contracts.ladder import MissingRung, Yardstick
from twin_data.contracts.releases import Rung
from twin_eval.figures import with_interval
from twin_eval.ladder import Climbed, RungRun, build_ladder
from twin_eval.statistics import IntervalConfig


def beside(climbed: Climbed, reference: RungRun, rubric: Rubric, config: IntervalConfig | None = None) -> Climbed:
    """The ladder with the reference beside it: held to the bars as a rung is, and compared with the twin.

    The verdict on the rungs is that of the ladder without it.

    Args:
        climbed: The ladder and its runs.
        reference: The reference's bundle and answers to the same questions.
        rubric: The bars, and what is compared.
        config: Resamples and seed of the comparison.

    Raises:
        EvaluationError: The reference answered other questions.
    """
    twin = twin_of(climbed)
    pair = build_ladder([twin, reference], rubric, config=config)  # the reference stands last among the rungs
    endpoint = reference.manifest.endpoint
    found = Yardstick(
        model=endpoint.model if endpoint else reference.manifest.base_model.name,
        result=pair.rungs[-1],
        against=pair.steps[0],
    )
    verdict = f"{climbed.ladder.verdict} {yardstick_sentence(found)}"
    ladder = climbed.ladder.model_copy(update={"yardstick": found, "verdict": verdict})
    return Climbed(ladder=ladder, runs=(*climbed.runs, reference))


def without(climbed: Climbed, reason: str) -> Climbed:
    """The ladder where the reference answered nothing, and why."""
    ladder = climbed.ladder
    missing = (*ladder.missing, MissingRung(rung=Rung.REFERENCE, reason=reason))
    verdict = f"{ladder.verdict} Not evaluated: {Rung.REFERENCE} ({reason})."
    return Climbed(ladder=ladder.model_copy(update={"missing": missing, "verdict": verdict}), runs=climbed.runs)


def twin_of(climbed: Climbed) -> RungRun:
    """What the reference is compared with: the rung that is recommended, else the highest that was asked."""
    recommended = (one for one in climbed.runs if one.rung is climbed.ladder.recommended)
    return next(recommended, max(climbed.runs, key=lambda one: list(Rung).index(one.rung)))


def yardstick_sentence(found: Yardstick) -> str:
    """How far it is, in words."""
    measured = [_figure(one) for one in found.against.comparisons if one.difference is not None]
    told = ", ".join(measured) or "too few rows to tell"
    return f"As a yardstick, {found.model} in place of {found.against.lower}: {told}."


def _figure(one: Comparison) -> str:
    return f"{one.metric} {with_interval(one.difference, one.low, one.high, sign='+')}"
