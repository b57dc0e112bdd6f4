"""Write a corpus version into a new search index and swap the alias."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

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
    weights_entry,
)

STAGE = "index"
SLICE_CHUNKS = 2_000


@dataclass(frozen=True)
class IndexInputs:
    """One version of a persona's corpus.

    Attributes:
        documents: Rows of `CorpusDocument`.
        chunks: Rows of `Chunk`.
        with_embeddings: Adds `vector` and `pieces` to some of the chunks.
        features_digest: Digest that names this version of the corpus.
    """

    persona: str
    documents: pl.DataFrame
    chunks: pl.DataFrame
    with_embeddings: Callable[[pl.DataFrame], pl.DataFrame]
    features_digest: str
    embedding_model: ModelReference
    dimensions: int


def run(inputs: IndexInputs, *, writer: IndexWriter) -> str:
    """Have an index of this corpus version built, unless there is one, and make it the live one; returns its name.

    Raises:
        CorpusError: There is nothing to index.
    """
    if inputs.chunks.is_empty():
        raise CorpusError(
            f"no text of persona {inputs.persona!r} was left to index",
            next_step=f"twin corpus {inputs.persona} shows what was rejected and why",
        )
    identity = identity_of(inputs)
    name = writer.name_for(identity)
    writer.build(name, identity, _entries(inputs), probes(inputs.with_embeddings(probed_rows(inputs.chunks))))
    writer.swap(inputs.persona, name)
    return name


def identity_of(inputs: IndexInputs) -> IndexIdentity:
    """The identity of an index of these inputs."""
    return IndexIdentity(
        persona=inputs.persona,
        features_digest=inputs.features_digest,
        embedding_model=inputs.embedding_model,
        dimensions=inputs.dimensions,
        chunks=inputs.chunks.height,
        documents=inputs.documents.height,
    )


def probed_rows(chunks: pl.DataFrame) -> pl.DataFrame:
    """The first, the middle and the last chunk: those with which an index is tried."""
    last = chunks.height - 1
    return chunks[sorted({0, last // 2, last})] if chunks.height else chunks


def probes(embedded: pl.DataFrame) -> tuple[Mapping[str, Any], ...]:
    """Embedded chunks as entries that an index must find."""
    return tuple(chunk_entries(embedded))


def chunk_entries(embedded: pl.DataFrame) -> Iterator[Mapping[str, Any]]:
    """Entries of rows of `Chunk` with their `vector` and `pieces`."""
    rows = to_rows(embedded.select(list(Chunk.model_fields)), Chunk)
    for chunk, vector, pieces in zip(rows, embedded["vector"], embedded["pieces"], strict=True):
        yield chunk_entry(chunk, vector.to_list(), pieces)


def _entries(inputs: IndexInputs) -> Iterator[Mapping[str, Any]]:
    for part in inputs.chunks.iter_slices(SLICE_CHUNKS):  # the embeddings of a whole corpus need not fit in memory
        yield from chunk_entries(inputs.with_embeddings(part))
    for document in to_rows(inputs.documents, CorpusDocument):
        yield document_entry(document)
    yield weights_entry(term_weights(inputs.chunks["text"]))
