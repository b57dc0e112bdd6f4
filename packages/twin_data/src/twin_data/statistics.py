"""95 % intervals: Wilson's of a share, the plain bootstrap of a mean.

Evaluation, whose rows of one source document stand and fall together, draws whole clusters: `twin_eval.statistics`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

RESAMPLES = 2000
Z_95 = 1.959963984540054


def wilson_interval(successes: int, n: int) -> tuple[float, float]:
    """Wilson's (1927) 95 % score interval of a proportion."""
    if not 0 <= successes <= n or n < 1:
        raise ValueError(f"{successes} successes of {n}")
    return share_interval(successes / n, n)


def share_interval(share: float, rows: float) -> tuple[float, float]:
    """The same of a share and of how many independent rows it is worth, which need not be whole."""
    z2 = Z_95**2
    centre = (share + z2 / (2 * rows)) / (1 + z2 / rows)
    half = Z_95 / (1 + z2 / rows) * math.sqrt(share * (1 - share) / rows + z2 / (4 * rows * rows))
    # The formula's own bounds, which rounding would miss by a hair.
    low = 0.0 if share == 0 else max(0.0, centre - half)
    high = 1.0 if share == 1 else min(1.0, centre + half)
    return low, high


def mean_with_interval(values: Sequence[float], *, seed: int = 0) -> tuple[float, float, float]:
    """The mean and its 95 % percentile bootstrap interval (Efron, 1979).

    Args:
        values: At least one value.
        seed: Of the resampling.
    """
    if not values:
        raise ValueError("a mean needs at least one value")
    held = np.asarray(values, dtype=np.float64)
    drawn = np.random.default_rng(seed).integers(0, len(held), size=(RESAMPLES, len(held)))
    low, high = np.quantile(held[drawn].mean(axis=1), [0.025, 0.975])
    return float(held.mean()), float(low), float(high)
