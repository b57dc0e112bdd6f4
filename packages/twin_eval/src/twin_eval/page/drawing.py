"""The report's plots as SVG text that stands inside a page: no files, no fonts, no scripts from elsewhere."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from twin_data.contracts.coverage_risk import CoverageRisk, RiskPoint
from twin_data.contracts.evaluation import Comparison, EvaluationReport, Score
from twin_eval.metric_names import SECONDS_QUANTILES

CANDIDATE, CHAMPION, BAR = "#1f5fa8", "#b0752a", "#8a8a8a"
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",  # text stays text: small, searchable, and in the page's own font
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e6e6e6",
    "axes.axisbelow": True,
}
_WIDTH_IN = 7.2
_ROW_IN = 0.34


@dataclass(frozen=True)
class ScoreRow:
    """One line of the plot of scores."""

    label: str
    candidate: Score | None
    champion: Score | None
    at_least: float | None = None
    at_most: float | None = None


def scores_plot(name: str, rows: Sequence[ScoreRow]) -> str:
    """Shares from 0 to 1 with their intervals, the bar that each is held to, and the champion's."""
    with figure(name, len(rows)) as (axes, svg):
        for at, row in enumerate(reversed(rows)):
            _interval(axes, row.candidate, at + 0.12, CANDIDATE)
            _interval(axes, row.champion, at - 0.16, CHAMPION)
            bound = row.at_least if row.at_least is not None else row.at_most
            if bound is not None:
                marker = ">" if row.at_least is not None else "<"
                axes.plot([bound, bound], [at - 0.38, at + 0.38], color=BAR, linewidth=1.2)
                axes.plot([bound], [at + 0.38], marker, color=BAR, markersize=4)
        axes.set_yticks(range(len(rows)), [row.label for row in reversed(rows)])
        axes.set_xlim(-0.02, 1.02)
        axes.set_ylim(-0.6, len(rows) - 0.4)
    return svg.getvalue()


def comparisons_plot(comparisons: Sequence[Comparison]) -> str:
    """Gains over the champion in units of each margin: left of -1 is beyond the margin, right of 0 better."""
    shown = [one for one in comparisons if one.difference is not None]
    with figure("gains", len(shown)) as (axes, svg):
        for at, one in enumerate(reversed(shown)):
            sign = 1 if one.better == "higher" else -1
            value, low, high = ((sign * (bound or 0.0)) / one.margin for bound in (one.difference, one.low, one.high))
            axes.plot(sorted((low, high)), [at, at], color=CANDIDATE, linewidth=2)
            axes.plot([value], [at], "o", color=CANDIDATE, markersize=5)
        axes.axvline(0, color=BAR, linewidth=1)
        axes.axvline(-1, color=BAR, linewidth=1.2, linestyle="--")
        axes.set_yticks(range(len(shown)), [one.metric for one in reversed(shown)])
        axes.set_ylim(-0.6, len(shown) - 0.4)
        axes.set_xlabel("gain over the champion, in margins; dashed: the margin")
    return svg.getvalue()


