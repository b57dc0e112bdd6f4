"""Does the twin feel more strongly about the person's subjects than the person does? Sentiment by topic.

A topic is a word that the twin's own sentences and the held-out documents both use often enough, and that carries no
sentiment itself. The sentiment of a sentence is VADER's (Hutto and Gilbert, 2014): a lexicon of English with rules for
negation and degree, from -1 to 1. It sees words, not stance: irony and quoted opinions count as they read, on both
sides alike, so only the difference between the sides means anything.

Amplification is how much further from neutral the twin's mean lies than as many sentences of the corpus, drawn by
chance, would: the plain distance of a mean of few sentences is larger than that of many, whoever wrote them.

It sees neither an opinion turned round, which is as far from neutral as before, nor one loud topic among many quiet
ones. The largest shift does: how far apart twin and corpus are shown to be on the topic where they are most so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from twin_data.contracts.base import Contract
from twin_data.contracts.documents import BlockStyle, CorpusDocument, Role, Split
from twin_data.contracts.evaluation import Score, TopicSentiment
from twin_data.scoring.sentiment import (
    MAX_TOPICS,
    MIN_SENTENCES,
    MIN_TEXTS,
    FeltSentence,
    Sentiment,
    felt_sentences,
    is_topic,
    surface_forms,
    texts_among,
    vader,
)
from twin_data.scoring.weights import TermWeights, term_weights
from twin_eval.own_words import OwnText
from twin_eval.paired import Observation, difference
from twin_eval.statistics import Floats, IntervalConfig, resampled_interval

_CHANCE_DRAWS = 500
_LARGEST = 2.0
"""Difference of two sentiments."""
_NO_PROSE = frozenset({BlockStyle.CODE, BlockStyle.HEADING})


class HeldOutText(Contract):
    """The persona's own words in a document that was never trained on."""

    document_id: str
    text: str


@dataclass(frozen=True)
class TopicBias:
    """The table, and the figures of it that bars may name."""

    topics: tuple[TopicSentiment, ...]
    score: Score
    """Amplification."""
    shift: Score
    """The largest."""


@dataclass(frozen=True)
class _Topic:
    name: str
    twin: Sequence[FeltSentence]
    corpus: Sequence[FeltSentence]


def held_out_texts(documents: Iterable[CorpusDocument]) -> tuple[HeldOutText, ...]:
    """The own words of the documents on the far side of the split."""
    held = (one for one in documents if one.split is Split.TEST)
    texts = ((one.document_id, own_prose(one)) for one in held)
    return tuple(HeldOutText(document_id=name, text=text) for name, text in texts if text)


def topic_bias(
    texts: Sequence[OwnText],
    held_out: Sequence[HeldOutText],
    *,
    config: IntervalConfig,
    sentiment: Sentiment | None = None,
) -> TopicBias | None:
    """Sentiment of both sides on each topic; None where no topic has enough sentences on both.

    Args:
        texts: What the twin worded itself.
        held_out: The persona's own held-out words.
        config: Resamples and seed.
        sentiment: Of a sentence, -1 to 1; VADER's if not given.
    """
    measure = sentiment or vader
    twin = list(felt_sentences(((one.cluster, " ".join(one.sentences)) for one in texts), measure))
    corpus = list(felt_sentences(((one.document_id, one.text) for one in held_out), measure))
    topics = _topics(
        twin, corpus, surface_forms(one.text for one in held_out), measure, term_weights(one.text for one in held_out)
    )
    if not topics:
        return None
    compared = tuple(_compared(one, config) for one in topics)
    return TopicBias(compared, _amplification(topics, config), largest_shift(compared))


def largest_shift(topics: Sequence[TopicSentiment]) -> Score:
    """The distance that the 95 % interval leaves between twin and corpus, on the topic where it leaves most.

    The near end is the figure, so that of many topics measured on few sentences none stands out by chance.
    """
    most = max(topics, key=lambda one: (_near_end(one), abs(one.difference)))
    value = _near_end(most)
    far_end = max(abs(most.low), abs(most.high))
    return Score(name="bias_largest_shift", value=value, low=value, high=far_end, n=len(topics))


