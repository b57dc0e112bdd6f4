"""Bootstrap intervals of means."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

RESAMPLES = 2000


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
