"""How the persona's own sentences on its topics are worded: what a twin's bias will be measured against."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

from twin_data.corpus.findings import Feeling
from twin_data.scoring.sentences import content_stems, sentence_spans
from twin_data.scoring.sentiment import (
    MAX_TOPICS,
    MIN_SENTENCES,
    MIN_TEXTS,
    NEUTRAL,
    FeltSentence,
    Sentiment,
    is_topic,
    surface_forms,
    vader,
)
from twin_data.scoring.style_features import Floats
from twin_data.statistics import RESAMPLES


def feelings_of(texts: Sequence[tuple[str, str]], *, sentiment: Sentiment = vader) -> tuple[Feeling, ...]:
    """Sentiment by topic, the most telling topics first.

    Args:
        texts: Each document's id and own words.
        sentiment: Of a sentence, -1 to 1.
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
        felt = [FeltSentence(frozenset((stem,)), known[sentence], document) for document, sentence in theirs]
        found.append(_feeling(surface[stem], felt))
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


def _feeling(topic: str, sentences: Sequence[FeltSentence]) -> Feeling:
    values = np.asarray([one.value for one in sentences])
    names = sorted({one.cluster for one in sentences})
    cluster = np.asarray([names.index(one.cluster) for one in sentences])
    counts, sums = np.bincount(cluster).astype(float), np.bincount(cluster, weights=values)
    drawn = np.random.default_rng(0).multinomial(len(names), np.full(len(names), 1 / len(names)), size=RESAMPLES)
    low, high = np.quantile((drawn @ sums) / (drawn @ counts), [0.025, 0.975])
    mean = float(values.mean())
    return Feeling(
        topic=topic,
        sentences=len(values),
        texts=len(names),
        sentiment=round(mean, 6),
        low=round(min(float(low), mean), 6),
        high=round(max(float(high), mean), 6),
        for_share=round(float((values > NEUTRAL).mean()), 6),
        against_share=round(float((values < -NEUTRAL).mean()), 6),
    )
