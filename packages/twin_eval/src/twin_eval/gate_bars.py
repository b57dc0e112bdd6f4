"""One bar and one score: cleared, failed, or too little to tell. Pure functions."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import Enum
from statistics import NormalDist

from twin_data.configuration.rubric import Bar, Rubric
from twin_data.contracts.evaluation import EvaluationReport, Score
from twin_eval.figures import with_interval
from twin_eval.needs import Asked, Need, need_of, rows_beyond
from twin_eval.paired import POWER

_ROUNDING = 1e-9
"""A share computed in floats may miss a bar by this much and still be the same share."""

_ROWS_FOR_POWER = (1 + NormalDist().inv_cdf(POWER) / NormalDist().inv_cdf(0.975)) ** 2
"""How many times as many rows show a figure four times in five as put the interval's end just at the bound."""
_FAULTS = "error_rate"
"""What a metric is called, after the dot of its family if it has one, that counts faults of the endpoint."""


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
    more: Need | None = None
    """What would decide it; None where it is decided, or where no number can be named."""


def judge(bar: Bar, score: Score | None, asked: Asked) -> Reason:
    """What one bar says of a score.

    Too many faults of the endpoint are nothing that the bundle did: they leave open what the other figures, which rest
    on the rest of the questions, would have been, and the next run asks what failed once more.

    Args:
        bar: The bar.
        score: What was measured; None where there is no figure, and then nobody knows how many questions bring one.
        asked: How much was asked.
    """
    wanted = f"≥ {bar.at_least:g}" if bar.at_least is not None else f"≤ {bar.at_most:g}"
    too_few = Outcome.NOT_ASKED if bar.if_measured else Outcome.UNDECIDED
    if score is None:
        rest = "left out" if bar.if_measured else f"wanted {wanted} on at least {bar.min_n} rows"
        return Reason(too_few, f"{bar.metric}: no figure, {rest}")
    rows = f"n = {score.n}" + (f", {score.unscored} unscored" if score.unscored else "")
    told = f"{bar.metric}: {with_interval(score.value, score.low, score.high)}, {rows}; wanted {wanted}"
    if score.n < bar.min_n:
        wanting = bar.min_n - score.n
        rest = "left out" if bar.if_measured else f"{wanting} more would decide"
        need = need_of(bar.metric, wanting, score.n, asked)
        return Reason(too_few, f"{told} on at least {bar.min_n} rows: {rest}", need)
    if _clears(bar, score.value):
        return Reason(Outcome.CLEARED, f"{told}: cleared")
    if bar.metric.rpartition(".")[2] == _FAULTS:
        return Reason(Outcome.UNDECIDED, f"{told}: missed, run again: only what failed is asked")
    return Reason(Outcome.FAILED, f"{told}: failed")


def judge_target(bar: Bar, score: Score | None, asked: Asked) -> Reason:
    """What a target says of a score, which must be *shown* to reach it: with the near end of its interval.

    A bar asks whether a bundle may be let out and takes the figure as it is; a target that is reached ends the search
    for anything better, and a figure of forty questions that lies above it by luck must not.

    Args:
        bar: The target.
        score: What was measured, with its 95 % interval: its end is reached with 97.5 % confidence.
        asked: How much was asked.
    """
    found = judge(bar, score, asked)
    if score is None or found.outcome is not Outcome.CLEARED:
        return found
    told = found.text.removesuffix("cleared")
    end = score.low if bar.at_least is not None else score.high
    if _clears(bar, end):
        return replace(found, text=f"{told}shown")
    need = need_of(bar.metric, _rows_to_show(bar, score), score.n, asked)
    hint = f"{need.text} would show it" if need else "no realistic number of questions would show it"
    return Reason(Outcome.UNDECIDED, f"{told}not shown, {hint}", need)


def _rows_to_show(bar: Bar, score: Score) -> int | None:
    """Rows wanting until a score that stays as it is would be shown four times in five; None if none would do."""
    bound, end = (bar.at_least, score.low) if bar.at_least is not None else (bar.at_most, score.high)
    gap = abs(score.value - (bound or 0.0))
    times = _ROWS_FOR_POWER * ((score.value - end) / gap) ** 2 if gap > _ROUNDING else math.inf
    return rows_beyond(score.n, times)


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
        found = judge(bar, score, Asked())
        outcome = Outcome.CLEARED if found.outcome is Outcome.CLEARED else Outcome.NOT_ASKED
        text = f"advisory, {found.text.removesuffix('failed')}"
        reasons.append(
            replace(found, outcome=outcome, text=f"{text}missed" if text.endswith(": ") else text, more=None)
        )
    return reasons
