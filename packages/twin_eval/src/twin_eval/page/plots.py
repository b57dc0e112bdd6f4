"""The plots on top of a report's page, by the four families: voice, facts, refusals, cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from twin_data.configuration.rubric import Rubric
from twin_data.contracts.evaluation import GateDecision, QuestionKind, Score
from twin_eval.metric_names import SECONDS_QUANTILES
from twin_eval.page import drawing
from twin_eval.page.drawing import Sample, ScoreRow
from twin_eval.scored_run import ScoredRun

_VOICE = ("voice_over_100", "copied_8grams")
_FACTS = (
    "whole_answer", "own_answer", "facts_found", "claims_supported", "citation_precision", "citation_recall",
    "quotes_verbatim", "evidence_all",
)  # fmt: skip
_REFUSALS = ("over_refusal", "under_refusal", "decision_right")
_EXPENSE = (*SECONDS_QUANTILES, "cost", "prompt_tokens", "completion_tokens")


@dataclass(frozen=True)
class Plot:
    """A plot and what it shows."""

    svg: Markup
    caption: str


@dataclass(frozen=True)
class Family:
    """The plots of one family of scores."""

    title: str
    plots: tuple[Plot, ...]


@dataclass(frozen=True)
class _Sides:
    """What is drawn."""

    run: ScoredRun
    champion: ScoredRun | None
    rubric: Rubric | None

    def rows(self, names: Sequence[str]) -> list[ScoreRow]:
        """Candidate's and champion's scores of these names, with the bars that they are held to."""
        bars = {bar.metric: bar for bar in self.rubric.absolute} if self.rubric else {}
        found = []
        for name in names:
            ours, theirs, bar = self.run.report.score(name), self.theirs(name), bars.get(name)
            if ours or theirs:
                found.append(ScoreRow(name, ours, theirs, bar.at_least if bar else None, bar.at_most if bar else None))
        return found

    def theirs(self, name: str) -> Score | None:
        """The champion's score of that name."""
        return self.champion.report.score(name) if self.champion else None


def glance(
    run: ScoredRun, champion: ScoredRun | None, decision: GateDecision | None, rubric: Rubric | None
) -> tuple[Family, ...]:
    """The plots on top of the page; a family of which nothing is known is missing."""
    sides = _Sides(run, champion, rubric)
    families = [("Voice", _voice(sides)), ("Facts and sources", _facts(sides)), ("Refusals", _refusals(sides))]
    families.append(("Time and cost", _expense(sides)))
    if decision and any(one.difference is not None for one in decision.comparisons):
        gains = _plot(drawing.comparisons_plot(decision.comparisons), "Gains over the champion")
        families.append(("Against the champion", iter([gains])))
    drawn = ((title, tuple(plots)) for title, plots in families)
    return tuple(Family(title, plots) for title, plots in drawn if plots)


def _voice(sides: _Sides) -> Iterator[Plot]:
    if any(one.score for one in sides.run.samples):
        drawn = drawing.voices_plot(_voices(sides.run), _voices(sides.champion))
        yield _plot(drawn, "Voice of each sample of unquoted text; strokes are means, the shade their 95 % intervals")
    if rows := sides.rows(_VOICE):
        yield _plot(drawing.scores_plot("voice-shares", rows), "Shares, with the bar that each is held to")


def _facts(sides: _Sides) -> Iterator[Plot]:
    if rows := sides.rows(_FACTS):
        yield _plot(drawing.scores_plot("facts", rows), "Shares, with the bar that each is held to")


def _refusals(sides: _Sides) -> Iterator[Plot]:
    if rows := sides.rows(_REFUSALS):
        yield _plot(drawing.scores_plot("decisions", rows), "Shares, with the bar that each is held to")
    kinds = [
        (kind.value, score, sides.theirs(score.name))
        for kind in QuestionKind
        if (score := sides.run.report.score(f"refusal_rate.{kind}"))
    ]
    if kinds:
        yield _plot(drawing.rates_plot(kinds), "Refused, by kind of question: the last three kinds ought to be")


def _expense(sides: _Sides) -> Iterator[Plot]:
    if rows := sides.rows(_EXPENSE):
        yield _plot(drawing.expense_plot(rows), f"What an answer takes; cost {_currency(sides.run)}")
    if rows := sides.rows(("error_rate",)):
        yield _plot(drawing.scores_plot("errors", rows), "Share of questions that the endpoint failed on")
    ours = _seconds(sides.run)
    if ours.values:
        drawn = drawing.seconds_plot(ours, _seconds(sides.champion))
        yield _plot(drawn, "Answers that were there after so many seconds; points are median and 95th percentile")


def _plot(svg: str, caption: str) -> Plot:
    return Plot(Markup(svg), caption)  # drawn here, nothing received


def _currency(run: ScoredRun) -> str:
    return f"in {run.report.currency}" if run.report.score("cost") else "is unknown: the recipe states no price"


def _voices(run: ScoredRun | None) -> Sample:
    if run is None:
        return Sample()
    mean = run.report.score("voice")
    return Sample([one.score.percent for one in run.samples if one.score], [mean] if mean else [])


def _seconds(run: ScoredRun | None) -> Sample:
    if run is None:
        return Sample()
    quantiles = [score for name in SECONDS_QUANTILES if (score := run.report.score(name))]
    values = [one.record.answer.seconds for one in run.answers if one.record.answer and one.is_timed]
    return Sample(values, quantiles) if len(quantiles) == len(SECONDS_QUANTILES) else Sample(values)
