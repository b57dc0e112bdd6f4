"""Figures with an interval: Wilson's for proportions, the bootstrap for everything else, both by whole clusters.

Rows of one source document stand and fall together and tell less than as many of different ones. A proportion's rows
therefore count as fewer, by the design effect of its clusters (Korn and Graubard, 1998, with Wilson's interval of 1927
for Clopper and Pearson's); for means whole clusters are drawn (Efron and Tibshirani, 1993), and no bound is nearer than
Student's t with the delete-one-cluster jackknife's error (Cameron and Miller, 2015), since percentiles of few rows are
too narrow: of nine samples they cover .91, of three .70 (docs/benchmarks.md).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from twin_data.contracts.base import Contract
from twin_data.contracts.evaluation import Score
from twin_data.statistics import Z_95, share_interval

Floats = NDArray[np.float64]
UNBOUNDED = (-math.inf, math.inf)
MIN_CLUSTERS = 2
"""Of one nothing is known of how far another might lie."""
_BLOCK = 250
"""Resamples that are held in memory at a time."""
_STEPS = 201
"""Points of a mean's interval at which a function of it is looked at."""


class IntervalConfig(Contract):
    """How intervals are made."""

    resamples: int = 2000
    seed: int = 20_261


def bootstrap_interval(
    values: Sequence[float],
    *,
    config: IntervalConfig,
    quantile: float | None = None,
    clusters: Sequence[Hashable] | None = None,
) -> tuple[float, float]:
    """The 95 % percentile bootstrap interval of the mean, or of a quantile.

    Args:
        values: At least one number.
        config: Resamples and seed.
        quantile: Between 0 and 1; None for the mean.
        clusters: One label a value. Whole clusters are drawn, so that rows of one source document, which stand and
            fall together, do not count as independent.
    """
    sample = np.asarray(values, dtype=np.float64)
    labels = _labels(clusters, len(sample))
    estimates = np.concatenate(
        [_estimates(sample, weights, quantile) for weights in _resampled_weights(labels, config)]
    )
    low, high = np.quantile(estimates, (0.025, 0.975))
    return float(low), float(high)


def resampled_interval(
    statistic: Callable[[Floats], Floats],
    clusters: Sequence[Hashable],
    *,
    config: IntervalConfig,
    is_shifted: bool = False,
) -> tuple[Floats, Floats]:
    """The 95 % percentile bootstrap interval of any statistics of weighted rows.

    Args:
        statistic: Of weights of shape (resamples, rows), the statistics of each resample, of shape (resamples, S); not
            a number where a resample gives none.
        clusters: One label a row; whole clusters are drawn.
        config: Resamples and seed.
        is_shifted: Whether resampling shifts the statistics, as it does the distance of a mean from a point; the
            bounds are then shifted back by as much.

    Returns:
        Lower and upper bounds, both of shape (S,).
    """
    labels = _labels(clusters, len(clusters))
    estimates = np.concatenate([statistic(weights) for weights in _resampled_weights(labels, config)])
    if is_shifted:
        estimates = estimates + statistic(np.ones((1, len(labels)))) - np.nanmean(estimates, axis=0)
    low, high = np.nanquantile(estimates, (0.025, 0.975), axis=0)
    return np.asarray(low), np.asarray(high)


def mean_score(
    name: str,
    values: Sequence[float | None],
    *,
    config: IntervalConfig,
    clusters: Sequence[Hashable] | None = None,
    within: tuple[float, float] = UNBOUNDED,
) -> Score | None:
    """The mean of the values that are not None; None if there are none.

    Of fewer than two clusters nothing is known but what can be: the interval is `within`, and where that has no bound
    there is no score.

    Args:
        name: Of the score.
        values: One a row.
        config: Resamples and seed.
        clusters: One label a row; every row its own if None.
        within: What the mean can be at least and at most.
    """
    kept, labels = _scored(values, clusters)
    low, high = within
    if len(set(labels)) >= MIN_CLUSTERS:
        low, high = _mean_interval(kept, labels, config)
    elif not kept or not math.isfinite(high - low):
        return None
    value = math.fsum(kept) / len(kept)
    return _score(name, value, max(low, within[0]), min(high, within[1]), kept, values)


