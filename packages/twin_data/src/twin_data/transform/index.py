"""Write a corpus version into a new search index and swap the alias."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from twin_data.contracts.digests import short
from twin_data.contracts.documents import Chunk, CorpusDocument
from twin_data.contracts.errors import CorpusError
from twin_data.contracts.releases import ModelReference
from twin_data.scoring.weights import term_weights
from twin_data.store.schemas import to_rows
from twin_data.store.search import (
    IndexIdentity,
    IndexWriter,
    chunk_entry,
    document_entry,
    index_name,
    weights_entry,
)

STAGE = "index"


@dataclass(frozen=True)
class IndexInputs:
    """One version of a persona's corpus.

    Attributes:
        documents: Rows of `CorpusDocument`.
        chunks: Rows of `Chunk` with their `vector` and `pieces`.
        features_digest: Digest that names this version of the corpus.
    """

    persona: str
    documents: pl.DataFrame
    chunks: pl.DataFrame
    features_digest: str
    embedding_model: ModelReference
    dimensions: int


def run(inputs: IndexInputs, *, writer: IndexWriter) -> str:
    """Build the index of this corpus version and make it the live one; returns its name.

    Raises:
        CorpusError: There is nothing to index.
    """
    if inputs.chunks.is_empty():
        raise CorpusError(
            f"no text of persona {inputs.persona!r} was left to index",
            next_step=f"twin corpus {inputs.persona} shows what was rejected and why",
        )
    identity = IndexIdentity(
        persona=inputs.persona,
        features_digest=inputs.features_digest,
        embedding_model=inputs.embedding_model,
        dimensions=inputs.dimensions,
        chunks=inputs.chunks.height,
        documents=inputs.documents.height,
    )
    name = index_name(inputs.persona, short(inputs.features_digest))
    writer.build(name, identity, _entries(inputs))
    writer.swap(inputs.persona, name)
    return name


def _entries(inputs: IndexInputs) -> Iterator[Mapping[str, Any]]:
    rows = to_rows(inputs.chunks.select(list(Chunk.model_fields)), Chunk)
    for chunk, vector, pieces in zip(rows, inputs.chunks["vector"], inputs.chunks["pieces"], strict=True):
        yield chunk_entry(chunk, vector.to_list(), pieces)
    for document in to_rows(inputs.documents, CorpusDocument):
        yield document_entry(document)
    yield weights_entry(term_weights(chunk.text for chunk in rows))
