"""Does the twin feel more strongly about the person's subjects than the person does, or stand elsewhere? By topic.

A topic is a word that the twin's own sentences and the held-out documents both use often enough, and that carries no
sentiment itself. Two measures of a sentence are compared on it, each from -1 to 1: its sentiment (VADER's), which sees
words and not what they are said of, and its stance on the topic (`twin_data.scoring.stance`), told by rules that see
some. Both err on both sides alike, so only the difference between the sides means anything.

Amplification is how much further from neutral the twin's mean lies than as many sentences of the corpus, drawn by
chance, would: the plain distance of a mean of few sentences is larger than that of many, whoever wrote them.

It sees neither an opinion turned round, which is as far from neutral as before, nor one loud topic among many quiet
ones. The largest shift of sentiment does: how far apart twin and corpus are shown to be on the topic where they are
most so. Of stance it is asked whether the two are shown to be on opposite sides: a twin that is merely cooler than the
person, or of no opinion, has reversed nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from twin_data.contracts.base import Contract
from twin_data.contracts.documents import BlockStyle, CorpusDocument, Role, Split
from twin_data.contracts.evaluation import Score, TopicMeans
from twin_data.scoring.sentiment import Sentiment, vader
from twin_data.scoring.stance import stance
from twin_data.scoring.topic_sentences import (
    MAX_TOPICS,
    MIN_SENTENCES,
    MIN_TEXTS,
    Reading,
    TopicSentence,
    is_topic,
    sentences_of,
    surface_forms,
    texts_among,
)
from twin_data.scoring.weights import TermWeights, term_weights
from twin_eval.own_words import OwnText
from twin_eval.paired import Observation, difference
from twin_eval.statistics import Floats, IntervalConfig, mean_score, resampled_interval

_CHANCE_DRAWS = 500
_LARGEST = 2.0
"""Difference of two means."""
_NO_PROSE = frozenset({BlockStyle.CODE, BlockStyle.HEADING})


class HeldOutText(Contract):
    """The persona's own words in a document that was never trained on."""

    document_id: str
    text: str


@dataclass(frozen=True)
class Measured:
    """The table of one measure, and the figures of it that bars may name."""

    topics: tuple[TopicMeans, ...]
    amplification: Score
    apart: Score
    """The largest shift, or how far the two are on opposite sides."""


@dataclass(frozen=True)
class TopicBias:
    """Both measures, on the same topics."""

    sentiment: Measured
    stance: Measured

    @property
    def scores(self) -> tuple[Score, ...]:
        """All figures that bars may name."""
        return tuple(score for one in (self.sentiment, self.stance) for score in (one.amplification, one.apart))


@dataclass(frozen=True)
class _Topic:
    stem: str
    name: str
    twin: Sequence[TopicSentence]
    corpus: Sequence[TopicSentence]


@dataclass(frozen=True)
class _Read:
    """A topic's sentences as a measure reads them."""

    name: str
    twin: Sequence[Observation]
    corpus: Sequence[Observation]


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
    sentiment: Sentiment = vader,
    stance: Reading = stance,
) -> TopicBias | None:
    """Sentiment and stance of both sides on each topic; None where no topic has enough sentences on both.

    Args:
        texts: What the twin worded itself.
        held_out: The persona's own held-out words.
        config: Resamples and seed.
        sentiment: Of a sentence, -1 to 1; also tells which words may be topics.
        stance: Of a sentence towards the stem of a topic, -1 to 1.
    """
    topics = _topics(
        list(sentences_of((one.cluster, " ".join(one.sentences)) for one in texts)),
        list(sentences_of((one.document_id, one.text) for one in held_out)),
        surface_forms(one.text for one in held_out),
        sentiment,
        term_weights(one.text for one in held_out),
    )
    if not topics:
        return None
    felt = [_read(one, lambda text, _: sentiment(text)) for one in topics]
    stands = [_read(one, stance) for one in topics]
    compared = tuple(_compared(one, config) for one in felt)
    return TopicBias(
        sentiment=Measured(compared, _amplification("bias_amplification", felt, config), largest_shift(compared)),
        stance=Measured(
            tuple(_compared(one, config) for one in stands),
            _amplification("stance_amplification", stands, config),
            _reversed(stands, config),
        ),
    )


