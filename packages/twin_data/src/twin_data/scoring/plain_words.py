"""A sentence written out, so that one written in full and one with signs and contractions have the same words."""

from __future__ import annotations

import regex

from twin_data.scoring.numerals import in_digits
from twin_data.scoring.word_families import IRREGULAR

_MONTH = (
    "Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?"
    "|Nov(?:ember)?|Dec(?:ember)?"
)
_NUMBERED = regex.compile(r"\b[Nn]os?\.\s?(?=\d)")
_SIGNS = (
    (regex.compile(r"(?<=\d)(?:st|nd|rd|th)\b"), ""),
    (regex.compile(rf"\b({_MONTH})\.? (\d{{1,2}})\b(?![:.,]?\d)"), r"\2 \1"),
    (regex.compile(r"(\d)\s?%"), r"\1 percent"),
)
_MONEY = regex.compile(r"([$£€])\s?(\d[\d,]*(?:\.\d+)?)")
_CURRENCY = {"$": "dollars", "£": "pounds", "€": "euros"}
_NOT = {"can't": "can not", "won't": "will not", "shan't": "shall not", "ain't": "is not"}
_CONTRACTED = regex.compile(
    r"(?i)\b(can|won|shan|ain)'t\b|n't\b"
    r"|(?<=\b(?:he|she|it|that|there|here|what|who|where|how))'s\b|'(ll|ve|re|m|d)\b(?=(?:\s+(?:\p{L}+ly|not|never|also"
    r"|just|already))?\s+(\p{L}+))?"
)
_ENDINGS = {"ll": " will", "ve": " have", "re": " are", "m": " am"}
_PARTICIPLE = regex.compile(r"(?i)been|better|\p{L}+(?:ed|en|wn)")
_DIGIT = regex.compile(r"\d")
_TIMES = {"twice": "2 times", "thrice": "3 times"}
_TWICE = regex.compile(r"(?i)\b(twice|thrice)\b")


def numbered(text: str) -> str:
    """The text with "number 5" for "No. 5"."""
    return _NUMBERED.sub("number ", text)


def without_contractions(text: str) -> str:
    """The text with straight apostrophes and contractions written out: "I do not" for "I don’t"."""
    text = text.replace("’", "'")
    return _CONTRACTED.sub(_written_out, text) if "'" in text else text


def in_figures(text: str) -> str:
    """The text with number words in digits, signs in words and the day before its month.

    "I owe £5 since June fourth" is "I owe 5 pounds since 4 June".
    """
    text = in_digits(text)
    if "ice" in text:
        text = _TWICE.sub(lambda match: _TIMES[match[0].casefold()], text)
    if not _DIGIT.search(text):
        return text
    text = numbered(_MONEY.sub(lambda match: f"{match[2]} {_CURRENCY[match[1]]}", text))
    for pattern, plain in _SIGNS:
        text = pattern.sub(plain, text)
    return text


def _written_out(match: regex.Match[str]) -> str:
    if whole := _NOT.get(match[0].casefold()):
        return whole
    ending = (match[2] or "").casefold()
    if ending == "d":
        return " had" if _is_participle(match[3] or "") else " would"
    return _ENDINGS.get(ending, " is" if match[0].casefold() == "'s" else " not")


def _is_participle(word: str) -> bool:
    """Whether "I'd" before a word is "I had": "I'd gone", but "I'd go"."""
    return bool(_PARTICIPLE.fullmatch(word)) or word.casefold() in IRREGULAR
