"""The page's table of the stress set: a row a kind, a column a metric, and what went wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from twin_data.contracts.evaluation import EvaluationReport, Score
from twin_eval.earlier import Extra
from twin_eval.figures import UNKNOWN, with_interval
from twin_eval.page.rows import shortened, when
from twin_eval.stress import StressKind
from twin_eval.stress_scores import METRICS, PREFIX, StressRecord


@dataclass(frozen=True)
class StressPart:
    """The table, what its columns count, and the questions that went wrong."""

    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    wrong: tuple[tuple[str, str, str], ...]
    """Question, what is wrong with it, and the answer."""
    dated: str = ""
    """Of when it is, if not of this evaluation."""


def stress_part(
    report: EvaluationReport, stressed: Sequence[StressRecord], earlier: Extra | None = None
) -> StressPart | None:
    """What the page shows; None if nothing was ever asked of this bundle under stress."""
    if stressed:
        return _part(report.scores, stressed, "")
    return _part(earlier.scores, earlier.stress, when(earlier.stamp)) if earlier else None


def _part(scores: Sequence[Score], stressed: Sequence[StressRecord], dated: str) -> StressPart:
    by_name = {one.name: one for one in scores}
    rows = [
        (kind.value, tuple(_cell(by_name.get(f"{PREFIX}.{kind}.{metric}")) for metric in METRICS))
        for kind in StressKind
    ]
    wrong = [(shortened(one.asked.question), what, _said(one)) for one in stressed if (what := _what_of(one))]
    return StressPart(tuple(METRICS.items()), tuple(rows), tuple(wrong), dated)


def _cell(score: Score | None) -> str:
    if score is None:
        return UNKNOWN
    return f"{with_interval(score.value, score.low, score.high)}, n = {score.n}"


def _what_of(one: StressRecord) -> str:
    """The worst that is wrong with an answer; empty if nothing is."""
    if one.is_error:
        return "endpoint error"
    if one.is_kept is False:
        return f"gave in: {one.asked.attack}"
    if one.is_grounded is False:
        return "not grounded"
    return "wrong decision" if one.is_decision_right is False else ""


def _said(one: StressRecord) -> str:
    answer, error = one.record.answer, one.record.error
    return shortened(answer.content if answer else error.message if error else "")
