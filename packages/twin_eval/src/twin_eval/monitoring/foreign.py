"""The one-number drift test: the share of a window's questions that are foreign to the persona's corpus.

A question's cosine to its nearest chunk is a mixture of two normal distributions: of questions on its subjects, fitted
by expectation maximisation, and of foreign ones, known from shipped probes on subjects that no corpus covers.
The statistic is the window's mean probability of being foreign. Its distribution under chance comes from exchanging
window and reference at random (a permutation test), so that false alarms keep to the threshold whatever the
corpus, the encoder and the sizes are. The fit sees both together and cannot favour one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin_data.contracts.monitoring import ForeignShare

Floats = NDArray[np.float64]

PERMUTATIONS = 4000
BLOCK = 250
"""Permutations drawn at a time, to bound memory."""
SEED = 20261123
MIN_SPREAD = 0.04
PROBE_WIDENING = 2.0
"""A dozen probes cover less than the world: their spread is taken to be twice as wide."""
FIRST_SHARE = 0.1
SHARE_BOUNDS = (0.02, 0.5)
ITERATIONS = 30


@dataclass(frozen=True)
class ForeignLevel:
    """Where the cosines of foreign questions lie for one corpus."""

    mean: float
    spread: float


def foreign_level(probe_similarities: Floats) -> ForeignLevel:
    """The level of foreign questions.

    Args:
        probe_similarities: Cosine of each off-corpus probe to its nearest chunk, shape (P,), P ≥ 2.
    """
    if probe_similarities.size < 2:
        raise ValueError(f"{probe_similarities.size} probes cannot show a spread")
    spread = PROBE_WIDENING * max(float(probe_similarities.std()), MIN_SPREAD)
    return ForeignLevel(mean=float(probe_similarities.mean()), spread=spread)


def foreign_probabilities(similarities: Floats, level: ForeignLevel) -> Floats:
    """The probability of each question to be foreign, shape (N,), by a mixture fitted to all of them."""
    share = FIRST_SHARE
    mean, spread = float(np.quantile(similarities, 0.6)), max(float(similarities.std()), MIN_SPREAD)
    foreign_density = _density(similarities, level.mean, level.spread)
    probabilities = np.zeros_like(similarities)
    for _ in range(ITERATIONS):
        own = (1 - share) * _density(similarities, mean, spread)
        foreign = share * foreign_density
        probabilities = foreign / (foreign + own + np.finfo(float).tiny)
        # A cosine above the corpus's own level is never foreign, though the wider normal has the heavier tail.
        probabilities = np.where(similarities >= max(mean, level.mean), 0.0, probabilities)
        weights = 1 - probabilities
        mean = float(np.average(similarities, weights=weights + 1e-12))
        spread = max(float(np.sqrt(np.average((similarities - mean) ** 2, weights=weights + 1e-12))), MIN_SPREAD)
        share = float(np.clip(probabilities.mean(), *SHARE_BOUNDS))
    return np.asarray(probabilities)


def compare_foreign_shares(
    reference: Floats, current: Floats, level: ForeignLevel, *, threshold: float
) -> tuple[ForeignShare, Floats]:
    """Whether the window holds more foreign questions than the reference.

    Args:
        reference: Cosines of the reference's questions, shape (N,).
        current: Cosines of the window's questions, shape (M,).
        level: Of foreign questions.
        threshold: Probability of a false alarm.

    Returns:
        The test, and the window's probabilities after the reference's, shape (N + M,).
    """
    if not reference.size or not current.size:
        raise ValueError(f"cannot compare {current.size} questions with {reference.size}")
    probabilities = foreign_probabilities(np.concatenate([reference, current]), level)
    share = float(probabilities[reference.size :].mean())
    by_chance = _exchanged_means(probabilities, current.size)
    p_value = (1 + int((by_chance >= share - 1e-12).sum())) / (PERMUTATIONS + 1)
    tested = ForeignShare(
        share=round(share, 6),
        reference_share=round(float(probabilities[: reference.size].mean()), 6),
        limit=round(float(np.quantile(by_chance, 1 - threshold, method="higher")), 6),
        p_value=round(p_value, 6),
        threshold=threshold,
        n_current=current.size,
        n_reference=reference.size,
    )
    return tested, probabilities


def _exchanged_means(values: Floats, size: int) -> Floats:
    """Means of `size` of the values, drawn without replacement, shape (PERMUTATIONS,)."""
    generator = np.random.default_rng(SEED)
    blocks = []
    for _ in range(PERMUTATIONS // BLOCK):
        keys = generator.random((BLOCK, values.size))
        drawn = np.argpartition(keys, size - 1, axis=1)[:, :size]
        blocks.append(values[drawn].mean(axis=1))
    return np.concatenate(blocks)


def _density(values: Floats, mean: float, spread: float) -> Floats:
    """Normal density up to a constant factor that both components share."""
    return np.asarray(np.exp(-0.5 * ((values - mean) / spread) ** 2) / spread)
