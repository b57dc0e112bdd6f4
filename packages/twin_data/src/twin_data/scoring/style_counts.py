"""Counts of style over many stretches of text at once: each sentence is counted once, stretches are sums of sentences.

Needs SciPy, which fitting has and serving does not.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from twin_data.scoring.sentences import words
from twin_data.scoring.style_features import Floats, character_grams, habit_rates, masked, tallies, token_grams


@dataclass(frozen=True)
class GramCounts:
    """N-grams of one kind in N texts.

    Attributes:
        grams: The G that are told apart.
        counts: Shape (N, G).
        totals: All n-grams of each text, those included that are not told apart; shape (N,).
    """

    grams: tuple[str, ...]
    counts: sparse.csr_matrix
    totals: Floats

    def summed(self, groups: sparse.csr_matrix) -> GramCounts:
        """The counts of stretches, of which `groups` says which rows they are made of; shape (stretches, N)."""
        return GramCounts(self.grams, (groups @ self.counts).tocsr(), groups @ self.totals)

    @cached_property
    def roots(self) -> sparse.csr_matrix:
        """Square roots of relative frequencies, which tame the common n-grams (Hellinger); shape (N, G)."""
        rows = self.counts.astype(np.float64)
        per_entry = np.repeat(np.maximum(1, self.totals), np.diff(rows.indptr))
        rows.data = np.sqrt(rows.data / per_entry)
        return rows

    def known_shares(self) -> Floats:
        """Share of each text's n-grams that are told apart, shape (N,)."""
        return np.asarray(np.asarray(self.counts.sum(axis=1)).ravel() / np.maximum(1, self.totals))


@dataclass(frozen=True)
class StyleCounts:
    """All that is counted of N texts: n-grams of characters and of tokens, and tallies, shape (N, len(TALLIES))."""

    characters: GramCounts
    tokens: GramCounts
    tallies: Floats

    def summed(self, groups: sparse.csr_matrix) -> StyleCounts:
        """The counts of stretches of rows."""
        return StyleCounts(self.characters.summed(groups), self.tokens.summed(groups), groups @ self.tallies)

    @property
    def habits(self) -> Floats:
        """Shape (N, len(HABITS))."""
        return habit_rates(self.tallies)


def count_style(sentences: Sequence[str], kept: Collection[str], *, most: int, at_least: int) -> StyleCounts:
    """Count sentences.

    Args:
        sentences: S of them.
        kept: Words that are not masked.
        most: N-grams of each kind that are told apart, the most frequent ones.
        at_least: Sentences in which an n-gram must occur.
    """
    masks = [masked(one, kept) for one in sentences]
    return StyleCounts(
        characters=_counted(masks, character_grams, most=most, at_least=at_least),
        tokens=_counted(masks, token_grams, most=most, at_least=at_least),
        tallies=np.stack([tallies(one) for one in sentences]),
    )


def _counted(masks: Sequence[str], grams_of: Callable[[str], Counter[str]], *, most: int, at_least: int) -> GramCounts:
    """One pass over the texts: numbers are given as n-grams turn up, and the rare ones dropped in the end."""
    numbers: dict[str, int] = {}
    columns, values, ends = array("i"), array("i"), array("q", [0])
    for text in masks:
        counts = grams_of(text)
        columns.extend(numbers.setdefault(gram, len(numbers)) for gram in counts)
        values.extend(counts.values())
        ends.append(len(columns))
    matrix = sparse.csr_matrix(
        (np.asarray(values, dtype=np.float32), np.asarray(columns), np.asarray(ends)), shape=(len(masks), len(numbers))
    )
    totals = np.asarray(matrix.sum(axis=1), dtype=float).ravel()
    in_texts = np.bincount(matrix.indices, minlength=len(numbers))
    names = list(numbers)
    ranked = sorted((-int(in_texts[at]), names[at], at) for at in np.flatnonzero(in_texts >= at_least))[:most]
    chosen = sorted((name, at) for _, name, at in ranked)
    picked = matrix.tocsc()[:, [at for _, at in chosen]].tocsr()
    return GramCounts(tuple(name for name, _ in chosen), picked, totals)


@dataclass(frozen=True)
class Stretch:
    """Sentences `[first, last)` of a list, and their words."""

    first: int
    last: int
    words: int

    def moved(self, by: int) -> Stretch:
        """The same sentences in a list that has `by` more before them."""
        return Stretch(self.first + by, self.last + by, self.words)


def stretches(sentence_words: Sequence[int], length: int, *, shortest: int) -> list[Stretch]:
    """Runs of whole sentences of at least `length` words; what is left over is one if it has `shortest` words."""
    found: list[Stretch] = []
    first = count = 0
    for at, number in enumerate(sentence_words):
        count += number
        if count >= length:
            found.append(Stretch(first, at + 1, count))
            first, count = at + 1, 0
    if count >= shortest:
        found.append(Stretch(first, len(sentence_words), count))
    return found


def grouping(groups: Sequence[tuple[int, int]], size: int) -> sparse.csr_matrix:
    """The matrix that sums rows `[first, last)` of `size` rows; shape (len(groups), size)."""
    lengths = [last - first for first, last in groups]
    columns = np.concatenate([np.arange(first, last) for first, last in groups])
    ends = np.concatenate([[0], np.cumsum(lengths)])
    return sparse.csr_matrix((np.ones(len(columns)), columns, ends), shape=(len(groups), size))


def words_in(sentences: Sequence[str]) -> NDArray[np.intp]:
    """Words of each sentence, shape (S,)."""
    return np.asarray([len(words(one)) for one in sentences], dtype=np.intp)
