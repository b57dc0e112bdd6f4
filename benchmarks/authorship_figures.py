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
    """Rows of all rounds: the round, the book, whether it is Chesterton's, the length asked for."""

    rounds: NDArray[np.intp]
    books: NDArray[np.str_]
    is_own: NDArray[np.bool_]
    lengths: NDArray[np.intp]


def columns_of(rounds: Sequence[Sequence[Row]]) -> Tested:
    """The columns of all rounds' rows."""
    books, is_own, lengths, _ = zip(*(row for rows in rounds for row in rows), strict=True)
    numbers = np.repeat(np.arange(len(rounds)), [len(rows) for rows in rounds])
    return Tested(numbers, np.asarray(books), np.asarray(is_own), np.asarray(lengths))


def concordance(logits: Floats, tested: Tested, chosen: NDArray[np.bool_] | None = None) -> Floats:
    """Share of pairs in the right order, shape (own books, other books); ties count half."""
    rows = np.ones(len(logits), dtype=bool) if chosen is None else chosen
    own = sorted(set(tested.books[tested.is_own & rows].tolist()))
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


def within_rounds(logits: Floats, tested: Tested) -> str:
    """The mean over rounds of the area over pairs of one round, with its interval.

    Each round is another fit; ordering one fit's texts against another's adds what their scales differ by, which makes
    pooled areas too low (Forman and Scholz, 2010, "Apples-to-apples in cross-validation studies"). Rounds are drawn
    for the interval, and within each its other authors.
    """
    rng = np.random.default_rng(0)
    areas = [concordance(logits, tested, tested.rounds == one).ravel() for one in range(int(tested.rounds.max()) + 1)]
    drawn = [
        np.mean([rng.choice(areas[one], len(areas[one])).mean() for one in rng.integers(0, len(areas), len(areas))])
        for _ in range(RESAMPLES)
    ]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return f"{np.mean([one.mean() for one in areas]):.3f} [{low:.3f}, {high:.3f}]"


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
