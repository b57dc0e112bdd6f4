"""A candidate against the live champion, metric by metric, on the same questions."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from statistics import NormalDist

import numpy as np

from twin_data.configuration.rubric import RelativeBar, Rubric
from twin_data.contracts.evaluation import Comparison, ComparisonOutcome
from twin_eval.figures import figure
from twin_eval.metrics import ROW_METRICS, RowMetric, fidelity
from twin_eval.needs import rows_beyond
from twin_eval.own_words import VoiceSample
from twin_eval.paired import Difference, Observation, difference
from twin_eval.scored_run import ScoredRun
from twin_eval.statistics import MIN_CLUSTERS, Floats, IntervalConfig

CONFIDENCE = 0.975
"""One-sided: what the bounds of a 95 % interval stand for."""

Rows = Mapping[str, Observation]
_SAMPLE_METRICS: dict[str, Callable[[VoiceSample], float | None]] = {
    "voice": lambda one: one.score.percent if one.score else None,
    "voice_fidelity": lambda one: one.score.percent if one.score else None,
    "voice_over_100": lambda one: float(one.score.percent > 100) if one.score else None,
}
_QUESTION_METRICS = {metric.name: metric for metric in ROW_METRICS}
_COPIED = "copied_8grams"
_FUNCTIONS: dict[str, Callable[[Floats], Floats]] = {"voice_fidelity": fidelity}
"""Metrics that are no mean of rows, but a function of one."""
COMPARABLE = (*_QUESTION_METRICS, *_SAMPLE_METRICS, _COPIED)
"""Metrics that a rubric's `relative` may name."""


@dataclass(frozen=True)
class SeedSpread:
    """How far the luck of the training's seed moves a metric."""

    value: float
    """Standard deviation over seeds, in the metric's unit."""
    seeds: int
    """Seeds that it was measured over; 0 where nothing was trained."""


UNTRAINED = SeedSpread(0.0, 0)
"""Of a bundle that was not trained: it has no seed."""
SeedSpreads = Mapping[str, SeedSpread]
"""By metric."""


@dataclass(frozen=True)
class Judging:
    """How sure a comparison has to be."""

    not_worse: float
    """One-sided confidence that the loss stays within the margin."""
    better: float
    """One-sided confidence that there is a gain."""
    intervals: IntervalConfig
    seed_spreads: SeedSpreads = field(default_factory=dict)
    """As far as measured."""


def compare_all(
    candidate: ScoredRun,
    champion: ScoredRun,
    rubric: Rubric,
    *,
    config: IntervalConfig,
    seed_spreads: SeedSpreads | None = None,
) -> list[Comparison]:
    """One comparison for each relative bar.

    A gain in any of several metrics is enough for `improves`, so each of these is held to a stricter level
    (Bonferroni): else the chance that one of them shows a gain by luck would grow with their number. That no metric is
    worse needs no such correction, since every one has to show it (Berger, 1982, intersection-union test).
    """
    strict = 1 - (1 - CONFIDENCE) / max(1, len(rubric.improves))
    found = []
    for bar in rubric.relative:
        better = strict if bar.metric in rubric.improves else CONFIDENCE
        judging = Judging(not_worse=rubric.confidence, better=better, intervals=config, seed_spreads=seed_spreads or {})
        found.append(compare(candidate, champion, bar, judging))
    return found


def compare(candidate: ScoredRun, champion: ScoredRun, bar: RelativeBar, judging: Judging) -> Comparison:
    """The comparison on one metric, on the rows that both bundles have."""
    mine, theirs = _rows_of_both(candidate, champion, bar.metric)
    if not mine and not theirs:
        return _without_verdict(bar, ComparisonOutcome.NOT_COMPARED, 0)
    n, clusters = min(len(mine), len(theirs)), _clusters(mine, theirs)
    if n < bar.min_n or clusters < MIN_CLUSTERS:
        return _without_verdict(bar, ComparisonOutcome.UNDECIDED, n, clusters)
    found = _difference(mine, theirs, bar.metric, judging.intervals)
    measured = judging.seed_spreads.get(bar.metric)
    spread = measured.value if measured else bar.seed_spread
    outcome = _outcome(found, bar, judging, spread or 0.0)
    of_seeds = _of_seeds(spread or 0.0, judging.better)
    return Comparison(
        metric=bar.metric,
        better=bar.better,
        margin=bar.margin,
        outcome=outcome,
        candidate=found.candidate,
        champion=found.champion,
        difference=found.value,
        low=found.lower(CONFIDENCE),
        high=found.upper(CONFIDENCE),
        n=found.n,
        clusters=found.clusters,
        detectable=found.detectable(CONFIDENCE),
        more_rows=_more_rows(found, bar, judging) if outcome is ComparisonOutcome.UNDECIDED else None,
        detectable_gain=found.detectable(judging.better, beside=of_seeds),
        gain_rows=_gain_rows(found, bar, judging, of_seeds) if outcome is not ComparisonOutcome.BETTER else None,
        seed_spread=spread,
        seeds=measured.seeds if measured else 1,
    )


def spread_words(one: Comparison) -> str:
    """How large the spread of training seeds is and where it is known from, for people."""
    if one.seed_spread is None:
        return "unknown"
    if one.seeds == 0:
        return "none, nothing was trained"
    known_from = {None: "", 1: ", the rubric's assumption"}.get(one.seeds, f" of {one.seeds} seeds")
    return f"{figure(one.seed_spread)}{known_from}"


