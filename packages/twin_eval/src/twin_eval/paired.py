"""The difference of two bundles' means on the same questions, with its uncertainty.

A bootstrap by whole clusters (Efron and Tibshirani, 1993): source documents are drawn, and both bundles' rows of a
drawn document come along, so that what makes a question hard for both cancels out. Percentiles are widened for few
clusters as Hesterberg (2015, "expanded percentile") does: a plain percentile interval of twenty clusters is too
narrow. Clusters of unequal size count as fewer (Kish, 1965), and no bound is nearer than that of Student's t with the
delete-one-cluster jackknife's standard error (Cameron and Miller, 2015): by simulation (`benchmarks/gate.py`) that is
what holds at five to twenty clusters, where percentiles alone are still too narrow.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from statistics import NormalDist

import numpy as np

from twin_eval.statistics import MIN_CLUSTERS, Floats, IntervalConfig, draws, effective_clusters, t_quantile

POWER = 0.8
_NORMAL = NormalDist()
_BLOCK = 250
"""Resamples that are held in memory at a time."""


@dataclass(frozen=True)
class Observation:
    """One row of one bundle."""

    value: float
    cluster: Hashable
    """Rows with the same label stand and fall together, also across the two bundles."""


@dataclass(frozen=True)
class Difference:
    """Candidate's figure less champion's, and what the resamples make of it."""

    candidate: float
    champion: float
    n: int
    """Rows of the side that has fewer."""
    clusters: int
    standard_error: float
    estimates: Floats = field(repr=False)
    """The difference in each resample, sorted; shape (resamples,)."""
    unanimous: bool
    """Shares of which every row says the same: nothing varies that could be drawn."""
    jackknife_error: float
    """Standard error by leaving out one cluster at a time; wider than the resamples' where few clusters decide."""
    effective_clusters: float
    """How many clusters of equal size would tell as much; at least `MIN_CLUSTERS`."""
    largest: float
    """The largest difference that can be: 1 of shares, else infinite."""

    @property
    def value(self) -> float:
        """The difference itself."""
        return self.candidate - self.champion

    def lower(self, confidence: float) -> float:
        """The true difference is above this, with this one-sided confidence."""
        if self.unanimous:
            return max(-1.0, self.value - self._unseen(confidence))
        nearest = min(self.value - self._reach(confidence), self._quantile(1 - self._expanded(confidence)))
        return max(-self.largest, nearest)

    def upper(self, confidence: float) -> float:
        """The true difference is below this, with this one-sided confidence."""
        if self.unanimous:
            return min(1.0, self.value + self._unseen(confidence))
        nearest = max(self.value + self._reach(confidence), self._quantile(self._expanded(confidence)))
        return min(self.largest, nearest)

    def detectable(self, confidence: float = 0.975, *, beside: float = 0.0) -> float:
        """The smallest true difference that a one-sided test at this confidence finds with power `POWER`.

        Args:
            confidence: One-sided.
            beside: How far something else than the rows lets the difference lie from the truth, at this confidence.
        """
        sure, likely = self._quantiles(confidence)
        return math.hypot(sure * self._error, beside) + likely * self._error

    def times_more_to_find(self, size: float, confidence: float, *, beside: float = 0.0) -> float:
        """How many times as many rows find a true difference of this size; infinite where no number of them does.

        The inverse of `detectable`, whose error falls with the root of their number.
        """
        if size <= beside:
            return math.inf
        sure, likely = self._quantiles(confidence)
        room = size**2 - beside**2
        error = room / (size * likely + math.sqrt(sure**2 * room + (likely * beside) ** 2))
        return (self._error / error) ** 2

    @property
    def _error(self) -> float:
        return max(self.standard_error, self.jackknife_error)

    def _quantiles(self, confidence: float) -> tuple[float, float]:
        """Of Student's t, for this confidence and for the power."""
        return t_quantile(confidence, self._degrees), t_quantile(POWER, self._degrees)

    def _unseen(self, confidence: float) -> float:
        """The largest share of clusters that could differ and yet none of these did (Hanley's rule of three)."""
        return float(1 - (1 - confidence) ** (1 / self.clusters))

    @property
    def _degrees(self) -> float:
        return self.effective_clusters - 1

    def _reach(self, confidence: float) -> float:
        """How far Student's t lets the truth lie from the difference; nothing where the confidence is none."""
        return max(0.0, t_quantile(confidence, self._degrees)) * self.jackknife_error

    def _expanded(self, confidence: float) -> float:
        k = self.effective_clusters
        return _NORMAL.cdf(math.sqrt(k / (k - 1)) * t_quantile(confidence, k - 1))

    def _quantile(self, share: float) -> float:
        return float(np.quantile(self.estimates, share))