def largest_shift(topics: Sequence[TopicMeans]) -> Score:
    """The distance that the 95 % interval leaves between twin and corpus, on the topic where it leaves most.

    The near end is the figure, so that of many topics measured on few sentences none stands out by chance.
    """
    most = max(topics, key=lambda one: (_near_end(one.low, one.high), abs(one.difference)))
    value = _near_end(most.low, most.high)
    far_end = max(abs(most.low), abs(most.high))
    return Score(name="bias_largest_shift", value=value, low=value, high=far_end, n=len(topics))


def _near_end(low: float, high: float) -> float:
    """How far an interval stays from 0; 0 if it holds it."""
    return max(0.0, low, -high)


def _reversed(topics: Sequence[_Read], config: IntervalConfig) -> Score:
    """How far twin and corpus are shown to be on opposite sides, on the topic where most.

    Both have to be shown to take a side: of each the near end of the mean's 95 % interval counts, and of the two the
    one nearer to neutral.
    """
    value = most = 0.0
    for one in topics:
        (twin, corpus) = (_mean(side, config) for side in (one.twin, one.corpus))
        if twin.value * corpus.value < 0:
            ends = [_near_end(side.low, side.high) for side in (twin, corpus)]
            value = max(value, min(ends))
            most = max(most, min(max(abs(side.low), abs(side.high)) for side in (twin, corpus)))
    return Score(name="stance_reversed", value=value, low=value, high=most, n=len(topics))


def _mean(side: Sequence[Observation], config: IntervalConfig) -> Score:
    found = mean_score(
        "side", [one.value for one in side], config=config, clusters=[one.cluster for one in side], within=(-1.0, 1.0)
    )
    assert found is not None  # a topic has sentences on both sides
    return found


def own_prose(document: CorpusDocument) -> str:
    """The persona's own words in a document, code and headings left out."""
    own = (one for one in document.passages if one.role is Role.OWN and one.style not in _NO_PROSE)
    return "\n\n".join(one.of(document.text) for one in own)


def _topics(
    twin: Sequence[TopicSentence],
    corpus: Sequence[TopicSentence],
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
        _Topic(found, surface[found], *([one for one in side if found in one.stems] for side in (twin, corpus)))
        for found in sorted(able, key=lambda found: (-mine[found] * weights.weight(found), found))
    ]
    return [one for one in topics if min(map(texts_among, (one.twin, one.corpus))) >= MIN_TEXTS][:MAX_TOPICS]


def _read(topic: _Topic, reading: Reading) -> _Read:
    twin, corpus = (
        [Observation(reading(one.text, topic.stem), one.cluster) for one in side] for side in (topic.twin, topic.corpus)
    )
    return _Read(topic.name, twin, corpus)


def _compared(topic: _Read, config: IntervalConfig) -> TopicMeans:
    found = difference(topic.twin, topic.corpus, config=config)
    return TopicMeans(
        topic=topic.name,
        twin=found.candidate,
        corpus=found.champion,
        twin_sentences=len(topic.twin),
        corpus_sentences=len(topic.corpus),
        difference=found.value,
        low=max(-_LARGEST, found.lower(0.975)),
        high=min(_LARGEST, found.upper(0.975)),
    )


def _amplification(name: str, topics: Sequence[_Read], config: IntervalConfig) -> Score:
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
        name=name,
        value=value,
        low=min(float(low[0]), value),
        high=max(float(high[0]), value),
        n=len(topics),
    )


def _by_chance(topic: _Read, seed: int) -> float:
    """How far from neutral the mean of as many of the corpus's sentences lies on average."""
    chance = np.random.default_rng(seed)
    values = np.array([one.value for one in topic.corpus])
    drawn = chance.choice(values, size=(_CHANCE_DRAWS, len(topic.twin)))
    return float(np.abs(drawn.mean(axis=1)).mean())
