"""The numbers of a text in a common form, whether written in digits or in words."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import regex

from twin_data.scoring.sentences import WORD

_UNITS = {
    word: value
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen".split()
    )
}
_TENS = {
    word: 10 * value
    for value, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), start=2)
}
# Only after tens: a "second" alone is a time, a "third" a share.
_ORDINALS = {
    word: value
    for value, word in enumerate("first second third fourth fifth sixth seventh eighth ninth".split(), start=1)
}
_SCALES = {"thousand": 1000, "million": 10**6, "billion": 10**9}
_ANY = "|".join([*_UNITS, *_TENS, *_SCALES, "hundred"])
_JOINT = r"(?:\s+and\s+|[\s\u2010\u2011-]+)"
_SPOKEN = regex.compile(rf"(?i)\b(?:{_ANY})(?:{_JOINT}(?:{_ANY}))*(?:[\u2010\u2011-](?:{'|'.join(_ORDINALS)}))?\b")
_SCALED = regex.compile(rf"(?i)(?<![\d.,])(\d[\d,]*(?:\.\d+)?)\s+({'|'.join(_SCALES)})\b")
_UNIT_AHEAD = regex.compile(
    r"(?i)[\s\u2010\u2011-]*(?:%|(?:second|minute|hour|day|night|week|fortnight|month|year|decade|century|per\s*cent"
    r"|percentage|inch|foot|yard|mile|[cmk]m|(?:centi|milli|kilo)?met(?:re|er)|(?:kilo)?gram(?:me)?|kilo|kg|ounce|pound|ton"
    r"|tonne|lit(?:re|er)|pint|gallon|acre|hectare|degree|dollar|euro|cent|penny|shilling|guinea|dozen)\b)"
)
_DIGITS = regex.compile(r"(?<!\p{L})\p{N}+(?:[.,:]\p{N}+)*")
_TWO = regex.compile(r"(?i)\b(?:twice|both)\b")
_THOUSANDS = regex.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")


def numbers(text: str) -> set[str]:
    """The numbers of a text in a common form: `1,310` and `1310` are one, as are `forty-five` and `45`.

    `10.0` is `10` and `07` is `7`, but `3.10` is not `3.1`: it may be a version. "One" is a pronoun more often than a
    figure; it counts before a unit ("one year"), as the digit does anywhere.
    """
    return _all_figures(_SPOKEN.sub(lambda match: " ".join(_surely_meant(match)), _SCALED.sub(_multiplied, text)))


def held_numbers(text: str) -> set[str]:
    """The numbers that a text bears out: `numbers`, `1` for any "one" ("one lock" says "1 lock"), `2` for "twice"."""
    return _all_figures(in_digits(text)) | ({"2"} if _TWO.search(text) else set())


def _all_figures(text: str) -> set[str]:
    return {figure for word in WORD.findall(text) if word[0].isdecimal() for figure in _figures(word)}


def _surely_meant(match: regex.Match[str]) -> list[str]:
    """The numbers that a run of number words spells, without a "one" that no unit follows."""
    *before, last = _values(match[0])
    counts = last != "1" or _UNIT_AHEAD.match(match.string, match.end())
    return [value for value in before if value != "1"] + ([last] if counts else [])


def in_digits(text: str) -> str:
    """The text with its number words in digits: `forty-five boats` is `45 boats`; "one" becomes `1` as well."""
    return _SPOKEN.sub(lambda match: " ".join(_values(match[0])), _SCALED.sub(_multiplied, text))


def without_numbers(text: str) -> str:
    """The text with a space for each number, in digits or in words."""
    return _DIGITS.sub(" ", _SPOKEN.sub(" ", _SCALED.sub(" ", text)))


def _multiplied(match: regex.Match[str]) -> str:
    """`1.3 million` as `1300000`."""
    value = Decimal(match[1].replace(",", "")) * _SCALES[match[2].casefold()]
    return f"{value.normalize():f}"


def _figures(word: str) -> Iterator[str]:
    """The figures of a token that begins with a digit: `1,310` is one, `7,8` are two."""
    for part in [word.replace(",", "")] if _THOUSANDS.fullmatch(word) else word.split(","):
        whole, _, fraction = part.partition(".")
        if whole.isdecimal():  # "07" is 7; "12:30" stays
            whole = whole.lstrip("0") or "0"
        yield f"{whole}.{fraction}" if fraction.strip("0") else whole


def _values(phrase: str) -> list[str]:
    """The numbers that a run of number words spells, in digits: "two hundred and ten" is one, "two, three" are two.

    `total` holds what stands before a thousand or million, `below` what has been said since.
    """
    values: list[str] = []
    total, below, last = 0, 0, ""
    for word in regex.split(r"[\s\u2010\u2011-]+", phrase.casefold()):
        kind = _kind(word)
        if kind == "and":
            last = last if last in {"hundred", "scale"} else "and"
            continue
        if last and kind not in _FOLLOWERS[last]:
            values.append(str(total + below))
            total, below = 0, 0
        if kind == "hundred":
            below = (below or 1) * 100
        elif kind == "scale":
            total, below = total + (below or 1) * _SCALES[word], 0
        else:
            below += _UNITS.get(word, 0) + _TENS.get(word, 0) + _ORDINALS.get(word, 0)
        last = kind
    return [*values, str(total + below)]


_FOLLOWERS = {
    "teen": {"hundred", "scale"},
    "unit": {"hundred", "scale"},
    "tens": {"unit", "ordinal", "scale"},
    "hundred": {"unit", "teen", "tens", "scale"},
    "scale": {"unit", "teen", "tens", "hundred"},
    "and": set[str](),
    "ordinal": set[str](),
}


def _kind(word: str) -> str:
    """Which part a word plays in a number."""
    if word in _UNITS:
        return "unit" if 0 < _UNITS[word] < 10 else "teen"
    if word in _TENS:
        return "tens"
    if word in _ORDINALS:
        return "ordinal"
    return "scale" if word in _SCALES else word
