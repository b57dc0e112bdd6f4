"""Split by family, before anything is generated from a document: stable, and even over source, year and topic.

A family's side depends on its name alone, as far as that leaves every stratum with a fair share held out.
"""

from __future__ import annotations

import hashlib

import polars as pl
from pydantic import Field

from twin_data.contracts.base import Contract
from twin_data.contracts.documents import Split
from twin_data.transform.topics import topics

_SCALE = float(1 << 64)
_STRATA = (["source", "year", "topic"], ["source", "year"], ["source"])
"""From the finest to the coarsest; who stands in too small a stratum is counted in the next one."""


class SplitConfig(Contract):
    """How much is held out."""

    test_share: float = Field(default=0.12, gt=0, lt=0.5)
    salt: str = "held-out"
    """Another salt draws another test set."""
    min_families: int = 4
    """With fewer families nothing is held out: there would be nothing left to learn from."""
    topics: int = Field(default=12, ge=1)
    """How many topics the strata tell apart; 1 has them tell source and year only."""
    min_stratum: int = Field(default=25, ge=2)
    """Families from which a stratum is held to its share; smaller ones are counted with others."""
    max_imbalance: float = Field(default=2.0, ge=1)
    """Of a stratum's families between the share divided by this and the share times this are held out."""


def run(inputs: pl.DataFrame, *, config: SplitConfig) -> pl.DataFrame:
    """Add the column `split`.

    Documents that arrive later move an earlier family only where they join two families into one, or where they take a
    stratum over the bound of its share: then the family nearest to the bar crosses it. If by chance no family falls
    under the bar, the nearest to it is held out.

    Args:
        inputs: Clean documents with their `family`.
        config: Share, salt and strata.
    """
    families = _families(inputs, config)
    held_out = families.filter(_is_held_out(config))["family"]
    if families.height < config.min_families:
        held_out = held_out.clear()
    elif held_out.is_empty():
        held_out = families.sort("place").head(1)["family"]
    return inputs.with_columns(
        pl.when(pl.col("family").is_in(held_out.implode()))
        .then(pl.lit(Split.TEST.value))
        .otherwise(pl.lit(Split.TRAIN.value))
        .alias("split")
    )


def _families(inputs: pl.DataFrame, config: SplitConfig) -> pl.DataFrame:
    """One row a family: its place, and the stratum of its earliest document."""
    topic: pl.Series | pl.Expr = pl.lit("")
    if config.topics > 1:
        topic = topics(inputs["title"], inputs["text"], count=config.topics)
    first = (
        inputs.select("family", "document_id", "source", "date", topic.alias("topic"))
        .sort("date", "document_id", nulls_last=True)
        .unique("family", keep="first", maintain_order=True)
        .with_columns(pl.col("date").dt.year().alias("year"))
        .sort("family")
    )
    places = [_place(family, config.salt) for family in first["family"]]
    stratum = pl.lit("")
    for level, columns in reversed(list(enumerate(_STRATA))):
        name = pl.format(
            f"{level}" + " {}" * len(columns), *(pl.col(one).cast(pl.String).fill_null("") for one in columns)
        )
        large = pl.len().over(columns) >= config.min_stratum
        stratum = pl.when(large).then(name).otherwise(stratum)
    return first.select("family", pl.Series("place", places, dtype=pl.Float64), stratum.alias("stratum"))


def _is_held_out(config: SplitConfig) -> pl.Expr:
    """Whether a family's place is under the bar, or its rank within a stratum makes it so or forbids it."""
    rank = pl.col("place").rank("ordinal").over("stratum")
    families = pl.len().over("stratum")
    most = (families * min(config.test_share * config.max_imbalance, 0.5)).ceil()
    least = (families * config.test_share / config.max_imbalance).floor()
    # Rows that are left over from all strata are too few and too mixed to be held to anything.
    bound = pl.col("stratum") != ""
    under = pl.col("place") < config.test_share
    return pl.when(bound).then((under & (rank <= most)) | (rank <= least)).otherwise(under)


def _place(family: str, salt: str) -> float:
    """A number in [0, 1) that depends on the family's name and the salt only."""
    digest = hashlib.sha256(f"{salt}\n{family}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / _SCALE