def function_score(
    name: str,
    values: Sequence[float | None],
    function: Callable[[Floats], Floats],
    *,
    config: IntervalConfig,
    clusters: Sequence[Hashable] | None = None,
) -> Score | None:
    """A function of the mean of the values that are not None, and all that it is over the mean's interval."""
    kept, labels = _scored(values, clusters)
    if len(set(labels)) < MIN_CLUSTERS:
        return None
    mean = math.fsum(kept) / len(kept)
    low, high = _mean_interval(kept, labels, config)
    reached = function(np.append(np.linspace(low, high, _STEPS), mean))
    return _score(name, float(reached[-1]), float(reached.min()), float(reached.max()), kept, values)


def proportion_score(
    name: str, flags: Sequence[bool | None], *, clusters: Sequence[Hashable] | None = None
) -> Score | None:
    """The share of True among the flags that are not None; None if all are."""
    kept, labels = _scored(flags, clusters)
    if not kept:
        return None
    share = sum(kept) / len(kept)
    low, high = share_interval(share, _effective_rows(np.asarray(kept), _labels(labels, len(kept))))
    return _score(name, share, low, high, kept, flags)


def _mean_interval(values: Sequence[float], labels: Sequence[Hashable], config: IntervalConfig) -> tuple[float, float]:
    """The bootstrap's percentiles, never nearer to the mean than Student's t lets the truth lie."""
    low, high = bootstrap_interval(values, config=config, clusters=labels)
    sample, numbers = np.asarray(values, dtype=np.float64), _labels(labels, len(values))
    degrees = effective_clusters(np.bincount(numbers)) - 1
    reach = t_quantile(0.975, degrees) * math.sqrt(_jackknife_variance(sample, numbers))
    mean = float(sample.mean())
    return min(low, mean - reach), max(high, mean + reach)


def _effective_rows(flags: Floats, labels: NDArray[np.intp]) -> float:
    """How many independent rows tell as much of a share: by its clusters' design effect, and fewer where those are few.

    Where all rows agree nothing varies that could be measured, and a cluster counts as one row.
    """
    rows, clusters = len(flags), int(labels.max()) + 1
    if clusters == rows:
        return rows
    share = float(flags.mean())
    if share in {0.0, 1.0} or clusters == 1:
        return clusters
    worth = min(rows, share * (1 - share) / max(_jackknife_variance(flags, labels), 1e-12))
    return max(1.0, worth * (Z_95 / t_quantile(0.975, effective_clusters(np.bincount(labels)) - 1)) ** 2)


def _jackknife_variance(values: Floats, labels: NDArray[np.intp]) -> float:
    """Of the mean, by leaving out one cluster at a time (Efron and Tibshirani, 1993, 11.5)."""
    sums, counts = np.bincount(labels, values), np.bincount(labels)
    left_out = (values.sum() - sums) / (len(values) - counts)
    return float((len(sums) - 1) * np.var(left_out))


def effective_clusters(rows: NDArray[np.float64 | np.intp]) -> float:
    """Kish's (1965) number of clusters of equal size, by the rows of each, shape (clusters,); of two at least."""
    sizes = rows.astype(np.float64)
    return max(float(MIN_CLUSTERS), float(sizes.sum() ** 2 / np.square(sizes).sum()))


def t_quantile(confidence: float, degrees: float) -> float:
    """Student's t, by so many degrees of freedom, which need not be whole."""
    return float(stdtrit(degrees, confidence))


def kappa_score(
    name: str, pairs: Sequence[tuple[str, str]], *, config: IntervalConfig, clusters: Sequence[Hashable] | None = None
) -> Score | None:
    """Cohen's (1960) kappa of two raters: agreement beyond what their habits alone would give.

    None where there is no pair, or both always gave one and the same label: then there is nothing beyond chance. Its
    interval is never narrower than Student's t with the delete-one-cluster jackknife's error, as few clusters need.
    """
    if not pairs or len({label for pair in pairs for label in pair}) == 1:
        return None
    value = float(_kappas(pairs, np.ones((1, len(pairs))))[0])
    labels = _labels(clusters, len(pairs))
    if int(labels.max()) == 0:
        return _score(name, value, -1.0, 1.0, pairs, pairs)
    drawn = np.concatenate([_kappas(pairs, weights) for weights in _resampled_weights(labels, config)])
    drawn = drawn[np.isfinite(drawn)]
    left_out = _kappas(pairs, (labels[None, :] != np.arange(labels.max() + 1)[:, None]).astype(np.float64))
    left_out = left_out[np.isfinite(left_out)]
    if len(drawn) == 0 or len(left_out) < 2:  # without one of them nothing varies any more: nothing is known
        return _score(name, value, -1.0, 1.0, pairs, pairs)
    low, high = np.quantile(drawn, (0.025, 0.975))
    reach = t_quantile(0.975, int(labels.max())) * math.sqrt((len(left_out) - 1) * np.var(left_out))
    return _score(name, value, max(-1.0, min(low, value - reach)), min(1.0, max(high, value + reach)), pairs, pairs)


