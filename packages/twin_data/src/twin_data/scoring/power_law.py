"""Power laws with an asymptote, `error = a + b (n / n_max)^-c`, fitted to many curves at once."""

from __future__ import annotations

import numpy as np

from twin_data.scoring.style_features import Floats

EXPONENTS = np.linspace(0.1, 2.0, 39)


def fitted(sizes: Floats, errors: Floats, spread: Floats) -> Floats:
    """Least squares with `a` and `b` not negative, `c` by trial.

    Args:
        sizes: Shape (S,).
        errors: Of B curves, shape (B, S).
        spread: Standard deviation of each size's error, shape (S,).

    Returns:
        `a`, `b`, `c` and the largest size of each curve, shape (B, 4).
    """
    weights = 1 / spread**2
    largest = float(sizes[-1])
    best = np.zeros((len(errors), 4))
    least = np.full(len(errors), np.inf)
    for exponent in EXPONENTS:
        falling = (sizes / largest) ** -exponent
        a, b = _line(falling, errors, weights)
        missed = ((errors - a[:, np.newaxis] - b[:, np.newaxis] * falling) ** 2) @ weights
        better = missed < least - 1e-12
        least = np.where(better, missed, least)
        best[better] = np.stack([a, b, np.full(len(a), exponent), np.full(len(a), largest)], axis=1)[better]
    return best


def _line(falling: Floats, errors: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Weighted `errors ≈ a + b falling` with both not negative; a bound that binds is held and the other refitted."""
    total = weights.sum()
    mean, means = (falling @ weights) / total, (errors @ weights) / total
    b = ((errors - means[:, np.newaxis]) @ (weights * (falling - mean))) / (weights @ (falling - mean) ** 2)
    b = np.maximum(0, b)
    a = means - b * mean
    alone = np.maximum(0, (errors @ (weights * falling)) / (weights @ falling**2))
    return np.maximum(0, a), np.where(a < 0, alone, b)


def foretell(laws: Floats, size: float) -> Floats:
    """The error of each law at a size, shape (B,)."""
    a, b, c, largest = laws.T
    return np.asarray(a + b * (size / largest) ** -c)