def difference(
    candidate: Sequence[Observation],
    champion: Sequence[Observation],
    *,
    config: IntervalConfig,
    function: Callable[[Floats], Floats] = np.asarray,
) -> Difference:
    """Compare two bundles' rows.

    Rows whose cluster occurs on both sides are compared within it; a cluster that only one side has counts for that
    side alone, as in a comparison of independent samples.

    Args:
        candidate: Its rows.
        champion: Its rows.
        config: Resamples and seed.
        function: What of each side's mean is compared; the mean itself if not given.

    Raises:
        ValueError: A side has no row, or there are fewer than `MIN_CLUSTERS` clusters.
    """
    if not candidate or not champion:
        raise ValueError(f"{len(candidate)} rows against {len(champion)}: nothing to compare")
    # Sorted, so that neither the order of rows nor that of the two sides changes what is drawn.
    numbers = {label: at for at, label in enumerate(sorted({one.cluster for one in (*candidate, *champion)}, key=str))}
    if len(numbers) < MIN_CLUSTERS:
        raise ValueError(f"{len(numbers)} clusters are too few to draw from")
    totals = _totals(candidate, numbers), _totals(champion, numbers)
    estimates = _estimates(*totals, function, config)
    sides = (candidate, champion)
    every = [one.value for side in sides for one in side]
    means = [float(function(np.asarray(math.fsum(one.value for one in side) / len(side)))) for side in sides]
    is_unanimous = float(np.ptp(estimates)) < 1e-12 and set(every) <= {0.0, 1.0}
    deviation = 1 - (1 - 0.84) ** (1 / len(numbers)) if is_unanimous else float(np.std(estimates))
    return Difference(
        candidate=means[0],
        champion=means[1],
        n=min(len(candidate), len(champion)),
        clusters=len(numbers),
        standard_error=deviation * math.sqrt(len(numbers) / (len(numbers) - 1)),
        estimates=np.sort(estimates),
        unanimous=is_unanimous,
        jackknife_error=_jackknife_error(*totals, function),
        effective_clusters=effective_clusters(totals[0][1] + totals[1][1]),
        largest=1.0 if function is np.asarray and 0 <= min(every) and max(every) <= 1 else math.inf,
    )


def _totals(rows: Sequence[Observation], numbers: dict[Hashable, int]) -> tuple[Floats, Floats]:
    """Sum of values and count of rows of each cluster, both of shape (clusters,)."""
    labels = np.asarray([numbers[one.cluster] for one in rows])
    values = np.asarray([one.value for one in rows], dtype=np.float64)
    size = len(numbers)
    sums = np.bincount(labels, values, minlength=size).astype(np.float64)
    return sums, np.bincount(labels, minlength=size).astype(np.float64)


def _estimates(
    candidate: tuple[Floats, Floats],
    champion: tuple[Floats, Floats],
    function: Callable[[Floats], Floats],
    config: IntervalConfig,
) -> Floats:
    """The difference in each resample that drew rows of both sides."""
    weights = draws(len(candidate[0]), config.resamples, config.seed)
    found = []
    for at in range(0, config.resamples, _BLOCK):
        drawn = weights[at : at + _BLOCK].astype(np.float64)
        found.append(function(_means(drawn, candidate)) - function(_means(drawn, champion)))
    estimates = np.concatenate(found)
    return np.asarray(estimates[np.isfinite(estimates)])


def _jackknife_error(
    candidate: tuple[Floats, Floats], champion: tuple[Floats, Floats], function: Callable[[Floats], Floats]
) -> float:
    """The delete-one-cluster jackknife's standard error (Efron and Tibshirani, 1993, 11.5).

    A cluster without which a side would have no row cannot be left out, and is not.
    """
    mine, theirs = (
        function(_ratio(sums.sum() - sums, counts.sum() - counts)) for sums, counts in (candidate, champion)
    )
    found = mine - theirs
    found = found[np.isfinite(found)]
    if len(found) < MIN_CLUSTERS:
        return 0.0
    return float(np.sqrt((len(found) - 1) * np.var(found)))


def _means(drawn: Floats, totals: tuple[Floats, Floats]) -> Floats:
    """The mean of each resample, shape (resamples,); not a number where it drew no row."""
    return _ratio(drawn @ totals[0], drawn @ totals[1])


def _ratio(sums: Floats, counts: Floats) -> Floats:
    """Sums by counts, not a number where nothing was counted."""
    return np.asarray(np.divide(sums, counts, out=np.full(len(sums), np.nan), where=counts > 0))
