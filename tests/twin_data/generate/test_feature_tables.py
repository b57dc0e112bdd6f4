"""Datasets are made of the features that their bundle 0 names, whatever is written to the tables meanwhile."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from twin_data.contracts.errors import CorpusError, IntegrityError
from twin_data.contracts.releases import ModelReference
from twin_data.generate.feature_tables import read_feature_tables
from twin_data.store.tables import FeatureStore
from twin_data.transform.pipeline import digest_of_features

ENCODER = ModelReference(name="mini", source="tests", digest="e" * 64, licence="MIT")
TABLES = ("documents", "chunks", "training_exclusions")


@pytest.fixture
def store(tmp_path: Path) -> FeatureStore:
    return FeatureStore.of(tmp_path / "features", "ada")


def write(store: FeatureStore, text: str) -> Any:
    """Write the three tables; a bundle 0 of them."""
    made = {name: store.write(name, pl.DataFrame({"text": [text, name]})) for name in TABLES}
    lineage = SimpleNamespace(
        features_digest=digest_of_features(made["documents"].digest, made["chunks"].digest, ENCODER),
        table_versions={name: one.version for name, one in made.items()},
    )
    return SimpleNamespace(persona="ada", model_name="ada@base", embedding_model=ENCODER, lineage=lineage)


def texts(frame: pl.DataFrame) -> list[str]:
    return sorted(frame["text"])


def test_what_was_written_since_bundle_0_is_not_trained_on(store: FeatureStore) -> None:
    """By a run that died before the index, or by `twin watch`."""
    base = write(store, "of bundle 0")
    assert read_feature_tables(store, "ada", base).are_newest(store)
    write(store, "later")
    found = read_feature_tables(store, "ada", base)
    assert texts(found.documents) == ["documents", "of bundle 0"]
    assert texts(found.chunks) == ["chunks", "of bundle 0"]
    assert texts(found.exclusions) == ["of bundle 0", "training_exclusions"]
    assert not found.are_newest(store)
    assert texts(read_feature_tables(store, "ada", None).documents) == ["documents", "later"]


def test_other_rows_under_the_version_that_bundle_0_names_are_refused(store: FeatureStore) -> None:
    base = write(store, "of bundle 0")
    shutil.rmtree(store.location("chunks"))
    store.write("chunks", pl.DataFrame({"text": ["built anew, and not to the end"]}))
    with pytest.raises(IntegrityError, match=r"hold other features .* than bundle 0 \(ada@base\)") as refused:
        read_feature_tables(store, "ada", base)
    assert refused.value.next_step.startswith("twin features ada")


def test_of_a_purged_table_the_newest_version_is_taken_if_it_has_the_rows(store: FeatureStore) -> None:
    write(store, "forgotten")
    base = write(store, "of bundle 0")
    for name in TABLES:
        store.purge(name, None)
    assert store.newest_version("documents") != base.lineage.table_versions["documents"]
    assert texts(read_feature_tables(store, "ada", base).documents) == ["documents", "of bundle 0"]
    store.purge("documents", pl.DataFrame({"text": ["what is left"]}))
    with pytest.raises(IntegrityError):
        read_feature_tables(store, "ada", base)


def test_a_bundle_0_that_names_two_tables_takes_the_newest_of_the_third(store: FeatureStore) -> None:
    """As bundles of before name them."""
    base = write(store, "of bundle 0")
    del base.lineage.table_versions["training_exclusions"]
    store.write("training_exclusions", pl.DataFrame({"text": ["newer"]}))
    assert texts(read_feature_tables(store, "ada", base).exclusions) == ["newer"]


def test_without_features_the_next_step_is_named(store: FeatureStore) -> None:
    with pytest.raises(CorpusError, match="'ada' has no features yet") as refused:
        read_feature_tables(store, "ada", None)
    assert refused.value.next_step == "twin features ada"
