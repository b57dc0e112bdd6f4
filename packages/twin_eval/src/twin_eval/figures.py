"""Figures as text: with as many places as they bear, and never zero where they are not."""

from __future__ import annotations

UNKNOWN = "–"
_SMALL, _LARGE = 0.001, 10.0


def figure(value: float | None, *, sign: str = "") -> str:
    """A figure for people; what an answer costs is small, and is money all the same.

    Args:
        value: The figure; None where it is unknown.
        sign: "+" to sign what is above zero, too, as a difference is.
    """
    if value is None:
        return UNKNOWN
    places = 6 if 0 < abs(value) < _SMALL else 3 if abs(value) < _LARGE else 1
    return f"{value:{sign}.{places}f}"


def interval(low: float | None, high: float | None, *, sign: str = "") -> str:
    """Both ends in brackets."""
    return f"[{figure(low, sign=sign)}, {figure(high, sign=sign)}]"


def with_interval(value: float | None, low: float | None, high: float | None, *, sign: str = "") -> str:
    """A figure and its interval in brackets."""
    return f"{figure(value, sign=sign)} {interval(low, high, sign=sign)}"
