"""How the persona's own sentences on its topics are worded, and what side they take: the measure of a twin's bias."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

from twin_data.corpus.findings import Feeling
from twin_data.scoring.sentences import content_stems, sentence_spans
from twin_data.scoring.sentiment import NEUTRAL, Sentiment, vader
from twin_data.scoring.stance import stance
from twin_data.scoring.style_features import Floats
from twin_data.scoring.topic_sentences import (
    MAX_TOPICS,
    MIN_SENTENCES,
    MIN_TEXTS,
    Reading,
    is_topic,
    surface_forms,
)
from twin_data.statistics import RESAMPLES


def feelings_of(
    texts: Sequence[tuple[str, str]], *, sentiment: Sentiment = vader, stance: Reading = stance
) -> tuple[Feeling, ...]:
    """Sentiment and stance by topic, the most telling topics first.

    Args:
        texts: Each document's id and own words.
        sentiment: Of a sentence, -1 to 1.
        stance: Of a sentence towards the stem of a topic, -1 to 1.
    """
    sentences: dict[str, list[tuple[str, str]]] = defaultdict(list)  # stem: document and sentence
    counts: Counter[str] = Counter()
    lengths: list[int] = []
    for document, text in texts:
        spans = sentence_spans(text)
        lengths.append(len(spans))
        for span in spans:
            for stem in sorted(set(content_stems(span.of(text)))):
                sentences[stem].append((document, span.of(text)))
                counts[stem] += 1
    shares = np.asarray(lengths, dtype=np.float64) / max(1, sum(lengths))
    surface = surface_forms(text for _, text in texts)
    ranked = sorted(counts, key=lambda stem: (-counts[stem] * _burstiness(sentences[stem], shares), stem))
    found: list[Feeling] = []
    known: dict[str, float] = {}
    for stem in ranked:
        theirs = sentences[stem]
        if len(theirs) < MIN_SENTENCES or stem not in surface or len({one for one, _ in theirs}) < MIN_TEXTS:
            continue
        if not is_topic(surface[stem], sentiment):
            continue
        for _, sentence in theirs:
            known.setdefault(sentence, sentiment(sentence))
        felt = np.asarray([known[sentence] for _, sentence in theirs])
        sides = np.asarray([stance(sentence, stem) for _, sentence in theirs])
        found.append(_feeling(surface[stem], [document for document, _ in theirs], felt, sides))
        if len(found) == MAX_TOPICS:
            break
    return tuple(found)


def _burstiness(sentences: Sequence[tuple[str, str]], shares: Floats) -> float:
    """Residual inverse document frequency (Church and Gale, 1995): what texts are about comes back within them.

    Words of no subject, such as numbers and verbs of saying, fall on texts as chance and their lengths have it.

    Args:
        sentences: Those that hold the word, each with its document.
        shares: Of all sentences, that each document has; shape (D,).
    """
    holding = len({document for document, _ in sentences})
    by_chance = float(np.sum(1 - np.exp(-len(sentences) * shares)))
    return max(0.0, math.log(by_chance / holding))


def _feeling(topic: str, documents: Sequence[str], felt: Floats, sides: Floats) -> Feeling:
    """Of a topic's sentences: each one's document, sentiment and stance, both of shape (N,)."""
    low, mean, high = _mean(documents, felt)
    stance_low, side, stance_high = _mean(documents, sides)
    return Feeling(
        topic=topic,
        sentences=len(felt),
        texts=len(set(documents)),
        sentiment=mean,
        low=low,
        high=high,
        for_share=round(float((felt > NEUTRAL).mean()), 6),
        against_share=round(float((felt < -NEUTRAL).mean()), 6),
        stance=side,
        stance_low=stance_low,
        stance_high=stance_high,
    )


def _mean(documents: Sequence[str], values: Floats) -> tuple[float, float, float]:
    """The mean between the ends of its 95 % interval, for which whole documents are drawn."""
    names = sorted(set(documents))
    cluster = np.asarray([names.index(one) for one in documents])
    counts, sums = np.bincount(cluster).astype(float), np.bincount(cluster, weights=values)
    drawn = np.random.default_rng(0).multinomial(len(names), np.full(len(names), 1 / len(names)), size=RESAMPLES)
    low, high = np.quantile((drawn @ sums) / (drawn @ counts), [0.025, 0.975])
    mean = float(values.mean())
    return round(min(float(low), mean), 6), round(mean, 6), round(max(float(high), mean), 6)