def _near_end(topic: TopicSentiment) -> float:
    return max(0.0, topic.low, -topic.high)


def own_prose(document: CorpusDocument) -> str:
    """The persona's own words in a document, code and headings left out."""
    own = (one for one in document.passages if one.role is Role.OWN and one.style not in _NO_PROSE)
    return "\n\n".join(one.of(document.text) for one in own)


def _topics(
    twin: Sequence[FeltSentence],
    corpus: Sequence[FeltSentence],
    surface: Mapping[str, str],
    sentiment: Sentiment,
    weights: TermWeights,
) -> list[_Topic]:
    """The words that both sides use often enough, the most telling first; words of sentiment are no topics."""
    mine = Counter(found for one in twin for found in one.stems)
    theirs = Counter(found for one in corpus for found in one.stems)
    able = [
        found
        for found in mine.keys() & theirs.keys() & surface.keys()
        if min(mine[found], theirs[found]) >= MIN_SENTENCES and is_topic(surface[found], sentiment)
    ]
    topics = [
        _Topic(surface[found], *([one for one in side if found in one.stems] for side in (twin, corpus)))
        for found in sorted(able, key=lambda found: (-mine[found] * weights.weight(found), found))
    ]
    return [one for one in topics if min(map(texts_among, (one.twin, one.corpus))) >= MIN_TEXTS][:MAX_TOPICS]


def _compared(topic: _Topic, config: IntervalConfig) -> TopicSentiment:
    sides = [[Observation(one.value, one.cluster) for one in side] for side in (topic.twin, topic.corpus)]
    found = difference(*sides, config=config)
    return TopicSentiment(
        topic=topic.name,
        twin=found.candidate,
        corpus=found.champion,
        twin_sentences=len(topic.twin),
        corpus_sentences=len(topic.corpus),
        difference=found.value,
        low=max(-_LARGEST, found.lower(0.975)),
        high=min(_LARGEST, found.upper(0.975)),
    )


def _amplification(topics: Sequence[_Topic], config: IntervalConfig) -> Score:
    """The mean over topics; whole texts and documents are drawn for the interval."""
    by_chance = np.array([_by_chance(one, config.seed) for one in topics])
    rows = [(at, one) for at, topic in enumerate(topics) for one in topic.twin]
    values = np.array([one.value for _, one in rows])
    of_topic = np.array([[float(at == topic) for topic in range(len(topics))] for at, _ in rows])

    def amplification(weights: Floats) -> Floats:
        sums, counts = (weights * values) @ of_topic, weights @ of_topic
        means = np.divide(sums, counts, out=np.full(counts.shape, np.nan), where=counts > 0)
        further = np.abs(means) - by_chance
        drawn = np.isfinite(further)
        total = np.where(drawn, further, 0.0).sum(axis=1, keepdims=True)
        return np.asarray(total / np.maximum(1, drawn.sum(axis=1, keepdims=True)))

    value = float(amplification(np.ones((1, len(rows))))[0, 0])
    clusters = [one.cluster for _, one in rows]
    low, high = resampled_interval(amplification, clusters, config=config, is_shifted=True)
    return Score(
        name="bias_amplification",
        value=value,
        low=min(float(low[0]), value),
        high=max(float(high[0]), value),
        n=len(topics),
    )


def _by_chance(topic: _Topic, seed: int) -> float:
    """How far from neutral the mean of as many of the corpus's sentences lies on average."""
    chance = np.random.default_rng(seed)
    values = np.array([one.value for one in topic.corpus])
    drawn = chance.choice(values, size=(_CHANCE_DRAWS, len(topic.twin)))
    return float(np.abs(drawn.mean(axis=1)).mean())
