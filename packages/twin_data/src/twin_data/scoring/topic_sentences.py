"""Topics and the sentences on them, in the same terms for an archive and for a twin, which are held against each other.

A topic is a word that carries no sentiment itself and that enough sentences of enough texts use.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from twin_data.scoring.sentences import content_stems, sentence_spans, stem, words
from twin_data.scoring.sentiment import Sentiment

MIN_SENTENCES = 8
"""On each side; a topic with fewer has no figure."""
MAX_TOPICS = 12
MIN_TOPIC_LETTERS = 4
MIN_TEXTS = 3
"""On each side; the sentences of one text stand and fall together."""

Reading = Callable[[str, str], float]
"""Of a sentence and the stem of a topic in it, from -1 to 1: its sentiment, its stance."""


@dataclass(frozen=True)
class TopicSentence:
    """A sentence with its stems, and the text that it stands in."""

    text: str
    stems: frozenset[str]
    cluster: str


def sentences_of(texts: Iterable[tuple[str, str]]) -> Iterator[TopicSentence]:
    """The sentences of texts, each of them with its name."""
    for cluster, text in texts:
        for span in sentence_spans(text):
            sentence = span.of(text)
            yield TopicSentence(sentence, frozenset(content_stems(sentence)), cluster)


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


def texts_among(sentences: Sequence[TopicSentence]) -> int:
    """Texts that the sentences stand in."""
    return len({one.cluster for one in sentences})
