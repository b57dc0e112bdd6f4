"""Bootstrap intervals of areas and shares; rows that belong together are drawn together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1000

Floats = NDArray[np.float64]


class Resamples:
    """How often each row is drawn in each bootstrap sample, whole clusters at a time (Efron and Tibshirani, 1993)."""

    def __init__(self, clusters: Sequence[str], *, seed: int) -> None:
        names = {name: at for at, name in enumerate(dict.fromkeys(clusters))}
        random = np.random.default_rng(seed)
        drawn = random.integers(0, len(names), (RESAMPLES, len(names)))
        counts = np.stack([np.bincount(one, minlength=len(names)) for one in drawn])
        self.weights: Floats = counts[:, [names[one] for one in clusters]].astype(np.float64)

    def auc(self, scores: Floats, is_true: NDArray[np.bool_], of: NDArray[np.bool_]) -> str:
        """The area under the ROC curve over the rows in `of`, with its interval."""
        value = area_under_curve(scores[of], is_true[of], np.ones((1, int(of.sum()))))[0]
        drawn = area_under_curve(scores[of], is_true[of], self.weights[:, of])
        low, high = np.nanpercentile(drawn, [2.5, 97.5])
        return f"{value:.3f} [{low:.3f}, {high:.3f}]"

    def auc_gain(self, ours: Floats, other: Floats, is_true: NDArray[np.bool_]) -> str:
        """Our area less another measure's on the same rows, with the interval of the difference."""
        all_rows = np.ones((1, len(is_true)))
        value = area_under_curve(ours, is_true, all_rows)[0] - area_under_curve(other, is_true, all_rows)[0]
        drawn = area_under_curve(ours, is_true, self.weights) - area_under_curve(other, is_true, self.weights)
        low, high = np.nanpercentile(drawn, [2.5, 97.5])
        return f"{value:+.3f} [{low:+.3f}, {high:+.3f}]"

    def share(self, passed: NDArray[np.bool_], of: NDArray[np.bool_]) -> str:
        """The share of the rows in `of` that passed, with its interval."""
        weights = self.weights[:, of]
        with np.errstate(invalid="ignore"):
            drawn = (weights @ passed[of]) / weights.sum(axis=1)
        low, high = np.nanpercentile(drawn, [2.5, 97.5])
        return f"{passed[of].mean():.3f} [{low:.3f}, {high:.3f}]"


def area_under_curve(scores: Floats, is_true: NDArray[np.bool_], weights: Floats) -> Floats:
    """The probability that a true row scores above a false one, ties counted half, for each row of weights (R, n)."""
    _, rank = np.unique(scores, return_inverse=True)
    levels = int(rank.max()) + 1
    found = []
    for one in weights:
        true = np.bincount(rank, weights=one * is_true, minlength=levels)
        false = np.bincount(rank, weights=one * ~is_true, minlength=levels)
        below = np.cumsum(false) - false / 2
        pairs = true.sum() * false.sum()
        found.append(float(true @ below / pairs) if pairs else np.nan)
    return np.array(found)
