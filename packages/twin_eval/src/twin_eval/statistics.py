"""Figures with an interval: Wilson's for proportions of few rows, the percentile bootstrap for everything else.

Efron and Tibshirani (1993) for the bootstrap, by whole clusters where rows share a source document; Wilson (1927) for
proportions, because the bootstrap of a few rows that all agree gives an interval of width zero.
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
from twin_data.statistics import wilson_interval

Floats = NDArray[np.float64]
_BLOCK = 250
"""Resamples that are held in memory at a time."""


class IntervalConfig(Contract):
    """How intervals are made."""

    resamples: int = 2000
    seed: int = 20_261
    wilson_below_n: int = 100
    """Proportions of fewer rows get Wilson's interval."""


def bootstrap_interval(
    values: Sequence[float],
    *,
    config: IntervalConfig,
    quantile: float | None = None,
    clusters: Sequence[Hashable] | None = None,
    function: Callable[[Floats], Floats] | None = None,
) -> tuple[float, float]:
    """The 95 % percentile bootstrap interval of the mean, or of a quantile.

    Args:
        values: At least one number.
        config: Resamples and seed.
        quantile: Between 0 and 1; None for the mean.
        clusters: One label a value. Whole clusters are drawn, so that rows of one source document, which stand and
            fall together, do not count as independent.
        function: Applied to the statistic of each resample; shape and order of its argument are kept.
    """
    sample = np.asarray(values, dtype=np.float64)
    labels = _labels(clusters, len(sample))
    estimates = np.concatenate(
        [_estimates(sample, weights, quantile) for weights in _resampled_weights(labels, config)]
    )
    low, high = np.quantile(estimates if function is None else function(estimates), (0.025, 0.975))
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
    name: str, values: Sequence[float | None], *, config: IntervalConfig, clusters: Sequence[Hashable] | None = None
) -> Score | None:
    """The mean of the values that are not None; None if all are."""
    kept, labels = _scored(values, clusters)
    if not kept:
        return None
    value = math.fsum(kept) / len(kept)
    low, high = bootstrap_interval(kept, config=config, clusters=labels)
    return _score(name, value, low, high, kept, values)


def function_score(
    name: str, values: Sequence[float | None], function: Callable[[Floats], Floats], *, config: IntervalConfig
) -> Score | None:
    """A function of the mean of the values that are not None; None if all are."""
    kept, _ = _scored(values, None)
    if not kept:
        return None
    low, high = bootstrap_interval(kept, config=config, function=function)
    value = float(function(np.asarray(math.fsum(kept) / len(kept))))
    return _score(name, value, low, high, kept, values)


def proportion_score(
    name: str, flags: Sequence[bool | None], *, config: IntervalConfig, clusters: Sequence[Hashable] | None = None
) -> Score | None:
    """The share of True among the flags that are not None; None if all are."""
    kept, labels = _scored(flags, clusters)
    if not kept:
        return None
    successes = sum(map(bool, kept))
    is_unanimous = successes in {0, len(kept)}
    if is_unanimous:  # nothing varies that could be drawn: whole clusters count as one row each
        rows = len(kept) if labels is None else len(set(labels))
        low, high = wilson_interval(rows if successes else 0, rows)
    elif labels is None and len(kept) < config.wilson_below_n:
        low, high = wilson_interval(successes, len(kept))
    else:
        low, high = bootstrap_interval(kept, config=config, clusters=labels)
    return _score(name, successes / len(kept), low, high, kept, flags)


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
    reach = float(stdtrit(labels.max(), 0.975) * np.sqrt((len(left_out) - 1) * np.var(left_out)))
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


def _scored(values: Sequence[Any], clusters: Sequence[Hashable] | None) -> tuple[list[float], list[Hashable] | None]:
    if clusters is not None and len(clusters) != len(values):
        raise ValueError(f"{len(clusters)} cluster labels for {len(values)} values")
    kept = [float(value) for value in values if value is not None]
    if clusters is None:
        return kept, None
    return kept, [label for label, value in zip(clusters, values, strict=True) if value is not None]


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
    drawn = _draws(int(labels.max()) + 1, config.resamples, config.seed)
    for at in range(0, len(drawn), _BLOCK):
        yield drawn[at : at + _BLOCK, labels].astype(np.float64)


@lru_cache(maxsize=8)
def _draws(count: int, resamples: int, seed: int) -> NDArray[np.uint32]:
    """How often each of so many clusters is drawn, shape (resamples, count); most figures of a run share them."""
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
