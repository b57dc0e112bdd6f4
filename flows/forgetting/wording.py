"""Runs of words as keyed 64-bit hashes: enough to find a text again, nothing to read it from.

A run of `RUN_WORDS` words (w-shingling, Broder, 1997) is hashed by a polynomial over its words' keyed BLAKE2b hashes
and mixed by the finaliser of splitmix64 (Steele et al., 2014). Without the key no run can be guessed and tried. With
10⁵ runs sought among 5·10⁷ the chance of a collision is about 3·10⁻⁷.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import unquote

import numpy as np
from numpy.typing import NDArray

from twin_data.contracts.forgetting import Probes

RUN_WORDS = 6
"""Two texts that share so many words in a row are hardly independent; shorter runs are anybody's."""
MIN_RUN_WORDS = 4
"""A text of fewer words proves nothing by being found."""
MIN_ID_WORDS = 3
_WORD = re.compile(r"\w+")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|([nrtbf/\"'\\]))")
_PERCENT = re.compile(r"(?:%[0-9a-fA-F]{2})+")
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_MOST_CACHED = 2_000_000

Hashes = NDArray[np.uint64]


def words_of(text: str) -> list[str]:
    """The words of a text, however it is quoted: letter case, punctuation and escapes of JSON, HTML and URLs aside."""
    if "%" in text:
        text = _PERCENT.sub(lambda found: unquote(found[0]), text)
    if "\\" in text:
        text = _ESCAPE.sub(_unescaped, text)
    if "&" in text:
        text = html.unescape(text)
    return _WORD.findall(text.casefold())


def _unescaped(found: re.Match[str]) -> str:
    return chr(int(found[1], 16)) if found[1] else " "


@dataclass(frozen=True)
class Hasher:
    """Hashes runs of words under one key."""

    key: bytes
    _known: dict[str, int] = field(default_factory=dict)

    def runs(self, words: list[str], length: int) -> Hashes:
        """The hash of each run of `length` words, in order, shape (words - length + 1,)."""
        return _mixed(self._codes(words), length)

    def _codes(self, words: list[str]) -> Hashes:
        known = self._known
        if len(known) > _MOST_CACHED:
            known.clear()
        for word in words:
            if word in known:
                continue
            digest = hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=8, key=self.key).digest()
            known[word] = int.from_bytes(digest, "little")
        return np.fromiter((known[word] for word in words), dtype=np.uint64, count=len(words))


def _mixed(codes: Hashes, length: int) -> Hashes:
    count = len(codes) - length + 1
    if count <= 0:
        return np.empty(0, np.uint64)
    mixed = np.full(count, length, np.uint64)
    with np.errstate(over="ignore"):
        for at in range(length):
            mixed = mixed * _MULTIPLIER + codes[at : at + count]
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


@dataclass(frozen=True)
class Wording:
    """What is searched for: runs of words by their length.

    Attributes:
        hasher: With the key that the runs are hashed under.
        runs: Sorted, without duplicates.
    """

    hasher: Hasher
    runs: Mapping[int, Hashes]

    @classmethod
    def of(cls, hasher: Hasher, texts: Iterable[tuple[list[str], int]]) -> Wording:
        """The runs of texts, each given by its words and how few of them may make a run."""
        found: dict[int, list[Hashes]] = {}
        for words, fewest in texts:
            if len(words) >= fewest:
                length = min(len(words), RUN_WORDS)
                found.setdefault(length, []).append(hasher.runs(words, length))
        return cls(hasher, {length: np.unique(np.concatenate(parts)) for length, parts in sorted(found.items())})

    @classmethod
    def stored(cls, hasher: Hasher, probes: Iterable[Probes]) -> Wording:
        """As a receipt or a journal holds it."""
        return cls(hasher, {one.words: np.frombuffer(base64.b64decode(one.hashes), "<u8") for one in probes})

    def to_store(self) -> tuple[Probes, ...]:
        """For a receipt or a journal."""
        return tuple(
            Probes(words=length, hashes=base64.b64encode(runs.astype("<u8").tobytes()).decode())
            for length, runs in self.runs.items()
        )

    def without(self, texts: Iterable[str]) -> Wording:
        """What is left when all that other texts say is taken away."""
        kept = {length: np.ones(len(runs), bool) for length, runs in self.runs.items()}
        for text in texts:
            words = words_of(text)
            for length, runs in self.runs.items():
                kept[length] &= ~np.isin(runs, self.hasher.runs(words, length))
        return Wording(self.hasher, {length: runs[kept[length]] for length, runs in self.runs.items()})

    def minus(self, other: Wording) -> Wording:
        """The runs that are not among another's, under the same key."""
        nothing = np.empty(0, np.uint64)
        return Wording(
            self.hasher,
            {length: np.setdiff1d(runs, other.runs.get(length, nothing)) for length, runs in self.runs.items()},
        )

    def count_in(self, text: str) -> int:
        """How many places of a text hold one of the runs."""
        words = words_of(text)
        return sum(int(_member(self.hasher.runs(words, length), runs).sum()) for length, runs in self._used)

    def is_in(self, text: str) -> bool:
        """Whether a text holds one of the runs."""
        return self.count_in(text) > 0

    def blanked(self, text: str) -> str:
        """The text with the words of every run replaced by as many `x`, for files that others hold open."""
        plain = text
        for escape in (_PERCENT, _ESCAPE):
            plain = escape.sub(lambda one: " " * len(one[0]), plain)
        found = list(_WORD.finditer(plain))
        words, hidden = [one[0].casefold() for one in found], list(text)
        for length, runs in self._used:
            for at in np.flatnonzero(_member(self.hasher.runs(words, length), runs)):
                for one in found[at : at + length]:
                    size = len(text[one.start() : one.end()].encode())
                    hidden[one.start() : one.end()] = ["x" * size, *[""] * (one.end() - one.start() - 1)]
        return "".join(hidden)

    @property
    def size(self) -> int:
        """How many different runs are sought."""
        return sum(len(runs) for runs in self.runs.values())

    @cached_property
    def _used(self) -> list[tuple[int, Hashes]]:
        return [(length, runs) for length, runs in self.runs.items() if len(runs)]


def _member(hashes: Hashes, runs: Hashes) -> NDArray[np.bool_]:
    """Which of the hashes are among the sorted runs."""
    at = np.searchsorted(runs, hashes)
    at[at == len(runs)] = 0
    found: NDArray[np.bool_] = runs[at] == hashes
    return found
