"""A sentence as words in a row, with what the rules of `reversals` look at: clauses, names, figures and dates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import regex

from twin_data.scoring.denials import denials_marked, denies
from twin_data.scoring.plain_words import in_figures, without_contractions
from twin_data.scoring.sentences import WORD
from twin_data.scoring.word_forms import form, is_small, lowered

MONTHS = frozenset(
    "january february march april june july august september october november december jan feb mar apr jun jul "
    "aug sep sept oct nov dec maius".split()
)
"""May is a verb more often; where it is a month a reading has "maius" instead."""
_DAYS = frozenset(
    day + ending for day in "monday tuesday wednesday thursday friday saturday sunday".split() for ending in ("", "s")
)
_NO_NAMES = MONTHS | _DAYS
"""Written with a capital, and nobody's name."""
_SIGNS = (
    (regex.compile(r"(?i)(\d)\s?a\.?m\b\.?"), r"\1 antem"),
    (regex.compile(r"(?i)(\d)\s?p\.?m\b\.?"), r"\1 postm"),
    (regex.compile(r"(?<=\w,? )May\b"), "Maius"),
    # Of time and no reason: "since 2008", "ever since".
    (regex.compile(rf"(?i)\b(?:ever since|since(?= (?:\d{{4}}|then|{'|'.join(MONTHS)})\b))\b"), "eversince"),
    # One clause, which names its subject twice: "As for the mill, it never stopped."
    (regex.compile(r"(?i)^(as (?:for|to) [^,;]{1,60}),(?= (?:he|she|it|they)\b)"), r"\1"),
    (regex.compile(r"(?i)\bat least\b"), "atleast"),
    (regex.compile(r"(?i)\bat most\b"), "atmost"),
)
_BREAK = regex.compile(
    r"[,;:.!?()]\s|\s[–-]\s|—|\b(?:and|but|while|whereas|although|though|because|since|so|when|who|which|whose"
    r"|ifnot|ratherthan|insteadof)\b"
)


@dataclass(frozen=True)
class Word:
    """One word of a sentence.

    Attributes:
        text: In lower case; number words in digits.
        form: Of a word that carries meaning; empty for small ones.
        is_capital: Whether it is written with a capital, and is neither month nor day of the week.
        is_name: Whether it is so where no sentence begins; what begins one may be a name or not.
        clause: Number of its clause.
    """

    text: str
    form: str
    is_capital: bool
    is_name: bool
    clause: int

    @property
    def is_number(self) -> bool:
        """Whether it is written in digits, as all numbers are here."""
        return self.text[0].isdecimal()


@dataclass(frozen=True)
class Reading:
    """A sentence, read word by word."""

    text: str
    words: tuple[Word, ...]

    @classmethod
    def of(cls, sentence: str) -> Reading:
        """Read one sentence."""
        text = _marked(in_figures(without_contractions(denials_marked(sentence))))
        found: list[Word] = []
        clause, last = 0, 0
        for match in WORD.finditer(text):
            clause += bool(_BREAK.search(text, last, match.end())) and bool(found)
            last = match.end()
            word = lowered(match[0]).removesuffix("'s")
            small = is_small(word)
            is_capital = match[0][0].isupper() and not small and word not in _NO_NAMES
            found.append(
                Word(
                    word.replace(",", ""),
                    "" if small else form(word),
                    is_capital,
                    is_capital and (bool(found) or any(letter.isupper() for letter in match[0][1:])),
                    clause,
                )
            )
        return cls(text, tuple(found))

    @cached_property
    def texts(self) -> frozenset[str]:
        """All words, in lower case."""
        return frozenset(one.text for one in self.words)

    @cached_property
    def forms(self) -> frozenset[str]:
        """Forms of the words that carry meaning."""
        return frozenset(one.form for one in self.words if one.form)

    @cached_property
    def clauses(self) -> tuple[Reading, ...]:
        """Its clauses, each a reading of its own."""
        numbers = dict.fromkeys(one.clause for one in self.words)
        return tuple(Reading("", tuple(one for one in self.words if one.clause == number)) for number in numbers)

    @cached_property
    def is_negated(self) -> bool:
        """Whether a word in it denies something."""
        return denies([one.text for one in self.words])

    @cached_property
    def names(self) -> frozenset[str]:
        """Forms of its names."""
        return frozenset(one.form for one in self.words if one.is_name)

    @cached_property
    def numbers(self) -> frozenset[str]:
        """Its numbers, in digits."""
        return frozenset(one.text for one in self.words if one.is_number)

    def at(self, *texts: str) -> int:
        """The place of the first of these words; -1 if none is there."""
        return next((at for at, one in enumerate(self.words) if one.text in texts), -1)

    def forms_between(self, first: int, end: int) -> frozenset[str]:
        """Forms of the words from place `first` up to `end`."""
        return frozenset(one.form for one in self.words[max(0, first) : end] if one.form)

    def followers(self) -> Iterator[tuple[Word, Word]]:
        """Each number with the next word that carries meaning, no further than two words away in its clause.

        What follows the last of several numbers follows all: "300 to 900 euros".
        """
        for at, one in enumerate(self.words):
            if one.is_number and (follower := self._follower(at)):
                yield one, follower

    def _follower(self, at: int) -> Word | None:
        ahead = (place for place in (at + 1, at + 2) if place < len(self.words))
        place = next((place for place in ahead if self.words[place].form), None)
        if place is None or self.words[place].clause != self.words[at].clause:
            return None
        return self._follower(place) if self.words[place].is_number else self.words[place]


def as_written(text: str) -> str:
    """A text with the words that stand for signs in a reading put back."""
    for word, sign in _WRITTEN.items():
        text = text.replace(word, sign)
    return text


_WRITTEN = {
    "maius": "May",
    "eversince": "since",
    "antem": "a.m.",
    "postm": "p.m.",
    "atleast": "at least",
    "atmost": "at most",
    "ifnot": "unless",
    "ratherthan": "rather than",
    "insteadof": "instead of",
}


def _marked(text: str) -> str:
    """The text with words that the rules look for made one and unmistakable: `9 a.m.` is "9 antem", "at least" one."""
    for pattern, words in _SIGNS:
        text = pattern.sub(words, text)
    return text