def quantile_score(
    name: str,
    values: Sequence[float | None],
    quantile: float,
    *,
    config: IntervalConfig,
    clusters: Sequence[Hashable] | None = None,
) -> Score | None:
    """The smallest value that at least this share of the values does not exceed."""
    kept, labels = _scored(values, clusters)
    if not kept:
        return None
    value = float(np.quantile(np.asarray(kept), quantile, method="inverted_cdf"))
    low, high = bootstrap_interval(kept, config=config, quantile=quantile, clusters=labels)
    return _score(name, value, low, high, kept, values)


def _scored(values: Sequence[Any], clusters: Sequence[Hashable] | None) -> tuple[list[float], list[Hashable]]:
    """The values that are there, and the cluster of each; every row its own cluster if there are none."""
    labels = range(len(values)) if clusters is None else clusters
    if len(labels) != len(values):
        raise ValueError(f"{len(labels)} cluster labels for {len(values)} values")
    kept = [(float(value), label) for label, value in zip(labels, values, strict=True) if value is not None]
    return [value for value, _ in kept], [label for _, label in kept]


def _score(name: str, value: float, low: float, high: float, kept: Sequence[Any], asked: Sequence[Any]) -> Score:
    return Score(
        name=name,
        value=value,
        # A percentile interval of a lopsided sample may leave out its own estimate.
        low=min(low, value),
        high=max(high, value),
        n=len(kept),
        unscored=len(asked) - len(kept),
    )


def _labels(clusters: Sequence[Hashable] | None, n: int) -> NDArray[np.intp]:
    """The clusters as numbers from 0; every row its own cluster if there are none."""
    if n == 0:
        raise ValueError("no value to make an interval of")
    if clusters is None:
        return np.arange(n)
    numbers = {label: at for at, label in enumerate(dict.fromkeys(clusters))}
    return np.asarray([numbers[label] for label in clusters])


def _resampled_weights(labels: NDArray[np.intp], config: IntervalConfig) -> Iterator[Floats]:
    """How often each row is drawn, in blocks of shape (resamples, rows): clusters are drawn with replacement."""
    drawn = draws(int(labels.max()) + 1, config.resamples, config.seed)
    for at in range(0, len(drawn), _BLOCK):
        yield drawn[at : at + _BLOCK, labels].astype(np.float64)


@lru_cache(maxsize=8)
def draws(count: int, resamples: int, seed: int) -> NDArray[np.uint32]:
    """How often each resample draws each of so many clusters, shape (resamples, count); most figures share them."""
    rng = np.random.default_rng(seed)
    shares = np.full(count, 1 / count)
    drawn = np.empty((resamples, count), dtype=np.uint32)
    for at in range(0, resamples, _BLOCK):
        size = min(_BLOCK, resamples - at)
        drawn[at : at + size] = rng.multinomial(count, shares, size=size)
    drawn.flags.writeable = False
    return drawn


def _kappas(pairs: Sequence[tuple[str, str]], weights: Floats) -> Floats:
    """Kappa of each resample, shape (resamples,); not a number where both raters gave one label only."""
    totals = weights.sum(axis=1)
    observed = weights @ np.asarray([one == other for one, other in pairs], dtype=np.float64) / totals
    expected = np.zeros(len(totals))
    for label in sorted({label for pair in pairs for label in pair}):
        shares = [
            weights @ np.asarray([pair[at] == label for pair in pairs], dtype=np.float64) / totals for at in (0, 1)
        ]
        expected += shares[0] * shares[1]
    beyond = 1 - expected
    return np.asarray(np.divide(observed - expected, beyond, out=np.full(len(totals), np.nan), where=beyond > 1e-12))


def _estimates(sample: Floats, weights: Floats, quantile: float | None) -> Floats:
    """The statistic of each resample, shape (resamples,)."""
    totals = weights.sum(axis=1)
    if quantile is None:
        return np.asarray(weights @ sample / totals)
    order = np.argsort(sample, kind="stable")
    cumulated = np.cumsum(weights[:, order], axis=1)
    # A hair less than the bound, as a product of floats may exceed the whole number that it stands for.
    wanted = np.maximum(quantile * totals * (1 - 1e-12), 1e-12)
    first = np.argmax(cumulated >= wanted[:, None], axis=1)
    return np.asarray(sample[order][first])
