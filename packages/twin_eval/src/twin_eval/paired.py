"""The difference of two bundles' means on the same questions, with its uncertainty.

A bootstrap by whole clusters (Efron and Tibshirani, 1993): source documents are drawn, and both bundles' rows of a
drawn document come along, so that what makes a question hard for both cancels out. Percentiles are widened for few
clusters as Hesterberg (2015, "expanded percentile") does: a plain percentile interval of twenty clusters is too
narrow.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from twin_eval.statistics import Floats, IntervalConfig

MIN_CLUSTERS = 2
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

    @property
    def value(self) -> float:
        """The difference itself."""
        return self.candidate - self.champion

    def lower(self, confidence: float) -> float:
        """The true difference is above this, with this one-sided confidence."""
        if self.unanimous:
            return max(-1.0, self.value - self._unseen(confidence))
        return min(self.value, self._quantile(1 - self._expanded(confidence)))

    def upper(self, confidence: float) -> float:
        """The true difference is below this, with this one-sided confidence."""
        if self.unanimous:
            return min(1.0, self.value + self._unseen(confidence))
        return max(self.value, self._quantile(self._expanded(confidence)))

    def detectable(self, confidence: float = 0.975) -> float:
        """The smallest true difference that a one-sided test at this confidence finds with power `POWER`."""
        return (_NORMAL.inv_cdf(confidence) + _NORMAL.inv_cdf(POWER)) * self.standard_error

    def _unseen(self, confidence: float) -> float:
        """The largest share of clusters that could differ and yet none of these did (Hanley's rule of three)."""
        return float(1 - (1 - confidence) ** (1 / self.clusters))

    def _expanded(self, confidence: float) -> float:
        k = self.clusters
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
    numbers = {label: at for at, label in enumerate(dict.fromkeys(one.cluster for one in (*candidate, *champion)))}
    if len(numbers) < MIN_CLUSTERS:
        raise ValueError(f"{len(numbers)} clusters are too few to draw from")
    estimates = _estimates(_totals(candidate, numbers), _totals(champion, numbers), function, config)
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
    )


def t_quantile(confidence: float, degrees: int) -> float:
    """Student's t by the expansion of Abramowitz and Stegun (1964), 26.7.5; within 1 % from three degrees on."""
    z, v = _NORMAL.inv_cdf(confidence), degrees
    terms = (
        z,
        (z**3 + z) / (4 * v),
        (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v**2),
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * v**3),
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / (92160 * v**4),
    )
    return math.fsum(terms)


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
    rng = np.random.default_rng(config.seed)
    count = len(candidate[0])
    found = []
    for at in range(0, config.resamples, _BLOCK):
        drawn = rng.multinomial(count, np.full(count, 1 / count), size=min(_BLOCK, config.resamples - at))
        found.append(function(_means(drawn, candidate)) - function(_means(drawn, champion)))
    estimates = np.concatenate(found)
    return np.asarray(estimates[np.isfinite(estimates)])


def _means(drawn: NDArray[np.int64], totals: tuple[Floats, Floats]) -> Floats:
    """The mean of each resample, shape (resamples,); not a number where it drew no row."""
    sums, counts = drawn @ totals[0], drawn @ totals[1]
    return np.asarray(np.divide(sums, counts, out=np.full(len(sums), np.nan), where=counts > 0))
