"""Numbers and days written in words or figures, brought to one form.

`twenty-one`, `21`; `two hundred and fifty`, `250`; `two dozen`, `24`; `1.2 million`, `1,200,000`; `nineteen ten`,
`1910`; `14th of March`, `March 14, 2022`, `14/03/2022`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from enum import Enum
from typing import NamedTuple


class Gap(Enum):
    """What stands between a word and the one before it."""

    GLUED = "nothing"
    SPACE = "white space"
    HYPHEN = "a hyphen"
    BREAK = "punctuation"


class Word(NamedTuple):
    """A lower-case word and what parts it from the one before."""

    text: str
    gap: Gap


_TO_NINETEEN = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
_TENS = {word: 10 * (at + 2) for at, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split())}
_SMALL = {word: value for value, word in enumerate(_TO_NINETEEN)} | _TENS
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_ORDINALS = {
    word: value
    # "second" is left out: it is a unit of time at least as often.
    for value, word in enumerate(
        "first - third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth "
        "sixteenth seventeenth eighteenth nineteenth twentieth".split(),
        start=1,
    )
    if word != "-"
} | {"thirtieth": 30}
_MONTH_NAMES = "january february march april may june july august september october november december".split()
_MONTHS = {name: name for name in _MONTH_NAMES} | {name[:3]: name for name in _MONTH_NAMES} | {"sept": "september"}
_SURE_MONTHS = frozenset({*_MONTH_NAMES, "feb", "apr", "aug", "sept", "oct", "nov", "dec"})
"""Jan is a person, too, and things mar, step and march; those are months before a year, or with a day."""
_ISO_DATE = re.compile(r"\b(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])\b")
_NUMERIC_DATE = re.compile(r"\b(0?[1-9]|[12]\d|3[01])([./])(0?[1-9]|[12]\d|3[01])\2(\d{4})\b")
_PLAIN_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_GROUPED_NUMBER = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?")
_ORDINAL_TOKEN = re.compile(r"([0-9]+)th")
YEAR = re.compile(r"1[0-9]{3}|20[0-9]{2}")
_CENTURIES = range(13, 21)
"""Hundreds of years that are spoken of by themselves: nineteen eighty-four, twenty ten."""
_JOINS = frozenset({Gap.SPACE, Gap.HYPHEN})


def write_out_dates(text: str) -> str:
    """`2022-03-14`, `14.3.2022`, `14/03/2022` and `03/14/2022` as `14 march 2022`.

    With slashes day and month may stand either way: where both could be months, it stays as it is.
    """
    text = _ISO_DATE.sub(lambda match: f"{match[3]} {_MONTH_NAMES[int(match[2]) - 1]} {match[1]}", text)
    return _NUMERIC_DATE.sub(_written_out, text)


def _written_out(match: re.Match[str]) -> str:
    first, second = int(match[1]), int(match[3])
    if match[2] == "/" and first != second and max(first, second) <= len(_MONTH_NAMES):
        return match[0]
    day, month = (first, second) if match[2] == "." or second <= len(_MONTH_NAMES) else (second, first)
    return f"{day} {_MONTH_NAMES[month - 1]} {match[4]}" if month <= len(_MONTH_NAMES) else match[0]


def normalise_numbers(words: Sequence[Word]) -> list[Word]:
    """Figures without separators, idle zeros or idle decimals; number words as figures; ordinals as `5th`."""
    figures = _join_ordinal_endings([word._replace(text=_plain_figure(word.text)) for word in words])
    result: list[Word] = []
    at = 0
    while at < len(figures):
        found = (
            _ordinal_at(figures, at) or _year_at(figures, at) or _dozens_at(figures, at) or _cardinal_at(figures, at)
        )
        text, end = found if found else (figures[at].text, at + 1)
        result.append(Word(text, figures[at].gap))
        at = end
    return result


def normalise_days(words: Sequence[Word]) -> list[Word]:
    """A day of a month as the figure, then the month's full name, whatever their order was; a bare month in full."""
    result: list[Word] = []
    at = 0
    while at < len(words):
        found = _day_then_month(words, at) or _month_then_day(words, at)
        if found:
            day, month, end = found
            result += [Word(day, words[at].gap), Word(month, Gap.SPACE)]
        else:
            month, end = _bare_month(words, at)
            result.append(words[at]._replace(text=month))
        at = end
    return result


def _plain_figure(text: str) -> str:
    if _GROUPED_NUMBER.fullmatch(text):
        text = text.replace(",", "")
    if not _PLAIN_NUMBER.fullmatch(text):
        return text.removeprefix("0") if re.fullmatch(r"0[0-9]:[0-9:.]+", text) else text
    whole, _, decimals = text.partition(".")
    decimals = decimals.rstrip("0")
    return (whole.lstrip("0") or "0") + (f".{decimals}" if decimals else "")


def _join_ordinal_endings(words: Sequence[Word]) -> list[Word]:
    result: list[Word] = []
    for word in words:
        if word.gap is Gap.GLUED and word.text in {"st", "nd", "rd", "th"} and result and result[-1].text.isdecimal():
            before = result.pop()
            result.append(Word("second" if before.text == "2" else f"{before.text}th", before.gap))
        else:
            result.append(word)
    return result


def _ordinal_at(words: Sequence[Word], at: int) -> tuple[str, int] | None:
    """`fifth` or `twenty-first` at this place, and where it ends."""
    if value := _ORDINALS.get(words[at].text):
        return f"{value}th", at + 1
    following = _joined(words, at + 1)
    unit = 2 if following == "second" else _ORDINALS.get(following or "", 10)
    if words[at].text in _TENS and unit < 10:
        return f"{_TENS[words[at].text] + unit}th", at + 2
    return None


