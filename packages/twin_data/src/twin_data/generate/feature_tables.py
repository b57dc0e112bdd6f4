"""The features that datasets are made of: those of a bundle 0, as its lineage names them, or the newest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from twin_data.contracts.digests import short
from twin_data.contracts.errors import CorpusError, IntegrityError, StoreError
from twin_data.contracts.releases import ReleaseBundle
from twin_data.store.tables import FeatureStore, digest_frame
from twin_data.transform.pipeline import CHUNKS, DOCUMENTS, EXCLUSIONS, digest_of_features

SOURCES = (DOCUMENTS, CHUNKS, EXCLUSIONS)


@dataclass(frozen=True)
class FeatureTables:
    """Rows and digest of each table, by name."""

    frames: Mapping[str, pl.DataFrame]
    digests: Mapping[str, str]

    @property
    def documents(self) -> pl.DataFrame:
        """Rows of `CleanDocument`."""
        return self.frames[DOCUMENTS]

    @property
    def chunks(self) -> pl.DataFrame:
        """Rows of `Chunk`."""
        return self.frames[CHUNKS]

    @property
    def exclusions(self) -> pl.DataFrame:
        """Rows of `Rejection`: what is kept from training."""
        return self.frames[EXCLUSIONS]

    def are_newest(self, store: FeatureStore) -> bool:
        """Whether the newest tables hold these very rows."""
        return all(digest_frame(store.read(name)) == digest for name, digest in self.digests.items())


def read_feature_tables(store: FeatureStore, persona: str, base: ReleaseBundle | None) -> FeatureTables:
    """Read the features of a bundle 0, whatever has been written since; the newest if none is given.

    Raises:
        CorpusError: No features have been built yet.
        IntegrityError: The features of the bundle are no longer there.
    """
    if not all(store.exists(name) for name in SOURCES):
        raise CorpusError(f"persona {persona!r} has no features yet", next_step=f"twin features {persona}")
    versions = base.lineage.table_versions if base else {}
    frames = {name: _read(store, name, versions.get(name)) for name in SOURCES}
    digests = {name: digest_frame(frame) for name, frame in frames.items()}
    if base is not None:
        _check(base, digest_of_features(digests[DOCUMENTS], digests[CHUNKS], base.embedding_model))
    return FeatureTables(frames, digests)


def _read(store: FeatureStore, table: str, version: int | None) -> pl.DataFrame:
    """That version, or what forgetting has left of the table: the newest, of which the check says whether it is it."""
    try:
        return store.read(table, version=version)
    except StoreError:
        return store.read(table)


def _check(base: ReleaseBundle, features: str) -> None:
    made_of = base.lineage.features_digest
    if features != made_of:
        raise IntegrityError(
            f"the tables of {base.persona!r} hold other features ({short(features)}) than bundle 0 "
            f"({base.model_name}) was made of ({short(made_of)})",
            next_step=f"twin features {base.persona}, then run the same command again",
        )
