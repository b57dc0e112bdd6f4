"""One bar and one score: cleared, failed, or too little to tell. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from twin_data.configuration.rubric import Bar, Rubric
from twin_data.contracts.evaluation import EvaluationReport, Score

_ROUNDING = 1e-9
"""A share computed in floats may miss a bar by this much and still be the same share."""


class Outcome(Enum):
    """What one reason says; in the order in which they decide."""

    FAILED = "failed"
    UNDECIDED = "undecided"
    CLEARED = "cleared"
    NOT_ASKED = "not asked"


@dataclass(frozen=True)
class Reason:
    """One line of a decision."""

    outcome: Outcome
    text: str
    more: int | None = None
    """About how many more questions would decide it; None where it is decided, or where no number can be named."""


def judge(bar: Bar, score: Score | None) -> Reason:
    """What one bar says of a score."""
    wanted = f"≥ {bar.at_least:g}" if bar.at_least is not None else f"≤ {bar.at_most:g}"
    too_few = Outcome.NOT_ASKED if bar.if_measured else Outcome.UNDECIDED
    if score is None:
        rest = "left out" if bar.if_measured else f"wanted {wanted} on at least {bar.min_n} rows"
        return Reason(too_few, f"{bar.metric}: no figure, {rest}", bar.min_n)
    rows = f"n = {score.n}" + (f", {score.unscored} unscored" if score.unscored else "")
    figure = f"{bar.metric}: {score.value:.3f} [{score.low:.3f}, {score.high:.3f}], {rows}; wanted {wanted}"
    if score.n < bar.min_n:
        rest = "left out" if bar.if_measured else f"{bar.min_n - score.n} more would decide"
        return Reason(too_few, f"{figure} on at least {bar.min_n} rows: {rest}", bar.min_n - score.n)
    if _clears(bar, score.value):
        return Reason(Outcome.CLEARED, f"{figure}: cleared")
    return Reason(Outcome.FAILED, f"{figure}: failed")


def _clears(bar: Bar, value: float) -> bool:
    if bar.at_least is not None:
        return value >= bar.at_least - _ROUNDING
    return bar.at_most is not None and value <= bar.at_most + _ROUNDING


def advice(report: EvaluationReport, rubric: Rubric) -> list[Reason]:
    """What the advisory bars say of what was measured; a miss is told and decides nothing."""
    required = {bar.metric for bar in rubric.absolute}
    reasons = []
    for bar in rubric.advisory:
        score = report.score(bar.metric)
        if score is None or bar.metric in required:
            continue
        found = judge(bar, score)
        outcome = Outcome.CLEARED if found.outcome is Outcome.CLEARED else Outcome.NOT_ASKED
        text = f"advisory, {found.text.removesuffix('failed')}"
        reasons.append(
            replace(found, outcome=outcome, text=f"{text}missed" if text.endswith(": ") else text, more=None)
        )
    return reasons
