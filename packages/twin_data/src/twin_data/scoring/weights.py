"""How much each word stem tells: inverse document frequencies of one corpus."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

from twin_data.contracts.base import Contract
from twin_data.scoring.sentences import content_stems


class TermWeights(Contract):
    """Document frequencies of stems over a corpus's chunks.

    The weight of a stem is the BM25 form of inverse document frequency (Robertson and Zaragoza, 2009),
    ln(1 + (N - df + 0.5) / (df + 0.5)), scaled so that a stem never seen weighs 1.
    """

    chunks: int
    frequencies: dict[str, int]

    def weight(self, stem: str) -> float:
        """Between 0 (in every chunk) and 1 (in none)."""
        return self._idf(self.frequencies.get(stem, 0)) / self._idf(0)

    def _idf(self, frequency: int) -> float:
        return math.log(1 + (self.chunks - frequency + 0.5) / (frequency + 0.5))


def term_weights(texts: Iterable[str]) -> TermWeights:
    """Count in how many of the texts each content stem occurs."""
    frequencies: Counter[str] = Counter()
    count = 0
    for text in texts:
        count += 1
        frequencies.update(set(content_stems(text)))
    return TermWeights(chunks=count, frequencies=dict(sorted(frequencies.items())))
