from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

from twin_data.contracts.errors import CorpusError
from twin_data.store.tables import FeatureStore
from twin_data.transform.embed import SCHEMA, with_text_digests
from twin_data.transform.embed import TABLE as EMBEDDINGS
from twin_data.transform.pipeline import CHUNKS
from twin_eval.monitoring.corpus import corpus_name, corpus_vectors


def test_a_corpus_is_named_by_its_texts_whatever_their_order(tmp_path: Path) -> None:
    def named(*texts: str) -> str:
        store = FeatureStore.of(tmp_path / "features", "ada")
        store.write(CHUNKS, pl.DataFrame({"context": [""] * len(texts), "text": texts}))
        return corpus_name(store)

    assert named("The rope.", "The lamp.") == named("The lamp.", "The rope.") != named("The rope.")


def test_the_vectors_of_todays_chunks_are_read_and_not_those_of_their_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pieces take many times as much, and monitoring reads this every hour."""
    store = FeatureStore.of(tmp_path / "features", "ada")
    chunks = pl.DataFrame(
        {"document_id": ["a", "b", "c"], "context": [""] * 3, "text": ["The rope.", "The lamp.", "Not embedded yet."]}
    )
    store.write(CHUNKS, chunks)
    digests = with_text_digests(chunks)["text_digest"].to_list()
    stored = [("mine", digests[1], [0.0, 1.0]), ("mine", digests[0], [1.0, 0.0]), ("other", digests[2], [0.5, 0.5])]
    rows = [
        {"model_digest": model, "text_digest": digest, "vector": vector, "pieces": b"0" * 9}
        for model, digest, vector in stored
    ]
    store.append(EMBEDDINGS, pl.DataFrame(rows, schema=SCHEMA))
    read: list[list[str]] = []
    select = FeatureStore.select

    def noting(self: FeatureStore, table: str, where: pl.Expr, columns: list[pl.Expr], **rest: Any) -> pl.DataFrame:
        found = select(self, table, where, columns, **rest)
        read.append(found.columns)
        return found

    monkeypatch.setattr(FeatureStore, "select", noting)
    encoder: Any = SimpleNamespace(reference=SimpleNamespace(digest="mine", name="an encoder"))
    vectors = corpus_vectors(store, encoder)
    found = dict(zip(vectors.texts, vectors.vectors.tolist(), strict=True))
    assert found == {"The rope.": [1.0, 0.0], "The lamp.": [0.0, 1.0]}
    assert sorted(vectors.documents.tolist()) == ["a", "b"] and vectors.vectors.dtype == np.float32
    assert not any("pieces" in columns for columns in read)
    encoder.reference.digest = "a third"
    with pytest.raises(CorpusError, match="no embedding by an encoder"):
        corpus_vectors(store, encoder)