def ladder_plot(metrics: Sequence[str], rungs: Sequence[tuple[str, EvaluationReport]]) -> str:
    """Each rung's shares from 0 to 1 with their intervals, metric by metric; the lowest rung on top and palest."""
    step = 0.7 / max(1, len(rungs))
    with figure("ladder", max(1, len(metrics) * max(1, len(rungs)) // 2)) as (axes, svg):
        for place, (label, report) in enumerate(rungs):
            strength = 0.3 + 0.7 * (place + 1) / len(rungs)
            for at, name in enumerate(reversed(metrics)):
                if score := report.score(name):
                    y = at + 0.35 - step * (place + 0.5)
                    axes.plot([score.low, score.high], [y, y], color=CANDIDATE, alpha=strength, linewidth=2)
                    axes.plot([score.value], [y], "o", color=CANDIDATE, alpha=strength, markersize=5)
                    axes.text(min(score.high, 1.0) + 0.012, y, label, va="center", fontsize=7, color="#555555")
        axes.set_yticks(range(len(metrics)), list(reversed(metrics)))
        axes.set_xlim(-0.02, 1.2)
        axes.set_xticks([0, 0.2, 0.4, 0.6, 0.8, 1.0])
        axes.set_ylim(-0.6, len(metrics) - 0.4)
    return svg.getvalue()


RateRow = tuple[str, Score | None, Score | None]
"""What it is a rate of, candidate's and champion's."""


def rates_plot(rows: Sequence[RateRow]) -> str:
    """The share of refused questions of each kind, candidate's and champion's."""
    with figure("refusals", len(rows)) as (axes, svg):
        for at, (_, candidate, champion) in enumerate(reversed(rows)):
            for score, place, colour in ((candidate, at + 0.18, CANDIDATE), (champion, at - 0.18, CHAMPION)):
                if score is not None:
                    axes.barh(place, score.value, height=0.3, color=colour, alpha=0.75)
                    axes.plot([score.low, score.high], [place, place], color="#333333", linewidth=1)
        axes.set_yticks(range(len(rows)), [label for label, _, _ in reversed(rows)])
        axes.set_xlim(0, 1.02)
    return svg.getvalue()


@dataclass(frozen=True)
class Sample:
    """One side's values, and the scores that are made of them, with their intervals."""

    values: Sequence[float] = ()
    scores: Sequence[Score] = ()


def voices_plot(candidate: Sample, champion: Sample) -> str:
    """Each sample's voice between other authors (0) and the persona (100), and the mean with its interval."""
    groups = [one for one in _sides(candidate, champion) if one[1].values]
    with figure("voices", 1 + len(groups)) as (axes, svg):
        for at, (_, side, colour) in enumerate(reversed(groups)):
            spread = [at + 0.24 * ((number % 5) / 2 - 1) / 2 for number in range(len(side.values))]
            axes.plot(side.values, spread, "o", color=colour, alpha=0.4, markersize=4)
            for score in side.scores:
                axes.fill_between([score.low, score.high], at - 0.34, at + 0.34, color=colour, alpha=0.18, linewidth=0)
                axes.plot([score.value, score.value], [at - 0.34, at + 0.34], color=colour, linewidth=2)
        for place, label in ((0, "other authors"), (100, "the persona")):
            axes.axvline(place, color=BAR, linewidth=1.2)
            axes.text(place, len(groups) - 0.45, label, ha="center", va="bottom", color="#555555")
        axes.set_yticks(range(len(groups)), [label for label, _, _ in reversed(groups)])
        axes.set_ylim(-0.6, len(groups) - 0.1)
        axes.set_xlabel("per cent of the gap")
    return svg.getvalue()


def seconds_plot(candidate: Sample, champion: Sample) -> str:
    """How many of the answers were there after so many seconds; the quantiles among the scores with their intervals."""
    with figure("seconds", 5) as (axes, svg):
        for at, (_, side, colour) in enumerate(_sides(candidate, champion)):
            if not side.values:
                continue
            ordered = sorted(side.values)
            shares = [(place + 1) / len(ordered) for place in range(len(ordered))]
            axes.step([0.0, *ordered], [0.0, *shares], where="post", color=colour, linewidth=1.6)
            for score, share in zip(side.scores, SECONDS_QUANTILES.values(), strict=False):
                _interval(axes, score, share - 0.03 * at, colour)
        axes.set_yticks([0, 0.25, 0.5, 0.75, 0.95])
        axes.set_ylim(0, 1.02)
        axes.set_xlim(left=0)
        axes.set_xlabel("seconds")
        axes.set_ylabel("share of answers")
    return svg.getvalue()


def expense_plot(rows: Sequence[ScoreRow]) -> str:
    """What an answer takes with its interval, a scale of its own for each row, from 0."""
    with figures("expense", len(rows)) as (plots, svg):
        for axes, row in zip(plots, rows, strict=True):
            _interval(axes, row.candidate, 0.12, CANDIDATE)
            _interval(axes, row.champion, -0.16, CHAMPION)
            axes.set_yticks([0], [row.label])
            axes.set_ylim(-0.6, 0.6)
            highest = max(score.high for score in (row.candidate, row.champion) if score)
            axes.set_xlim(0, 1.1 * highest or 1)
            axes.locator_params(axis="x", nbins=6)
    return svg.getvalue()


def coverage_risk_plot(found: CoverageRisk) -> str:
    """Risk by coverage: of wrong answers as far as there are answers, of wrong decisions over all thresholds."""
    with figure("coverage-risk", 7) as (axes, svg):
        _risk_curve(axes, found.decision_points, CHAMPION, "to be declined")
        _risk_curve(axes, found.points, CANDIDATE, "wrong answers")
        for one, style, label in ((found.in_force, "-", "in force"), (found.implied, "--", "implied by the costs")):
            axes.axvline(one.coverage, color=BAR, linewidth=1.2, linestyle=style, label=f"{label}: {one.threshold:.2f}")
        axes.set_xlim(0, 1.02)
        axes.set_ylim(-0.02, 1.02)
        axes.set_xlabel("coverage: share of the judged questions that is answered")
        axes.set_ylabel("risk: share of these")
        axes.legend(frameon=False, fontsize=8)
    return svg.getvalue()


def _risk_curve(axes: Axes, points: Sequence[RiskPoint], colour: str, label: str) -> None:
    coverage = [one.coverage for one in points]
    axes.fill_between(coverage, [one.low for one in points], [one.high for one in points], color=colour, alpha=0.15)
    axes.plot(coverage, [one.risk for one in points], color=colour, linewidth=1.6, label=label)


def _sides(candidate: Sample, champion: Sample) -> list[tuple[str, Sample, str]]:
    return [("candidate", candidate, CANDIDATE), ("champion", champion, CHAMPION)]


def _interval(axes: Axes, score: Score | None, at: float, colour: str) -> None:
    if score is not None:
        axes.plot([score.low, score.high], [at, at], color=colour, linewidth=2)
        axes.plot([score.value], [at], "o", color=colour, markersize=5)


@contextmanager
def figure(name: str, rows: int) -> Iterator[tuple[Axes, io.StringIO]]:
    """A figure of so many rows that is drawn into the text buffer at the end of the block.

    The name keeps the identifiers of several plots on one page apart; the same data give the same text.
    """
    with _drawn(name, 0.75 + _ROW_IN * max(rows, 1)) as (whole, svg):
        yield whole.add_subplot(), svg


@contextmanager
def figures(name: str, rows: int) -> Iterator[tuple[list[Axes], io.StringIO]]:
    """So many small plots below each other, each with an axis of its own; otherwise as `figure`."""
    with _drawn(name, 0.2 + 2 * _ROW_IN * max(rows, 1)) as (whole, svg):
        yield [whole.add_subplot(rows, 1, at + 1) for at in range(rows)], svg


@contextmanager
def _drawn(name: str, height_in: float) -> Iterator[tuple[Figure, io.StringIO]]:
    svg = io.StringIO()
    with rc_context({**_STYLE, "svg.hashsalt": name}):
        whole = Figure(figsize=(_WIDTH_IN, height_in), layout="constrained")
        yield whole, svg
        drawn = io.StringIO()
        whole.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    text = drawn.getvalue()
    svg.write(text[text.index("<svg") :])
