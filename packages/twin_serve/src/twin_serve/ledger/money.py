"""Money: floats at the edges, whole billionths of the currency inside, so that any order of summing agrees."""

from __future__ import annotations

import math

from twin_data.contracts.releases import MachinePrice

SECONDS_PER_HOUR = 3600
NANO = 1_000_000_000
UNLIMITED = 2**62
"""A limit that no sum reaches and that a 64-bit column holds."""


def price_of(seconds_llm: float, price: MachinePrice) -> float | None:
    """What the model's seconds cost on this machine; None when its price is not set: unknown is never 0."""
    return None if price.per_hour is None else seconds_llm * price.per_hour / SECONDS_PER_HOUR


def to_nano(amount: float) -> int:
    """Whole billionths of an amount.

    Raises:
        ValueError: The amount is negative, not finite, or too large for a 64-bit column.
    """
    if not (math.isfinite(amount) and 0 <= amount < UNLIMITED / NANO):
        raise ValueError(f"amount {amount!r} must be between 0 and {UNLIMITED // NANO}")
    return round(amount * NANO)


def from_nano(nano: int) -> float:
    """The amount of whole billionths."""
    return nano / NANO