def difference_on(
    candidate: ScoredRun, champion: ScoredRun, metric: str, *, config: IntervalConfig
) -> Difference | None:
    """The difference on one metric, on the rows that both bundles have; None where there are too few of them."""
    mine, theirs = _rows_of_both(candidate, champion, metric)
    if not mine or not theirs or _clusters(mine, theirs) < MIN_CLUSTERS:
        return None
    return _difference(mine, theirs, metric, config)


def rows_of(run: ScoredRun, metric: str) -> dict[str, Observation]:
    """A run's rows of one metric, by what they are rows of; those without a value are left out.

    Raises:
        KeyError: The metric cannot be compared.
    """
    if metric == _COPIED:
        return {
            f"{text.source} {text.id} {at}": Observation(float(flag), text.cluster)
            for text in run.texts
            for at, flag in enumerate(text.copied or ())
        }
    if metric in _SAMPLE_METRICS:
        of_sample = _SAMPLE_METRICS[metric]
        pairs = ((f"{one.source} {one.id}", of_sample(one), one.cluster) for one in run.samples)
        return _observations(pairs)
    return _observations(_question_rows(run, _QUESTION_METRICS[metric]))


def _rows_of_both(candidate: ScoredRun, champion: ScoredRun, metric: str) -> tuple[Rows, Rows]:
    """Each side's rows; of questions only those that both have."""
    mine, theirs = rows_of(candidate, metric), rows_of(champion, metric)
    if metric not in _QUESTION_METRICS:
        return mine, theirs
    both = sorted(mine.keys() & theirs.keys())
    return {key: mine[key] for key in both}, {key: theirs[key] for key in both}


def _clusters(mine: Rows, theirs: Rows) -> int:
    return len({one.cluster for rows in (mine, theirs) for one in rows.values()})


def _difference(mine: Rows, theirs: Rows, metric: str, config: IntervalConfig) -> Difference:
    function = _FUNCTIONS.get(metric, np.asarray)
    return difference(tuple(mine.values()), tuple(theirs.values()), config=config, function=function)


def _question_rows(run: ScoredRun, metric: RowMetric) -> Iterable[tuple[str, float | None, str]]:
    for one in run.answers:
        if metric.concerns(one):
            value = metric.value(one)
            yield one.question.id, None if value is None else float(value), one.cluster


def _observations(rows: Iterable[tuple[str, float | None, str]]) -> dict[str, Observation]:
    return {key: Observation(value, cluster) for key, value, cluster in rows if value is not None}


def _outcome(found: Difference, bar: RelativeBar, judging: Judging, seed_spread: float) -> ComparisonOutcome:
    higher = bar.better == "higher"
    if (found.upper(CONFIDENCE) if higher else -found.lower(CONFIDENCE)) < -bar.margin:
        return ComparisonOutcome.WORSE
    if _least_gain(found, bar, judging.better, seed_spread) > 0:
        return ComparisonOutcome.BETTER
    if (found.lower(judging.not_worse) if higher else -found.upper(judging.not_worse)) > -bar.margin:
        return ComparisonOutcome.NOT_WORSE
    return ComparisonOutcome.UNDECIDED


def _least_gain(found: Difference, bar: RelativeBar, confidence: float, seed_spread: float) -> float:
    """The gain that is shown with this confidence to be there, whichever questions and seeds had been drawn.

    Of the two sides' trainings each has its seed, so the difference has twice the variance of one. Only a gain is held
    to this: whether the candidate is worse is asked of this very bundle, which is what would serve.
    """
    gain = _gain(found.value, bar.better)
    reach = found.value - found.lower(confidence) if bar.better == "higher" else found.upper(confidence) - found.value
    return gain - math.hypot(reach, _of_seeds(seed_spread, confidence))


def _of_seeds(spread: float, confidence: float) -> float:
    """How far the luck of two trainings' seeds lets their difference lie from the truth, with this confidence."""
    return NormalDist().inv_cdf(confidence) * math.sqrt(2) * spread


def _gain_rows(found: Difference, bar: RelativeBar, judging: Judging, of_seeds: float) -> int | None:
    """Rows still wanting to show, four times in five, the observed gain at the level that it is held to."""
    gain = _gain(found.value, bar.better)
    return rows_beyond(found.n, found.times_more_to_find(gain, judging.better, beside=of_seeds)) if gain > 0 else None


def _more_rows(found: Difference, bar: RelativeBar, judging: Judging) -> int | None:
    """Rows still wanting to tell, four times in five, the observed difference from a loss as large as the margin."""
    distance = _gain(found.value, bar.better) + bar.margin
    if distance == 0:
        return None
    confidence = judging.not_worse if distance > 0 else CONFIDENCE
    return rows_beyond(found.n, found.times_more_to_find(abs(distance), confidence))


def _gain(value: float, better: str) -> float:
    return value if better == "higher" else -value


def _without_verdict(bar: RelativeBar, outcome: ComparisonOutcome, n: int, clusters: int = 0) -> Comparison:
    """What is said of too few rows, or of enough from too few sources: of those no more rows would do."""
    wanting = bar.min_n - n if outcome is ComparisonOutcome.UNDECIDED and n < bar.min_n else None
    return Comparison(
        metric=bar.metric, better=bar.better, margin=bar.margin, outcome=outcome, n=n, clusters=clusters,
        more_rows=wanting,
    )  # fmt: skip
