"""Split by family, before anything is generated from a document."""

from __future__ import annotations

import hashlib

import polars as pl
from pydantic import Field

from twin_data.contracts.base import Contract
from twin_data.contracts.documents import Split

_SCALE = float(1 << 64)


class SplitConfig(Contract):
    """How much is held out."""

    test_share: float = Field(default=0.12, gt=0, lt=0.5)
    salt: str = "held-out"
    """Another salt draws another test set."""
    min_families: int = 4
    """With fewer families nothing is held out: there would be nothing left to learn from."""


def run(inputs: pl.DataFrame, *, config: SplitConfig) -> pl.DataFrame:
    """Add the column `split`.

    A family's side depends on its name and the salt alone, so documents that arrive later move no earlier family,
    unless they join two families into one. If by chance no family falls under the bar, the nearest to it is held out.

    Args:
        inputs: Clean documents with their `family`.
        config: Share and salt.
    """
    families = inputs["family"].unique().sort().to_list()
    places = {family: _place(family, config.salt) for family in families}
    held_out = {family for family, place in places.items() if place < config.test_share}
    if len(families) < config.min_families:
        held_out = set()
    elif not held_out:
        held_out = {min(families, key=places.__getitem__)}
    return inputs.with_columns(
        pl.when(pl.col("family").is_in(sorted(held_out)))
        .then(pl.lit(Split.TEST.value))
        .otherwise(pl.lit(Split.TRAIN.value))
        .alias("split")
    )


def _place(family: str, salt: str) -> float:
    """A number in [0, 1) that depends on the family's name and the salt only."""
    digest = hashlib.sha256(f"{salt}\n{family}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / _SCALE
