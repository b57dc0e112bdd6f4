"""The ladder on the report's page: a row a rung, a fold a step, and the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from twin_data.contracts.evaluation import EvaluationReport, Score
from twin_data.contracts.ladder import Ladder, RungAlone, RungResult, Step
from twin_data.contracts.releases import Rung
from twin_eval.figures import UNKNOWN, figure, interval, with_interval
from twin_eval.ladder import ALONE_METRICS, ORDER
from twin_eval.ladder_text import EXPENSE, FIT_WORDS, QUALITY, known
from twin_eval.page import drawing
from twin_eval.page.rows import ComparisonLine, comparison_line

SHARES = ("whole_answer", "own_answer", "facts_found", "over_refusal", "under_refusal", "copied_8grams")
"""Those of the plot."""
BY_NATURE = (
    "A rung without retrieval has nothing to check its sentences against and nothing to cite: its whole_answer is 0 by "
    "what it is, whatever it says. facts_found, refusals and voice are measured on every rung alike."
)


@dataclass(frozen=True)
class RungLine:
    """One rung, as text."""

    rung: str
    bundle: str
    is_recommended: bool
    fit: str
    why: str
    """What decided on the bars."""
    target: str
    quality: tuple[str, ...]
    expense: tuple[str, ...]
    training: str


@dataclass(frozen=True)
class ExpenseLine:
    """How much more one rung takes than another, as text."""

    metric: str
    lower: str
    upper: str
    difference: str
    interval: str
    n: int


@dataclass(frozen=True)
class StepLine:
    """One rung against a lower one, as text."""

    title: str
    worth: str
    reason: str
    comparisons: tuple[ComparisonLine, ...]
    expenses: tuple[ExpenseLine, ...]


@dataclass(frozen=True)
class AloneLine:
    """A trained rung as it is served, or without part of its service, as text."""

    rung: str
    asked: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class LadderPart:
    """All that the template shows of a ladder."""

    verdict: str
    note: str
    quality: tuple[str, ...]
    expense: tuple[str, ...]
    rungs: tuple[RungLine, ...]
    steps: tuple[StepLine, ...]
    climbs: tuple[StepLine, ...]
    yardstick: StepLine | None
    reference: str
    """The reference model's name; empty without one."""
    alone_metrics: tuple[str, ...]
    alone: tuple[AloneLine, ...]
    plot: Markup


def ladder_part(ladder: Ladder) -> LadderPart:
    """The ladder for the page."""
    quality, expense = (known(names, ladder.measured) for names in (QUALITY, EXPENSE))
    return LadderPart(
        verdict=ladder.verdict,
        note=BY_NATURE if any("retrieval" not in one.rung for one in ladder.rungs) else "",
        quality=quality,
        expense=expense,
        rungs=tuple(_rung_line(one, ladder, quality, expense) for one in ladder.measured),
        steps=tuple(map(_step_line, ladder.steps)),
        climbs=tuple(map(_step_line, ladder.climbs)),
        yardstick=_step_line(ladder.yardstick.against) if ladder.yardstick else None,
        reference=ladder.yardstick.model if ladder.yardstick else "",
        alone_metrics=ALONE_METRICS,
        alone=_alone_lines(ladder),
        plot=Markup(  # drawn here, nothing received
            drawing.ladder_plot(
                known(SHARES, ladder.measured), [(one.rung.value, one.report) for one in ladder.measured]
            )
        ),
    )


def _rung_line(one: RungResult, ladder: Ladder, quality: Sequence[str], expense: Sequence[str]) -> RungLine:
    training = f"{one.training_seconds / 60:.0f} min" if one.training_seconds else "none"
    if one.training_amount is not None:
        training += f", {one.training_amount:.2f} {one.report.currency or ''}".rstrip()
    elif one.training_seconds:
        training += ", cost unknown"
    return RungLine(
        rung=one.rung.value,
        bundle=one.bundle,
        is_recommended=one.rung is ladder.recommended,
        fit=FIT_WORDS[one.fit],
        why=one.fit_reasons[0] if one.fit_reasons else "",
        target="reached" if one.on_target else "not reached",
        quality=tuple(_with_interval(one.report.score(name)) for name in quality),
        expense=tuple(_value(one.report.score(name)) for name in expense),
        training=training,
    )


def _alone_lines(ladder: Ladder) -> tuple[AloneLine, ...]:
    """Each rung that was asked alone in some way: as it is served, without the checks, without the archive."""
    apart = {one.rung for one in (*ladder.unchecked, *ladder.closed_book)}
    served: list[tuple[RungAlone | EvaluationReport, Rung, str]] = [
        (one.report, one.rung, "as served") for one in ladder.rungs if one.rung in apart
    ]
    asked = [
        *served,
        *((one, one.rung, "checks off") for one in ladder.unchecked),
        *((one, one.rung, "closed book") for one in ladder.closed_book),
    ]
    return tuple(
        AloneLine(rung.value, how, tuple(_with_interval(scores.score(name)) for name in ALONE_METRICS))
        for scores, rung, how in sorted(asked, key=lambda one: ORDER.index(one[1]))
    )


def _with_interval(score: Score | None) -> str:
    if score is None:
        return UNKNOWN
    return f"{with_interval(score.value, score.low, score.high)} n = {score.n}"


def _value(score: Score | None) -> str:
    return figure(score.value if score else None)


def _step_line(one: Step) -> StepLine:
    return StepLine(
        title=f"{one.upper} against {one.lower}",
        worth=one.worth.value,
        reason=one.reason,
        comparisons=tuple(map(comparison_line, one.comparisons)),
        expenses=tuple(
            ExpenseLine(
                metric=each.metric,
                lower=figure(each.lower),
                upper=figure(each.upper),
                difference=figure(each.difference, sign="+"),
                interval=interval(each.low, each.high),
                n=each.n,
            )
            for each in one.expenses
        ),
    )
