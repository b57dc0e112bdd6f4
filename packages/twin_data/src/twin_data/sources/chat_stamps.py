"""The stamps that chat programs set before each message: a time, and before that the day, as the language writes it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

_MARKS = "\u200e\u200f\u202a-\u202e\u2066-\u2069"
"""Marks of direction, which WhatsApp sets before what it says itself and around names."""
_HALF = r"(?:\s?[AaPp]\.?\s?[Mm]\b\.?)?"
_END = r"\]?\s*(?P<dash>[-–]\s)?\s*(?=\S)"
# WhatsApp: `[12.03.21, 10:01:02] Ada: …`, `12/03/2021, 10:01 - Ada: …`, `12/03/2021 à 10:01 - …`,
# `12/3/21 10:01 a. m. - …`; Discord's exporter: `[12-Mar-21 10:01 AM] ada`.
_DATED = re.compile(
    rf"[{_MARKS}]*(?P<bracket>\[)?(?P<date>\d{{1,4}}([./-])(?:\d{{1,2}}|[A-Z][a-z]{{2}})\3\d{{1,4}}),?\s+"
    rf"(?:(?:à|às|at|um|kl\.|klo)\s+)?\d{{1,2}}[:.]\d\d(?:[:.]\d\d)?{_HALF}{_END}"
)
_TIMED = re.compile(rf"[{_MARKS}]*(?P<bracket>\[)?\d{{1,2}}:\d\d(?::\d\d)?{_HALF}{_END}")
_ORDERS = ((2, 1, 0), (2, 0, 1))
"""Where year, month and day stand: the day first, the month first."""
_CENTURY = 2000


@dataclass(frozen=True)
class StampForm:
    """How a program writes its stamps; it writes all of them so.

    Attributes:
        is_dated: Whether the day stands before the time.
        is_framed: Whether brackets or a dash part it from the name.
    """

    is_dated: bool
    is_framed: bool

    @property
    def is_exported(self) -> bool:
        """Whether hardly anybody but a program writes so."""
        return self.is_dated and self.is_framed


@dataclass(frozen=True)
class Stamp:
    """A stamp at the beginning of a line.

    Attributes:
        form: How it is written.
        written: The day as it is written; empty if there is none.
        end: Where in the line it ends.
    """

    form: StampForm
    written: str
    end: int


def stamp_of(line: str) -> Stamp | None:
    """The stamp that begins a line, if something stands behind it."""
    if match := _DATED.match(line):
        return Stamp(StampForm(True, bool(match["bracket"] or match["dash"])), match["date"], match.end())
    if match := _TIMED.match(line):
        return Stamp(StampForm(False, bool(match["bracket"] or match["dash"])), "", match.end())
    return None


def days_of(written: Sequence[str]) -> list[date] | None:
    """The days of a chat's stamps, in its order; None where that is not told or which number is the month.

    A chat writes all its days alike. Which number is the month tells one over 12, or that no message is older than the
    one before it.
    """
    readings = [days for order in _orders(written) if (days := _days(written, order))]
    likely = [days for days in readings if days == sorted(days)] or readings
    return likely[0] if likely and all(days == likely[0] for days in likely) else None


def without_marks(text: str) -> str:
    """A name without marks of direction, and without the tilde before the name of somebody not in the contacts."""
    return re.sub(rf"[{_MARKS}]", "", text).strip().removeprefix("~").strip()


def _orders(written: Sequence[str]) -> Sequence[tuple[int, int, int]]:
    first = next(iter(written), "")
    if first[:4].isdigit():
        return ((0, 1, 2),)
    return _ORDERS[:1] if "." in first else _ORDERS  # where dots part a date, the day comes first


def _days(written: Sequence[str], order: tuple[int, int, int]) -> list[date] | None:
    try:
        parts = [[int(number) for number in re.split(r"[./-]", one)] for one in written]
        return [_day(*(numbers[place] for place in order)) for numbers in parts]
    except ValueError:
        return None


def _day(year: int, month: int, day: int) -> date:
    return date(year + _CENTURY if year < 100 else year, month, day)
