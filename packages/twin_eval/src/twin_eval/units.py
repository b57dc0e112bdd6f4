"""Currencies, per cent, units, signs and times of day, brought to one form: a number, then the full word.

`€4,000`, `4000 EUR`, `4k euros`; `25%`, `25 per cent`; `10km`, `10 kilometres`; `3 p.m.`, `3:00pm`; `-5`, `minus five`.
A pound is money or weight, as in speech. A small `m` behind a number is metres, but with a currency millions.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import regex

from twin_eval.numerals import Gap, Word

_CURRENCIES = {
    "$": "dollar", "us$": "dollar", "usd": "dollar", "€": "euro", "eur": "euro", "£": "pound", "gbp": "pound",
    "¥": "yen", "jpy": "yen", "₹": "rupee", "inr": "rupee", "chf": "franc",
}  # fmt: skip
_SCALES = {"k": "thousand", "m": "million", "mn": "million", "b": "billion", "bn": "billion", "tn": "trillion"}
_FIGURE = r"(?P<figure>\p{Nd}+(?:[.,]\p{Nd}+)*)"
_SCALE = r"(?:\s?(?P<scale>thousand|million|billion|trillion|k|mn?|bn?|tn)\b)?"
_SIGN = r"(?P<sign>us\$|[$€£¥₹]|(?<!\p{L})(?:usd|eur|gbp|jpy|inr|chf)(?!\p{L}))"
_PRICED = regex.compile(rf"{_SIGN}\s?{_FIGURE}{_SCALE}")
_PRICED_BEHIND = regex.compile(rf"(?<![\p{{N}}.,]){_FIGURE}{_SCALE}\s?{_SIGN}")
_SCALED_MONEY = regex.compile(rf"{_FIGURE}\s?(?P<scale>m|b)\b(?=\s(?:dollar|euro|pound|yen|rupee|franc)s?\b)")
_SCALED = regex.compile(rf"{_FIGURE}(?P<scale>k|mn|bn|tn)\b")
_MILLIONS = regex.compile(r"(?<=\p{Nd})M\b")
_TIME = regex.compile(r"(?<=\p{Nd})(?::00)?\s?([ap])\.?m\b\.?")
_NOON = regex.compile(r"(?<!\p{L}\.?)([ap])\.m\b\.?")
_DEGREES = regex.compile(r"\s?°\s?(?:([cf])\b)?")
_DEGREE_NAMES = {"c": "celsius", "f": "fahrenheit", None: ""}
_PER_CENT = regex.compile(r"\s?%|\bper cent\b")
_MINUS = regex.compile(r"[-\u2212](?<![^\s(\[“\"'].)(?=(?:us\$|[$€£¥₹])?\p{Nd})")
_ROMAN = regex.compile(r"(?<=\p{Lu}\p{L}* )(?:X{0,2}(?:IX|IV|V?I{1,3}|V)|XX?)\b(?<=\w\w)(?!['’.]\p{L})")
_ROMAN_DIGITS = {"I": 1, "V": 5, "X": 10}
_NAMES = (
    (regex.compile(r"(?<=\p{L})\+\+"), "plusplus"),
    (regex.compile(r"(?<![\p{L}\p{N}])([cfj])#(?!\p{L})"), r"\1sharp"),
    (regex.compile(r"(?<![\p{L}\p{N}])\.net\b"), "dotnet"),
)
# The month begins with a capital, or stands where a month does; before a word of the clause it is "might".
_MAY_BE = regex.compile(
    r"(?<!\b(?:in|of|since|until|till|by|last|next|this|early|late|mid|during)[ -])(?<!\p{Nd}(?:th|st|nd|rd)? )"
    r"\bmay(?= \p{Ll})"
)
_FULL = {
    "metre": "meter", "kilometre": "kilometer", "centimetre": "centimeter", "millimetre": "millimeter",
    "litre": "liter", "gramme": "gram", "kilogramme": "kilogram", "kilo": "kilogram",
}  # fmt: skip
_SHORT = {
    "m": "meter", "km": "kilometer", "cm": "centimeter", "mm": "millimeter", "kg": "kilogram", "g": "gram",
    "mg": "milligram", "lb": "pound", "oz": "ounce", "ft": "foot", "ml": "milliliter", "h": "hour", "hr": "hour",
    "min": "minute",
    "sec": "second", "ms": "millisecond", "kb": "kilobyte", "mb": "megabyte", "gb": "gigabyte", "tb": "terabyte",
}  # fmt: skip
_LONGER = "day week month year mile inch yard degree percent".split()
UNITS = frozenset(
    form for one in (*_CURRENCIES.values(), *_FULL.values(), *_SHORT.values(), *_LONGER) for form in (one, f"{one}s")
)
"""What numbers count, in full."""
_PARTED = frozenset({Gap.GLUED, Gap.SPACE, Gap.HYPHEN})


def write_out_capitals(text: str) -> str:
    """What only its letters' case tells: `5M` as `5 million`, `War II` as `War 2`, the month from the verb `may`."""
    return _MAY_BE.sub("might", _MILLIONS.sub(" million", _ROMAN.sub(lambda match: str(_roman(match[0])), text)))


def _roman(numeral: str) -> int:
    values = [_ROMAN_DIGITS[one] for one in numeral]
    return sum(-one if one < following else one for one, following in pairwise([*values, 0]))


def write_out_units(text: str) -> str:
    """Signs as words, each behind its number; in lower case."""
    text = _MINUS.sub("minus ", text)
    for pattern, name in _NAMES:
        text = pattern.sub(name, text)
    text = _PRICED_BEHIND.sub(_price, _PRICED.sub(_price, text))
    text = _SCALED.sub(_price, _SCALED_MONEY.sub(_price, text))
    text = _NOON.sub(r"\1m", _TIME.sub(r" \1m", text))
    return _PER_CENT.sub(" percent", _DEGREES.sub(lambda match: f" degree {_DEGREE_NAMES[match[1]]} ", text))


def normalise_units(words: Sequence[Word]) -> list[Word]:
    """Units in full, and a number with its sign as one word; numbers are figures already."""
    result: list[Word] = []
    for word in words:
        before = result[-1] if result else None
        counted = before is not None and _is_figure(before.text) and word.gap in _PARTED
        one = word.text.removesuffix("s") if word.text != "ms" else word.text
        if counted and one in _SHORT:
            result.append(word._replace(text=_SHORT[one]))
        elif _is_figure(word.text) and before and before.text == "minus" and word.gap in _PARTED:
            taken_from = len(result) > 1 and _is_figure(result[-2].text)
            result[-1:] = [before, word] if taken_from else [Word(f"-{word.text}", before.gap)]
        else:
            result.append(word._replace(text=_FULL.get(one, word.text)))
    return result


def _price(match: regex.Match[str]) -> str:
    groups = match.groupdict()
    scale = groups["scale"]
    parts = (match["figure"], scale and _SCALES.get(scale, scale), _CURRENCIES.get(groups.get("sign") or ""))
    return " ".join(filter(None, parts))


def _is_figure(text: str) -> bool:
    return text[:1].isdecimal()
