"""The collecting stage's tables: what was read now, and what an earlier run read of files that have not changed."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from twin_data.contracts.documents import RawDocument, Rejection
from twin_data.contracts.forgetting import Tombstone
from twin_data.sources import collect
from twin_data.sources.collect import CollectConfig, CollectInputs, Selection, SourceFile
from twin_data.sources.tombstones import without_forgotten
from twin_data.store.schemas import to_frame, to_rows
from twin_data.store.stages import FormerRun

RAW = "raw_documents"
REJECTIONS = "rejections_collect"
SOURCE_FILES = "source_files"
"""Which file of which content gave which documents."""


def known_files(former: FormerRun | None) -> dict[str, SourceFile]:
    """The files of an earlier run of the collecting stage, by path."""
    if former is None:
        return {}
    return {file.path: file for file in to_rows(former.outputs[SOURCE_FILES], SourceFile)}


def collected_tables(
    inputs: CollectInputs,
    former: FormerRun | None,
    config: CollectConfig,
    selection: Selection,
    stones: Iterable[Tombstone] = (),
) -> tuple[dict[str, pl.DataFrame], int]:
    """The collecting stage's tables, with the rows of kept files as they were, and how many files were left out."""
    collected = without_forgotten(collect.run(inputs, config=config, selection=selection), stones)
    tables = {
        RAW: to_frame(collected.documents, RawDocument),
        REJECTIONS: to_frame(collected.rejections, Rejection),
    }
    kept = {
        RAW: [one for file in collected.kept for one in file.documents],
        REJECTIONS: [one for file in collected.kept for one in file.rejected],
    }
    if former is not None:
        for name, ids in kept.items():
            rows = former.outputs[name].filter(pl.col("document_id").is_in(ids))
            tables[name] = pl.concat([rows, tables[name]]).sort("document_id", maintain_order=True)
    files = to_frame((*collected.files, *collected.kept), SourceFile).sort("path")
    return {**tables, SOURCE_FILES: files}, collected.waiting