def _year_at(words: Sequence[Word], at: int) -> tuple[str, int] | None:
    """`nineteen eighty-four` or `nineteen oh five` at this place, and where it ends."""
    century, following = _SMALL.get(words[at].text, 0), _joined(words, at + 1)
    if century not in _CENTURIES:
        return None
    if following in {"oh", "o"} and 0 < (unit := _SMALL.get(_joined(words, at + 2) or "", 0)) < 10:
        return str(100 * century + unit), at + 3
    if _SMALL.get(following or "", 0) < 10:
        return None
    years, end = _below_hundred(words, at + 1)
    counted = end < len(words) and words[end].gap is Gap.HYPHEN  # "twenty twelve-year-olds"
    return None if counted else (str(100 * century + int(years)), end)


def _dozens_at(words: Sequence[Word], at: int) -> tuple[str, int] | None:
    """`a dozen`, `half a dozen` or `two dozen` at this place, and where it ends."""
    first = words[at].text
    if first == "half" and _joined(words, at + 1) == "a" and _joined(words, at + 2) == "dozen":
        return "6", at + 3
    if _joined(words, at + 1) != "dozen":
        return None
    if first == "half":
        return "6", at + 2
    count = 1 if first == "a" else _SMALL.get(first, int(first) if first.isdecimal() else 0)
    return (str(12 * count), at + 2) if count else None


def _cardinal_at(words: Sequence[Word], at: int) -> tuple[str, int] | None:
    """A number in words, or in figures with a word of scale, and where it ends."""
    group = _group_at(words, at)
    if group is None:
        return None
    value, end = group
    total, smallest = Decimal(0), 10**15
    while (scale := _SCALES.get(_joined(words, end) or "")) and scale < smallest:
        total += value * scale
        smallest = scale
        value, end = _remainder(words, end + 1, below=min(scale, 1000))
        if not value:
            break
    text = format(total + value, "f")
    return _plain_figure(text), end


def _group_at(words: Sequence[Word], at: int) -> tuple[Decimal, int] | None:
    """A number below a thousand in words, or any figure that a word of scale follows."""
    word, following = words[at].text, _joined(words, at + 1)
    is_scaled = following == "hundred" or following in _SCALES
    if is_scaled and (word in {"a", "an"} or _PLAIN_NUMBER.fullmatch(word)):
        value, end = Decimal(1 if word in {"a", "an"} else word), at + 1
    elif word in _SMALL:
        value, end = _below_hundred(words, at)
    else:
        return None
    if _joined(words, end) == "hundred":
        rest, end = _remainder(words, end + 1, below=100)
        value = value * 100 + rest
    return value, end


def _below_hundred(words: Sequence[Word], at: int) -> tuple[Decimal, int]:
    value = _SMALL[words[at].text]
    unit = _SMALL.get(_joined(words, at + 1) or "", 0)
    if words[at].text in _TENS and 0 < unit < 10:
        return Decimal(value + unit), at + 2
    return Decimal(value), at + 1


def _remainder(words: Sequence[Word], at: int, *, below: int) -> tuple[Decimal, int]:
    """What follows `hundred` or `thousand`: `and five`, `twenty`; nothing gives zero and consumes nothing."""
    start = at + 1 if _joined(words, at) == "and" else at
    if _joined(words, start) not in _SMALL:
        return Decimal(0), at
    found = _group_at(words, start) if below > 100 else _below_hundred(words, start)
    if found is None or not 0 < found[0] < below:
        return Decimal(0), at
    return found


def _joined(words: Sequence[Word], at: int) -> str | None:
    """The word at this place, unless it is parted from the one before by punctuation."""
    return words[at].text if at < len(words) and words[at].gap in _JOINS else None


def _day_then_month(words: Sequence[Word], at: int) -> tuple[str, str, int] | None:
    day = _day(words[at].text)
    month_at = at + 2 if _joined(words, at + 1) == "of" else at + 1
    month = _MONTHS.get(_joined(words, month_at) or "")
    return (day, month, month_at + 1) if day and month else None


def _month_then_day(words: Sequence[Word], at: int) -> tuple[str, str, int] | None:
    """`March 14` only where an ordinal, a year or the clause's end shows that the figure is no count of things."""
    month = _MONTHS.get(words[at].text)
    if month is None:
        return None
    day_at = at + 2 if _joined(words, at + 1) == "the" else at + 1
    text = _joined(words, day_at)
    day = _day(text) if text else None
    if text is None or day is None:
        return None
    end = day_at + 1
    is_last = end == len(words) or words[end].gap is Gap.BREAK or bool(YEAR.fullmatch(words[end].text))
    return (day, month, end) if is_last or not text.isdecimal() else None


def _bare_month(words: Sequence[Word], at: int) -> tuple[str, int]:
    """The word at this place and where it ends, a month in full and without the "of" before its year."""
    text = words[at].text
    if text not in _MONTHS:
        return text, at + 1
    year_at = at + 2 if _joined(words, at + 1) == "of" else at + 1
    if year_at < len(words) and YEAR.fullmatch(words[year_at].text):
        return _MONTHS[text], year_at
    return _MONTHS[text] if text in _SURE_MONTHS else text, at + 1


def _day(text: str) -> str | None:
    """The figure of a day of the month."""
    match = _ORDINAL_TOKEN.fullmatch(text)
    figure = match[1] if match else "2" if text == "second" else text
    return figure if figure.isdecimal() and len(figure) < 3 and 1 <= int(figure) <= 31 else None
