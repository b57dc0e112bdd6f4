from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from twin_data.contracts.documents import Chunk, CorpusDocument
from twin_data.contracts.errors import CorpusError
from twin_data.contracts.releases import ModelReference
from twin_data.scoring.late_interaction import from_text
from twin_data.store.schemas import to_frame
from twin_data.store.search import IndexIdentity, index_name
from twin_data.store.tables import FeatureStore
from twin_data.transform import embed, index
from twin_data.transform.chunk import ChunkConfig, chunks

Build = Callable[..., CorpusDocument]


class FakeEncoder:
    """Vectors that depend on the text's length, and a count of what was encoded."""

    def __init__(self, digest: str = "m") -> None:
        self.reference = ModelReference(name="mini", source="s", digest=digest, licence="l")
        self.dimensions = 2
        self.encoded: list[str] = []

    def encode_passages(self, texts: list[str]) -> tuple[np.ndarray, list[np.ndarray]]:
        self.encoded += texts
        vectors = np.array([[len(text), 1.0] for text in texts], dtype=np.float32)
        return vectors, [np.full((len(text.split()), 2), 7, dtype=np.int8) for text in texts]


class FakeWriter:
    def __init__(self) -> None:
        self.built: tuple[str, IndexIdentity, list[Mapping[str, Any]]] | None = None
        self.swapped: tuple[str, str] | None = None

    def name_for(self, identity: IndexIdentity) -> str:
        return index_name(identity.persona, identity.features_digest[:12])

    def build(
        self,
        name: str,
        identity: IndexIdentity,
        entries: Iterable[Mapping[str, Any]],
        probes: Sequence[Mapping[str, Any]],
    ) -> None:
        self.built = name, identity, list(entries)
        self.probes = list(probes)

    def swap(self, persona: str, name: str) -> tuple[str, ...]:
        assert self.built
        self.swapped = persona, name
        return ()


@pytest.fixture
def store(tmp_path: Path) -> FeatureStore:
    return FeatureStore.of(tmp_path, "ada")


@pytest.fixture
def documents(corpus_document: Build) -> list[CorpusDocument]:
    texts = ["A tide.", "Another tide — longer.", "A tide."]
    return [corpus_document(text, document_id=f"d{at}") for at, text in enumerate(texts)]


def chunk_frame(documents: list[CorpusDocument]) -> pl.DataFrame:
    return to_frame([one for document in documents for one in chunks(document, ChunkConfig())], Chunk)


def run(store: FeatureStore, encoder: FakeEncoder, frame: pl.DataFrame) -> tuple[pl.DataFrame, list[tuple[int, int]]]:
    seen: list[tuple[int, int]] = []
    embed.run(frame, store=store, encoder=encoder, progress=lambda *at: seen.append(at))  # type: ignore[arg-type]
    return embed.with_embeddings(frame, store=store, model_digest=encoder.reference.digest), seen


def test_a_text_is_embedded_once(store: FeatureStore, documents: list[CorpusDocument]) -> None:
    encoder, frame = FakeEncoder(), chunk_frame(documents)
    found, seen = run(store, encoder, frame)
    assert len(encoder.encoded) == 2  # two of the three chunks are one text
    assert found["chunk_id"].to_list() == frame["chunk_id"].to_list()
    texts = [embed.embedded_text(*row) for row in frame.select("context", "text").iter_rows()]
    assert found["vector"].to_list() == [[len(text), 1.0] for text in texts]
    assert found["pieces"].to_list() == [b"\x07" * (2 * len(text.split())) for text in texts]
    assert seen == [(1, 3), (3, 3)]
    again, seen = run(store, encoder, frame)
    assert len(encoder.encoded) == 2
    assert again.equals(found)
    assert seen == [(3, 3)]


def test_another_model_embeds_anew(store: FeatureStore, documents: list[CorpusDocument]) -> None:
    run(store, FakeEncoder("m1"), chunk_frame(documents))
    second = FakeEncoder("m2")
    run(store, second, chunk_frame(documents))
    assert len(second.encoded) == 2


def test_an_interruption_costs_one_batch(
    store: FeatureStore, documents: list[CorpusDocument], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embed, "BATCH_CHUNKS", 1)
    encoder = FakeEncoder()
    encode = encoder.encode_passages

    def interrupted(texts: list[str]) -> tuple[np.ndarray, list[np.ndarray]]:
        if encoder.encoded:
            raise KeyboardInterrupt
        return encode(texts)

    monkeypatch.setattr(encoder, "encode_passages", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(store, encoder, chunk_frame(documents))
    monkeypatch.setattr(encoder, "encode_passages", encode)
    found, _ = run(store, encoder, chunk_frame(documents))
    assert len(encoder.encoded) == 2
    assert found["vector"].null_count() == 0


def test_no_chunks(store: FeatureStore) -> None:
    found, seen = run(store, FakeEncoder(), chunk_frame([]))
    assert found.is_empty()
    assert seen == [(0, 0)]


def inputs(store: FeatureStore, documents: list[CorpusDocument]) -> index.IndexInputs:
    encoder = FakeEncoder()
    run(store, encoder, chunk_frame(documents))
    return index.IndexInputs(
        persona="ada",
        documents=to_frame(documents, CorpusDocument),
        chunks=chunk_frame(documents),
        with_embeddings=partial(embed.with_embeddings, store=store, model_digest=encoder.reference.digest),
        features_digest="f" * 64,
        embedding_model=encoder.reference,
        dimensions=2,
    )


def test_an_index_holds_chunks_documents_and_weights(store: FeatureStore, documents: list[CorpusDocument]) -> None:
    writer = FakeWriter()
    name = index.run(inputs(store, documents), writer=writer)  # type: ignore[arg-type]
    assert name == f"twin-ada-{'f' * 12}"
    assert writer.swapped == ("ada", name)
    assert writer.built
    built, identity, entries = writer.built
    assert built == name
    assert [one["entry"] for one in entries] == ["chunk"] * 3 + ["document"] * 3 + ["weights"]
    assert len(entries) == identity.entries == len({one["_id"] for one in entries})
    assert all(len(one["vector"]) == identity.dimensions for one in entries if one["entry"] == "chunk")
    assert [from_text(one["pieces"], 2).shape for one in entries if one["entry"] == "chunk"] == [(6, 2), (8, 2), (6, 2)]
    assert writer.probes == [entries[0], entries[1], entries[2]]
    assert entries[-1]["payload"]["frequencies"]["tide"] == 3


def test_nothing_to_index_is_said(store: FeatureStore) -> None:
    with pytest.raises(CorpusError, match="no text of persona 'ada' was left to index") as caught:
        index.run(inputs(store, []), writer=FakeWriter())  # type: ignore[arg-type]
    assert caught.value.next_step.startswith("twin corpus ada")


def test_stored_vectors_are_of_one_model_that_embedded_all(
    store: FeatureStore, documents: list[CorpusDocument]
) -> None:
    frame = chunk_frame(documents)
    assert embed.stored_vectors(frame, store) is None
    run(store, FakeEncoder("b"), frame)
    run(store, FakeEncoder("a"), frame.head(1))
    found = embed.stored_vectors(frame, store)
    assert found is not None and found["model_digest"].unique().to_list() == ["b"]
    assert found["chunk_id"].to_list() == frame["chunk_id"].to_list() and found["vector"].null_count() == 0
    more = frame.with_columns(pl.col("text") + " One line more.")
    assert embed.stored_vectors(more, store) is None
