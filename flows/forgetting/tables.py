"""Delta tables of a persona without what is forgotten: in no row, no older version and no statistics of the log."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

import polars as pl

from flows.forgetting.contents import leaves, texts_of, with_text
from flows.forgetting.wording import Wording
from twin_data.contracts.errors import StoreError
from twin_data.store.tables import FeatureStore
from twin_data.transform.embed import with_text_digests
from twin_data.transform.pipeline import CHUNKS

TEXT_DIGEST = "text_digest"
"""Key of the tables of embeddings: a vector can be turned back into much of its text (Morris et al., 2023)."""


def embedded_digests(store: FeatureStore, ids: Collection[str]) -> frozenset[str]:
    """Keys of the embeddings of these documents' chunks, in every version that can still be read."""
    found: set[str] = set()
    for version in range(store.newest_version(CHUNKS) + 1) if store.exists(CHUNKS) else ():
        try:
            chunks = store.read(CHUNKS, version=version).filter(pl.col("document_id").is_in(list(ids)))
        except StoreError:
            continue  # vacuumed before
        found |= set(with_text_digests(chunks)[TEXT_DIGEST])
    return frozenset(found)


def _still_used(store: FeatureStore, ids: Collection[str]) -> frozenset[str]:
    if not store.exists(CHUNKS):
        return frozenset()
    others = store.read(CHUNKS).filter(~pl.col("document_id").is_in(list(ids)))
    return frozenset(with_text_digests(others)[TEXT_DIGEST])


def holds(store: FeatureStore, table: str, wording: Wording, ids: Collection[str], digests: Collection[str]) -> bool:
    """Whether any file of a table, also of an older version, holds what is forgotten."""
    folder = Path(store.location(table))
    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        if any(wording.is_in(text) for text in texts_of(path)):
            return True
        if path.suffix == ".parquet" and path.parent == folder:
            frame = pl.read_parquet(path)
            if gone_rows(frame, wording, ids, digests).any():
                return True
    return False


def gone_rows(frame: pl.DataFrame, wording: Wording, ids: Collection[str], digests: Collection[str]) -> pl.Series:
    """Which rows of a frame go: those that name a forgotten document, hold its words, or are its embedding."""
    known = set(ids)
    textual = with_text(frame)
    gone = [
        any(leaf in known or wording.is_in(leaf) for leaf in leaves(row)) for row in textual.iter_rows()
    ] if textual.width else [False] * frame.height  # fmt: skip
    found = pl.Series("gone", gone, dtype=pl.Boolean)
    if TEXT_DIGEST in frame.columns and digests:
        found = found | frame[TEXT_DIGEST].is_in(list(digests))
    return found


def purge_tables(
    store: FeatureStore,
    wording: Wording,
    ids: Collection[str],
    digests: Collection[str],
    report: Callable[[str], None],
) -> int:
    """Rewrite each table that holds any of it, and remove its older versions; returns how many tables.

    Chunks that a document which stays has in common keep their embedding.
    """
    gone_digests = frozenset(digests) - _still_used(store, ids)
    count = 0
    for table in store.tables():
        report(f"tables: {table}")
        if not holds(store, table, wording, ids, digests):
            continue
        frame = store.read(table)
        gone = gone_rows(frame, wording, ids, gone_digests)
        store.purge(table, frame.filter(~gone) if gone.any() else None)
        count += 1
    return count
