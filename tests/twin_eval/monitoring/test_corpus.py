from __future__ import annotations

from pathlib import Path

import polars as pl

from twin_data.store.tables import FeatureStore
from twin_data.transform.pipeline import CHUNKS
from twin_eval.monitoring.corpus import corpus_name


def test_a_corpus_is_named_by_its_texts_whatever_their_order(tmp_path: Path) -> None:
    def named(*texts: str) -> str:
        store = FeatureStore.of(tmp_path / "features", "ada")
        store.write(CHUNKS, pl.DataFrame({"context": [""] * len(texts), "text": texts}))
        return corpus_name(store)

    assert named("The rope.", "The lamp.") == named("The lamp.", "The rope.") != named("The rope.")
