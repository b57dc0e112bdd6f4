"""The page's table of the stress set: a row a kind, a column a metric, and what went wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from twin_data.contracts.evaluation import EvaluationReport
from twin_eval.page.rows import UNKNOWN, figure, shortened
from twin_eval.stress import StressKind
from twin_eval.stress_scores import METRICS, PREFIX, StressRecord


@dataclass(frozen=True)
class StressPart:
    """The table, what its columns count, and the questions that went wrong."""

    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    wrong: tuple[tuple[str, str, str], ...]
    """Question, what is wrong with it, and the answer."""


def stress_part(report: EvaluationReport, stressed: Sequence[StressRecord]) -> StressPart | None:
    """What the page shows; None if nothing was asked under stress."""
    if not stressed:
        return None
    rows = [(kind.value, tuple(_cell(report, kind, metric) for metric in METRICS)) for kind in StressKind]
    wrong = [(shortened(one.asked.question), what, _said(one)) for one in stressed if (what := _what_of(one))]
    return StressPart(tuple(METRICS.items()), tuple(rows), tuple(wrong))


def _cell(report: EvaluationReport, kind: StressKind, metric: str) -> str:
    score = report.score(f"{PREFIX}.{kind}.{metric}")
    if score is None:
        return UNKNOWN
    return f"{figure(score.value)} [{figure(score.low)}, {figure(score.high)}], n = {score.n}"


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
