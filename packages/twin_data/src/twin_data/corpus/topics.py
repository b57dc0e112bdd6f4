"""What the archive is about: chunks grouped by their embeddings, each group named by the words that tell it.

Spherical k-means over the vectors of the search index (Dhillon and Modha, 2001), seeded and started by k-means++; a
group's words are those that add most to the divergence of its words from all (Kullback and Leibler, 1951).
"""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import polars as pl
from numpy.typing import NDArray

from twin_data.contracts.base import Contract
from twin_data.corpus.findings import Topic
from twin_data.scoring.sentences import content_stems
from twin_data.scoring.style_features import Floats
from twin_data.scoring.topic_sentences import MIN_TOPIC_LETTERS, surface_forms

_ROUNDS = 30
_CHUNKS_PER_TOPIC = 15


class TopicsConfig(Contract):
    """How finely topics are told apart."""

    most: int = 12
    terms: int = 5
    """Words that name a topic."""
    seed: int = 0


def topics_of(chunks: pl.DataFrame, *, config: TopicsConfig) -> tuple[Topic, ...]:
    """The topics, the one of most words first.

    Args:
        chunks: Columns `document_id`, `own` (the persona's words in the chunk) and `vector`.
        config: How many at most.
    """
    rows = chunks.filter(pl.col("own").str.strip_chars() != "").sort("document_id", "own")
    count = min(config.most, rows.height // _CHUNKS_PER_TOPIC)
    if count < 2:
        return ()
    vectors = np.asarray(rows["vector"].to_list(), dtype=np.float64)
    vectors /= np.maximum(1e-12, np.linalg.norm(vectors, axis=1, keepdims=True))
    labels = _grouped(vectors, count, config.seed)
    texts = rows["own"].to_list()
    stems = [content_stems(text) for text in texts]
    surface = surface_forms(texts)
    everywhere = Counter(stem for one in stems for stem in one)
    total = sum(len(text.split()) for text in texts)
    found = []
    for label in sorted(set(labels.tolist())):
        here = np.flatnonzero(labels == label).tolist()
        words = sum(len(texts[at].split()) for at in here)
        counted = Counter(stem for at in here for stem in stems[at])
        terms = _terms(counted, everywhere, surface, config.terms)
        found.append(
            Topic(
                name=", ".join(terms[:3]),
                documents=rows[here]["document_id"].n_unique(),
                words=words,
                share=round(words / max(1, total), 6),
                terms=terms,
                chunks=len(here),
            )
        )
    return tuple(sorted(found, key=lambda one: (-one.words, one.name)))


def _grouped(vectors: Floats, count: int, seed: int) -> NDArray[np.intp]:
    """The group of each unit vector, shape (N,)."""
    chance = np.random.default_rng(seed)
    centres = [vectors[int(chance.integers(len(vectors)))]]
    for _ in range(count - 1):
        far = np.maximum(0, 1 - np.max(vectors @ np.stack(centres).T, axis=1))
        if far.sum() <= 0:
            break
        centres.append(vectors[int(chance.choice(len(vectors), p=far / far.sum()))])
    held = np.stack(centres)
    labels = np.argmax(vectors @ held.T, axis=1)
    for _ in range(_ROUNDS):
        for at in range(len(held)):
            if np.any(labels == at):
                mean = vectors[labels == at].sum(axis=0)
                held[at] = mean / max(1e-12, float(np.linalg.norm(mean)))
        moved = np.argmax(vectors @ held.T, axis=1)
        if np.array_equal(moved, labels):
            break
        labels = moved
    return np.asarray(labels)


def _terms(here: Counter[str], everywhere: Counter[str], surface: dict[str, str], most: int) -> tuple[str, ...]:
    scored = [
        (-count * math.log(count * everywhere.total() / (here.total() * everywhere[stem])), surface[stem])
        for stem, count in here.items()
        if count >= 2 and stem in surface and len(surface[stem]) >= MIN_TOPIC_LETTERS
    ]
    return tuple(word for _, word in sorted(scored)[:most])
