"""Stages that treat each document by itself: what they made of a document that has not changed is taken over."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl

from twin_data.store.stages import FormerRun

KEY = "document_id"
_SEEDS = (11, 23)  # two hashes of 64 bits each, so that chance gives no two rows the same

Compute = Callable[[pl.DataFrame], Mapping[str, pl.DataFrame]]


def unchanged(current: pl.DataFrame, former: pl.DataFrame, key: str = KEY) -> pl.Series:
    """Ids of the rows that are the same in both frames, whatever they hold."""
    if dict(current.schema) != dict(former.schema):
        return pl.Series(key, [], dtype=pl.String)
    alike = former.select(current.columns)
    return _hashed(current, key).join(_hashed(alike, key), on=[key, *map(str, _SEEDS)], how="semi")[key]


def by_document(
    current: pl.DataFrame, former: FormerRun | None, table: str, compute: Compute, *, kept: pl.Series | None = None
) -> dict[str, pl.DataFrame]:
    """Run a stage on the documents that have changed and join what it made of the others before.

    Args:
        current: The stage's input, a row a document, in order of id.
        former: An earlier run with the same settings, code and other inputs.
        table: The name of the input.
        compute: The stage, on any of the rows; each row of its output names its document.
        kept: Ids of the documents of which the former outcome is taken over; those that are `unchanged` if None.
    """
    if former is None:
        return dict(compute(current))
    if kept is None:
        kept = unchanged(current, former.inputs[table])
    made = compute(current.filter(~pl.col(KEY).is_in(kept.implode())))
    return {name: _joined(former.outputs[name], kept, frame) for name, frame in made.items()}


def _joined(former: pl.DataFrame, kept: pl.Series, made: pl.DataFrame) -> pl.DataFrame:
    """Rows of kept documents and new rows, in order of document; those of one document stay in their order."""
    rows = former.filter(pl.col(KEY).is_in(kept.implode())).select(made.columns).cast(made.schema)
    return pl.concat([rows, made]).sort(KEY, maintain_order=True)


def _hashed(frame: pl.DataFrame, key: str) -> pl.DataFrame:
    hashes = {str(seed): frame.hash_rows(seed=seed) for seed in _SEEDS}
    return frame.select(key).with_columns(**hashes)
