"""The full names and handles of an archive's roster, found in a text by looking its words up: a roster may be long."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import regex

from twin_data.configuration.names import plain_marks

_HANDLE = regex.compile(r"[\p{Ll}\p{N}][\w.-]*[\w]")
_UNLIKE_A_WORD = regex.compile(r"[\p{N}_.-]")
_WORD = regex.compile(r"\S+")
_STARTS = regex.compile(r"(?<![\w@])@?")
_RUN = regex.compile(r"\w+")
_ENDS = regex.compile(r"(?![\w\p{M}])")
_STORED_AS_MARKS = 3
"""Most characters that one letter has where its accents are stored as marks of their own."""


@dataclass(frozen=True)
class RosterNames:
    """Looks for names word by word, so that ten thousand of them take no longer than ten.

    A name is found as it stands in the roster or all in capitals, with any apostrophe or hyphen, and with its accents
    as letters or as marks of their own; an `@` before it belongs to it. A handle such as `hvoss` counts where it is
    addressed, `@hvoss`; one that is no word, `h_voss` or `hv77`, anywhere. A given name alone is left: it may be a
    word, and says little.

    Attributes:
        rests: What follows the first part of a full name, longest first, by that part.
        handles: In small letters.
        beginnings: The letters that a first part or a handle begins with, up to what is no letter, in small ones; the
            quick look that spares most words of a text the slow one.
        longest: Characters of the longest part, as it may be stored.
    """

    rests: dict[str, tuple[tuple[str, ...], ...]]
    handles: frozenset[str]
    beginnings: frozenset[str]
    longest: int

    def find(self, text: str) -> Iterator[tuple[int, int]]:
        """The spans of names and handles, in order; they may overlap."""
        words = [match.span() for match in _WORD.finditer(text)]
        for at, (start, end) in enumerate(words):
            if self.beginnings.isdisjoint(_runs(text[start:end])):
                continue
            for mark in _STARTS.finditer(text, start, end):
                if stop := self._end(text, words, at, mark.end(), is_addressed=bool(mark[0])):
                    yield mark.start(), stop

    def _end(self, text: str, words: list[tuple[int, int]], at: int, start: int, *, is_addressed: bool) -> int | None:
        """Where the longest name ends that begins at `start`, inside the word `at`; None if none does."""
        end = words[at][1]
        for rest in self.rests.get(_key(text[start:end]), ()) if end - start <= self.longest else ():
            following = words[at + 1 : at + 1 + len(rest)]
            middle = [_key(text[slice(*one)]) for one in following[:-1]]
            if len(following) == len(rest) and tuple(middle) == rest[:-1]:
                if stop := self._stop(text, *following[-1], frozenset({rest[-1]})):
                    return stop
        handle = self._stop(text, start, end, self.handles, folded=True)
        if handle and (is_addressed or _UNLIKE_A_WORD.search(text, start, handle)):
            return handle
        return None

    def _stop(self, text: str, start: int, end: int, known: frozenset[str], *, folded: bool = False) -> int | None:
        """The last place, up to `end`, where what begins at `start` is one of `known` and no word goes on."""
        stops = [
            match.start() for match in _ENDS.finditer(text, start + 1, end) if match.start() <= start + self.longest
        ]
        for stop in reversed(stops):
            part = _key(text[start:stop])
            if (part.casefold() if folded else part) in known:
                return stop
        return None


def roster_names(roster: Iterable[str]) -> RosterNames | None:
    """The names of a roster to be looked for; None if it has no full name and no handle."""
    listed = {" ".join(name.split()) for name in roster}
    rests: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for name in listed:
        for written in (name, name.upper()) if " " in name else ():
            first, *rest = map(_key, written.split())
            rests[first].add(tuple(rest))
    handles = frozenset(_key(name).casefold() for name in listed if _HANDLE.fullmatch(name))
    if not rests and not handles:
        return None
    ordered = {
        first: tuple(sorted(each, key=lambda rest: (-len(" ".join(rest)), rest))) for first, each in rests.items()
    }
    parts = [*handles, *rests, *(part for each in rests.values() for rest in each for part in rest)]
    beginnings = frozenset(next(iter(_runs(part)), "") for part in (*handles, *rests))
    return RosterNames(ordered, handles, beginnings, _STORED_AS_MARKS * max(map(len, parts)))


def _runs(word: str) -> list[str]:
    """The runs of letters and digits in a word, in small letters; one empty run where it has none."""
    key = _key(word).casefold()
    return [key] if key.isalpha() else _RUN.findall(key) or [""]


def _key(part: str) -> str:
    """One part of a name, however its apostrophes, hyphens and accents are stored."""
    return plain_marks(unicodedata.normalize("NFC", part))
