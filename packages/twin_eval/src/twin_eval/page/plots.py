"""The plots on top of a report's page."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from twin_data.configuration.rubric import Rubric
from twin_data.contracts.evaluation import GateDecision, QuestionKind
from twin_eval.page import drawing
from twin_eval.scored_run import ScoredRun

_HEADLINES = (
    "whole_answer",
    "own_answer",
    "facts_found",
    "claims_supported",
    "citation_precision",
    "citation_recall",
    "quotes_verbatim",
    "own_sentences",
    "over_refusal",
    "under_refusal",
    "copied_8grams",
    "error_rate",
)


@dataclass(frozen=True)
class Plot:
    """A plot and what it shows."""

    svg: Markup
    caption: str


def glance(
    run: ScoredRun, champion: ScoredRun | None, decision: GateDecision | None, rubric: Rubric | None
) -> tuple[Plot, ...]:
    """The plots on top of the page."""
    found = [(drawing.scores_plot(_score_rows(run, champion, rubric)), "Shares, with the bar that each is held to")]
    if decision and any(one.difference is not None for one in decision.comparisons):
        found.append((drawing.comparisons_plot(decision.comparisons), "Gains over the champion"))
    if any(one.score for one in run.samples):
        mine, theirs = _percents(run), _percents(champion)
        found.append((drawing.voices_plot(mine, theirs), "Voice of each sample of unquoted text; strokes are means"))
    kinds = _refusals(run, champion)
    if kinds:
        found.append((drawing.rates_plot(kinds), "Refused, by kind of question: the last three kinds ought to be"))
    seconds = _seconds(run), _seconds(champion)
    if seconds[0]:
        found.append((drawing.seconds_plot(*seconds), "Answers that were there after so many seconds"))
    return tuple(Plot(Markup(svg), caption) for svg, caption in found)  # drawn here, nothing received


def _score_rows(run: ScoredRun, champion: ScoredRun | None, rubric: Rubric | None) -> list[drawing.ScoreRow]:
    bars = {bar.metric: bar for bar in rubric.absolute} if rubric else {}
    rows = []
    for name in _HEADLINES:
        score = run.report.score(name)
        theirs = champion.report.score(name) if champion else None
        bar = bars.get(name)
        if score or theirs:
            rows.append(
                drawing.ScoreRow(name, score, theirs, bar.at_least if bar else None, bar.at_most if bar else None)
            )
    return rows


def _refusals(run: ScoredRun, champion: ScoredRun | None) -> list[drawing.RateRow]:
    rows: list[drawing.RateRow] = []
    for kind in QuestionKind:
        score = run.report.score(f"refusal_rate.{kind}")
        if score:
            rows.append((kind.value, score, champion.report.score(score.name) if champion else None))
    return rows


def _percents(run: ScoredRun | None) -> list[float]:
    return [one.score.percent for one in run.samples if one.score] if run else []


def _seconds(run: ScoredRun | None) -> list[float]:
    return [one.record.answer.seconds for one in run.answers if one.record.answer] if run else []
