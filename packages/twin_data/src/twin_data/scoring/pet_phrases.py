"""A persona's pet phrases: runs of words that it uses far more often than other authors do, all over its documents.

Corpus linguistics calls them key n-grams (Scott, 1997). A run of words within a sentence may be one if

- it is key: the persona uses it several times as often as the others, and Dunning's (1993) log-likelihood ratio of the
  two counts is not small;
- it is dispersed: it stands in several documents (near duplicates count once), so that it is no one matter's name;
- every word of it is in the mouth of most authors: a run with a name in it tells the subject.

Of these the most key are taken, so many at most: with every run that is key, a large archive's persona would speak in
pet phrases all the time, and a few more would go unseen. Of a small archive some are key by chance alone, which
takes something from what they show and adds nothing false: the persona's held-out text has them as seldom as others'.

Rules alone: the same texts give the same phrases in whatever order they come.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from pydantic import Field, model_validator

from twin_data.contracts.base import Contract
from twin_data.scoring.sentences import sentence_spans, words

Run = tuple[str, ...]
"""Words that follow each other, as `folded_sentences` gives them."""
_SMOOTHING = 0.5
"""Added to both counts, so that what the others never say has a ratio."""


class PetPhraseConfig(Contract):
    """What counts as a pet phrase."""

    shortest: int = Field(default=3, ge=2)
    """Words; shorter runs are grammar more often than habit."""
    longest: int = Field(default=5, ge=2)
    most: int = Field(default=200, ge=1)
    """Phrases; of more the most key are taken."""
    min_documents: int = Field(default=3, ge=1)
    """Families of documents that a phrase stands in."""
    min_ratio: float = Field(default=4.0, gt=1)
    """How many times as often as the others the persona uses it."""
    min_keyness: float = Field(default=3.84, gt=0)
    """Least log-likelihood ratio; by chance one run in twenty reaches 3.84 (chi-squared, one degree of freedom)."""
    shared_by: float = Field(default=0.6, gt=0, le=1)
    """Share of the other authors that must use a word, or it tells the subject; as of a voice."""

    @model_validator(mode="after")
    def _in_order(self) -> PetPhraseConfig:
        if self.shortest > self.longest:
            raise ValueError(f"shortest {self.shortest} is longer than longest {self.longest}")
        return self

    @property
    def lengths(self) -> range:
        """Words of the runs that are looked at."""
        return range(self.shortest, self.longest + 1)


@dataclass(frozen=True)
class PetPhrases:
    """What was found; of no text, nothing."""

    runs: frozenset[Run] = field(repr=False)

    @cached_property
    def _lengths(self) -> tuple[int, ...]:
        return tuple(sorted({len(run) for run in self.runs}))

    def held(self, text: str) -> list[bool]:
        """For each word of a text's sentences, in their order, whether it lies in a pet phrase."""
        flags: list[bool] = []
        for sentence in folded_sentences(text):
            held = [False] * len(sentence)
            for length in self._lengths:
                for at, run in enumerate(_runs(sentence, length)):
                    if run in self.runs:
                        held[at : at + length] = [True] * length
            flags += held
        return flags


def find_pet_phrases(
    own: Mapping[str, Sequence[str]], others: Mapping[str, Sequence[str]], *, config: PetPhraseConfig
) -> PetPhrases:
    """The pet phrases of a persona.

    Args:
        own: Its own words: the texts of each family of documents.
        others: The texts of each other author.
        config: What counts as one.
    """
    mine, theirs = _sentences_of(own), _sentences_of(others)
    counts = _dispersed(mine, _common_words(theirs, config.shared_by), config)
    rivals = Counter(run for run in _all_runs(theirs, config.lengths) if run in counts)
    own_words, other_words = _length(mine), _length(theirs)

    keyness: dict[Run, float] = {}
    for run, count in counts.items():
        ratio = (count + _SMOOTHING) * other_words / ((rivals[run] + _SMOOTHING) * own_words)
        found = log_likelihood_ratio(count, rivals[run], own_words, other_words)
        if ratio >= config.min_ratio and found >= config.min_keyness:
            keyness[run] = found
    ranked = sorted(keyness, key=lambda run: (-keyness[run], run))
    return PetPhrases(frozenset(ranked[: config.most]))


def folded_sentences(text: str) -> Iterator[Run]:
    """The words of each sentence, letter case and the form of apostrophes folded."""
    return (tuple(word.casefold().replace("’", "'") for word in words(span.of(text))) for span in sentence_spans(text))


def log_likelihood_ratio(count: int, other_count: int, size: int, other_size: int) -> float:
    """Dunning's (1993) G² of two counts in corpora of so many words (Rayson and Garside, 2000); 0 of equal rates."""
    expected = (count + other_count) / (size + other_size)
    pairs = ((count, size * expected), (other_count, other_size * expected))
    return 2 * math.fsum(seen * math.log(seen / chance) for seen, chance in pairs if seen)


_Sentences = Mapping[str, Sequence[Run]]


def _sentences_of(texts: Mapping[str, Sequence[str]]) -> _Sentences:
    return {name: [one for text in every for one in folded_sentences(text)] for name, every in texts.items()}


def _length(sentences: _Sentences) -> int:
    return sum(len(one) for every in sentences.values() for one in every)


def _common_words(theirs: _Sentences, share: float) -> frozenset[str]:
    users = Counter(word for every in theirs.values() for word in {word for one in every for word in one})
    return frozenset(word for word, count in users.items() if count >= share * len(theirs))


def _dispersed(mine: _Sentences, common: frozenset[str], config: PetPhraseConfig) -> Counter[Run]:
    """How often each run of common words stands in the documents, of those that stand in enough of them.

    Length by length: a run that is dispersed is made of shorter ones that are (Agrawal and Srikant, 1994), so what a
    large corpus says once is never held in memory but for its pairs of words.
    """
    found: Counter[Run] = Counter()
    shorter: frozenset[Run] = frozenset((word,) for word in common)
    for length in range(2, config.longest + 1):
        counts: Counter[Run] = Counter()
        families: Counter[Run] = Counter()
        for sentences in mine.values():
            runs = (run for one in sentences for run in _runs(one, length))
            here = Counter(run for run in runs if run[1:] in shorter and run[:-1] in shorter)
            counts.update(here)
            families.update(here.keys())
        shorter = frozenset(run for run, held in families.items() if held >= config.min_documents)
        if length >= config.shortest:
            found.update({run: counts[run] for run in shorter})
    return found


def _all_runs(sentences: _Sentences, lengths: Iterable[int]) -> Iterator[Run]:
    return (run for length in lengths for every in sentences.values() for one in every for run in _runs(one, length))


def _runs(sentence: Run, length: int) -> Iterator[Run]:
    return (sentence[at : at + length] for at in range(len(sentence) - length + 1))
