"""The corpus as monitoring sees it: its vectors, and how much of it is newer than the champion."""

from __future__ import annotations

import numpy as np
import polars as pl

from twin_data.contracts.digests import digest_value, short
from twin_data.contracts.errors import CorpusError, StoreError
from twin_data.contracts.releases import ReleaseBundle
from twin_data.scoring.encoder import SentenceEncoder
from twin_data.store.tables import FeatureStore
from twin_data.transform.embed import TABLE as EMBEDDINGS
from twin_data.transform.embed import with_text_digests
from twin_data.transform.pipeline import CHUNKS
from twin_eval.monitoring.similarity import CorpusVectors


def has_corpus(store: FeatureStore) -> bool:
    """Whether the features have ever been built."""
    return store.exists(CHUNKS) and store.exists(EMBEDDINGS)


def corpus_vectors(store: FeatureStore, encoder: SentenceEncoder) -> CorpusVectors:
    """The persona's chunks with the embeddings that the features pipeline made of them.

    Raises:
        StoreError: The features have not been built.
        CorpusError: No chunk is embedded by this encoder.
    """
    by_encoder = pl.col("model_digest") == encoder.reference.digest
    embeddings = store.select(EMBEDDINGS, by_encoder, [pl.col("text_digest", "vector")])  # not the word pieces' vectors
    chunks = with_text_digests(store.read(CHUNKS)).join(embeddings.unique("text_digest"), on="text_digest")
    if chunks.is_empty():
        raise CorpusError(
            f"{store.root} holds no embedding by {encoder.reference.name}", next_step="run `twin features PERSONA`"
        )
    return CorpusVectors(
        documents=np.asarray(chunks["document_id"].to_list()),
        texts=tuple(chunks["text"]),
        vectors=chunks["vector"].explode().to_numpy().astype(np.float32).reshape(chunks.height, -1),
        encoder=encoder,
    )


def new_writing_share(store: FeatureStore, champion: ReleaseBundle) -> float | None:
    """Share of today's chunks whose text the champion's features did not hold, 0 to 1.

    Returns:
        None where the champion's version of the chunks is no longer kept, or there are no chunks.
    """
    version = champion.lineage.table_versions.get(CHUNKS)
    if version is None:
        return None
    try:
        known = _texts(store.read(CHUNKS, version=version))
    except StoreError:  # vacuumed: nothing can be said
        return None
    today = _texts(store.read(CHUNKS))
    if today.is_empty():
        return None
    return round(today.filter(~today.is_in(known.implode())).len() / today.len(), 6)


def corpus_name(store: FeatureStore) -> str:
    """Names exactly the texts of today's chunks.

    Raises:
        StoreError: The features have not been built.
    """
    return short(digest_value(sorted(_texts(store.read(CHUNKS)))))


def _texts(chunks: pl.DataFrame) -> pl.Series:
    return with_text_digests(chunks)["text_digest"].unique()
