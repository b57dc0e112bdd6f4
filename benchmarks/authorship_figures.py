"""Figures of authorship: areas over pairs of books, their intervals, and calibration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.authorship_rounds import Floats, Row

RESAMPLES = 2000


@dataclass(frozen=True)
class Tested:
    """Rows of all rounds: the book, whether it is Chesterton's, the length asked for."""

    books: NDArray[np.str_]
    is_own: NDArray[np.bool_]
    lengths: NDArray[np.intp]


def columns_of(rows: Sequence[Row]) -> Tested:
    """The columns of rows."""
    books, is_own, lengths, _ = zip(*rows, strict=True)
    return Tested(np.asarray(books), np.asarray(is_own), np.asarray(lengths))


def concordance(logits: Floats, tested: Tested, chosen: NDArray[np.bool_] | None = None) -> Floats:
    """Share of pairs in the right order, shape (own books, other books); ties count half."""
    rows = np.ones(len(logits), dtype=bool) if chosen is None else chosen
    own = sorted(set(tested.books[tested.is_own].tolist()))
    others = sorted(set(tested.books[~tested.is_own & rows].tolist()))

    def pair(mine: str, theirs: str) -> float:
        a, b = logits[rows & (tested.books == mine)], logits[rows & (tested.books == theirs)]
        return float(np.mean((a[:, None] > b) + 0.5 * (a[:, None] == b)))

    return np.asarray([[pair(mine, theirs) for theirs in others] for mine in own])


def with_interval(pairs: Floats) -> str:
    """The mean over pairs of books and its interval: whole books are drawn on both sides."""
    rng = np.random.default_rng(0)
    rows = rng.integers(0, pairs.shape[0], (RESAMPLES, pairs.shape[0]))
    columns = rng.integers(0, pairs.shape[1], (RESAMPLES, pairs.shape[1]))
    means = [pairs[np.ix_(row, column)].mean() for row, column in zip(rows, columns, strict=True)]
    low, high = np.percentile(means, [2.5, 97.5])
    return f"{pairs.mean():.3f} [{low:.3f}, {high:.3f}]"


def calibration(logits: Floats, tested: Tested, rows: NDArray[np.bool_]) -> tuple[float, float]:
    """Brier score and expected calibration error, both sides and each book weighted alike."""
    probabilities = 1 / (1 + np.exp(-np.clip(logits[rows], -500, 500)))
    books, own = tested.books[rows], tested.is_own[rows]
    weights = np.zeros(len(books))
    for side in (True, False):
        names = sorted(set(books[own == side].tolist()))
        for name in names:
            weights[books == name] = 0.5 / len(names) / np.sum(books == name)
    brier = float(weights @ (probabilities - own) ** 2)
    bins = np.minimum(9, (probabilities * 10).astype(int))
    error = sum(abs(float(weights[bins == one] @ (probabilities[bins == one] - own[bins == one]))) for one in range(10))
    return brier, error
