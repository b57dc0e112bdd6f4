"""Whether a text states a key fact: normalised words, in order and next to each other.

What does not count as a difference: letter case, accents, quotes, punctuation, white space, hyphens, articles, the
common spellings of Britain and America, inflection (Snowball stems), and how numbers and days are written.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache

import regex

from twin_data.scoring.sentences import WORD, stem
from twin_eval.numerals import Gap, Word, normalise_days, normalise_numbers, write_out_iso_dates

_APOSTROPHES = dict.fromkeys(map(ord, "‘’ʼ′`´"), "'")
_HYPHENS = frozenset("-\u2010\u2011")
_WIDTHLESS = dict.fromkeys((0x00AD, 0x200B, 0x2060, 0xFEFF))
_THOUSANDS_SPACE = regex.compile(r"(?<=\p{Nd})[\u00a0\u2009\u202f](?=\p{Nd}{3}(?!\p{Nd}))")
_NO_ASCII = regex.compile(r"[^\x00-\x7f]")
_ARTICLES = frozenset({"a", "an", "the"})
_ENDINGS = {"'re": "are", "'m": "am", "'ll": "will", "'ve": "have"}
_NEGATED = {"can't": "can", "cannot": "can", "won't": "will", "shan't": "shall"}
_IRREGULAR = {
    "men": "man", "women": "woman", "children": "child", "feet": "foot", "teeth": "tooth", "mice": "mouse",
    "lice": "louse", "geese": "goose", "oxen": "ox", "wives": "wife", "knives": "knife", "lives": "life",
    "halves": "half", "leaves": "leaf", "shelves": "shelf", "wolves": "wolf", "thieves": "thief", "loaves": "loaf",
    "calves": "calf", "grey": "gray",
}  # fmt: skip
_BRITISH_ISE = regex.compile(r"(?<=\p{L}{3})is(?=(?:e[drs]?|ers|ing|ations?)$)")
_BRITISH_OUR = regex.compile(r"(?<=\p{L}{2})our(?=$|s$|ed$|ing$|able$|ful$|ite$|ites$)")


class NormalisedText:
    """A text made ready for many look-ups."""

    def __init__(self, text: str) -> None:
        self._lines = _lines(text)

    def states(self, fact: str) -> bool:
        """Whether the fact's words stand in this text next to each other, by any way of taking hyphens."""
        wanted = NormalisedText(fact)._lines
        return any(part.strip() and part in line for part in wanted for line in self._lines)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left to look for or in."""
        return not any(line.strip() for line in self._lines)


def states(text: str, fact: str) -> bool:
    """Whether `text` states `fact`."""
    return NormalisedText(text).states(fact)


@lru_cache(maxsize=4096)
def _lines(text: str) -> frozenset[str]:
    """The stems by both ways of taking a hyphen, so that lamp-post, lamp post and lamppost agree with each other.

    Remembered, since every fact is looked for in several texts.
    """
    words = _words(text)
    return frozenset({_line(words), _line(_without_hyphens(words))})


def _words(text: str) -> list[Word]:
    return normalise_days(normalise_numbers(list(_split(_plain(text)))))


def _plain(text: str) -> str:
    """Lower case, no accents, one kind of apostrophe and of space."""
    text = _THOUSANDS_SPACE.sub("", text.translate(_WIDTHLESS))
    decomposed = unicodedata.normalize("NFKD", text.translate(_APOSTROPHES))
    bare = _NO_ASCII.sub(lambda match: "" if unicodedata.combining(match[0]) else match[0], decomposed)
    return write_out_iso_dates(bare.casefold())


def _split(text: str) -> Iterable[Word]:
    end = 0
    for match in WORD.finditer(text):
        gap = _gap(text[end : match.start()]) if end else Gap.BREAK
        yield from _expanded(match[0], gap)
        end = match.end()


def _gap(between: str) -> Gap:
    if not between:
        return Gap.GLUED
    if between in _HYPHENS:
        return Gap.HYPHEN
    return Gap.SPACE if between.isspace() else Gap.BREAK


def _expanded(word: str, gap: Gap) -> Iterable[Word]:
    """A contraction as the words it stands for."""
    if word in _NEGATED or (word.endswith("n't") and len(word) > 3):
        yield Word(_NEGATED.get(word, word.removesuffix("n't")), gap)
        yield Word("not", Gap.SPACE)
        return
    for ending, full in _ENDINGS.items():
        if word.endswith(ending) and len(word) > len(ending):
            yield Word(word.removesuffix(ending), gap)
            yield Word(full, Gap.SPACE)
            return
    yield Word(word, gap)


def _without_hyphens(words: list[Word]) -> list[Word]:
    result: list[Word] = []
    for word in words:
        if word.gap is Gap.HYPHEN and result and word.text.isalpha() and result[-1].text.isalpha():
            before = result.pop()
            result.append(Word(before.text + word.text, before.gap))
        else:
            result.append(word)
    return result


def _line(words: list[Word]) -> str:
    """The stems in a line that begins and ends with a space, so that only whole words are found in it."""
    stems = (_stem(word.text) for word in words if word.text not in _ARTICLES)
    return f" {' '.join(stems)} "


def _stem(word: str) -> str:
    word = _IRREGULAR.get(word.removesuffix("'s"), word)
    return stem(_BRITISH_OUR.sub("or", _BRITISH_ISE.sub("iz", word)))
