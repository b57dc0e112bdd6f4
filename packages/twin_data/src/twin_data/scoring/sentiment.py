"""Sentiment by topic, in the same terms for an archive and for a twin, so that the one can be held against the other.

A topic is a word that carries no sentiment itself and that enough sentences of enough texts use. The sentiment of a
sentence is VADER's (Hutto and Gilbert, 2014): a lexicon of English with rules for negation and degree, from -1 to 1.
It sees words, not stance: irony and quoted opinions count as they read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from twin_data.scoring.sentences import content_stems, sentence_spans, stem, words

MIN_SENTENCES = 8
"""On each side; a topic with fewer has no figure."""
MAX_TOPICS = 12
MIN_TOPIC_LETTERS = 4
MIN_TEXTS = 3
"""On each side; the sentences of one text stand and fall together."""
NEUTRAL = 0.05
"""Sentences up to here are neutral, as VADER's authors advise."""

Sentiment = Callable[[str], float]


@dataclass(frozen=True)
class FeltSentence:
    """A sentence's stems and sentiment, and the text that it stands in."""

    stems: frozenset[str]
    value: float
    cluster: str


def vader(text: str) -> float:
    """VADER's compound score of a sentence."""
    return float(_analyser().polarity_scores(text)["compound"])


@cache
def _analyser():  # type: ignore[no-untyped-def]  # the library has no types
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer  # reads its lexicon

    return SentimentIntensityAnalyzer()


def felt_sentences(texts: Iterable[tuple[str, str]], sentiment: Sentiment) -> Iterator[FeltSentence]:
    """The sentences of texts, each of them with its name."""
    for cluster, text in texts:
        for span in sentence_spans(text):
            sentence = span.of(text)
            yield FeltSentence(frozenset(content_stems(sentence)), sentiment(sentence), cluster)


def surface_forms(texts: Iterable[str]) -> dict[str, str]:
    """The commonest way in which texts write each stem."""
    counts: dict[str, Counter[str]] = {}
    for text in texts:
        for word in words(text):
            if word.isalpha():
                counts.setdefault(stem(word), Counter())[word] += 1
    return {found: min(each, key=lambda word: (-each[word], word)) for found, each in counts.items()}


def is_topic(word: str, sentiment: Sentiment) -> bool:
    """Whether a word may name a topic: long enough, and without sentiment itself."""
    return len(word) >= MIN_TOPIC_LETTERS and sentiment(word) == 0


def texts_among(sentences: Sequence[FeltSentence]) -> int:
    """Texts that the sentences stand in."""
    return len({one.cluster for one in sentences})
