"""Find every training passage that shares a run of thirteen words with the held-out test set.

Thirteen words is the length used for GPT-3's contamination study (Brown et al., 2020). The passages stay in the search
index, where they do no harm; as training material they are excluded by span.
"""

from __future__ import annotations

import polars as pl
from pydantic import Field

from twin_data.contracts.base import Contract
from twin_data.contracts.documents import Rejection, Split
from twin_data.native.overlaps import shared_runs
from twin_data.store.schemas import schema_of

STAGE = "decontaminate"
_EXCERPT_CHARACTERS = 200


class DecontaminateConfig(Contract):
    """How long a shared run of words must be."""

    run_words: int = Field(default=13, ge=2, le=13)
    """A shorter run takes out more; a longer one would leave what the certificates, which look for 13, find."""


def run(inputs: pl.DataFrame, *, config: DecontaminateConfig) -> pl.DataFrame:
    """Spans of training documents that may not train, as rows of the contract `Rejection`.

    Args:
        inputs: Rows of the contract `CorpusDocument`.
        config: Length of the runs.
    """
    spans = shared_runs(
        inputs["text"],
        held_out=inputs["split"] == Split.TEST.value,
        training=inputs["split"] == Split.TRAIN.value,
        length=config.run_words,
    )
    held = inputs.select("document_id", "digest", "text")[spans["row"]]
    excerpt = pl.col("text").str.slice("start", pl.min_horizontal(pl.col("end") - pl.col("start"), _EXCERPT_CHARACTERS))
    return (
        pl.concat([held, spans], how="horizontal")
        .select(
            pl.lit(STAGE).alias("stage"),
            "document_id",
            pl.col("digest").alias("text_digest"),
            pl.col("start").cast(pl.Int64),
            pl.col("end").cast(pl.Int64),
            pl.lit(f"shares_{config.run_words}_words_with_the_test_set").alias("reason"),
            excerpt.alias("redacted_text"),
        )
        .match_to_schema(schema_of(Rejection))
    )
