"""Exact and near duplicates: keep the best copy, and group what belongs together into families.

Candidates share a five-word shingle that few documents hold; each candidate pair is then measured exactly, by the
Jaccard index of the two shingle sets (Broder, 1997), so that no hash collision can merge two different documents.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from twin_data.contracts.base import Contract

STAGE = "dedupe"


class DedupeConfig(Contract):
    """Bars of likeness."""

    shingle_words: int = 5
    near_duplicate: float = 0.7
    """Jaccard index from which one of two documents is dropped. Four words changed in a hundred leave about 0.7."""
    same_family: float = 0.15
    """Containment (shared shingles over the smaller document's) from which two documents stay on one side of the split."""
    max_shingle_documents: int = 50
    """Shingles in more documents than this are set phrases and propose no pair."""
    min_shared: int = 8
    """Pairs with fewer shared shingles are not measured."""


@dataclass(frozen=True)
class Deduplicated:
    """What was kept, with the family of each, and what was dropped.

    Attributes:
        documents: The kept rows of the input, with the column `family`.
        rejections: Rows of the contract `Rejection`.
    """

    documents: pl.DataFrame
    rejections: pl.DataFrame


def run(inputs: pl.DataFrame, *, config: DedupeConfig) -> Deduplicated:
    """Drop all but the best copy of each document and name the families.

    Args:
        inputs: Rows of the contract `CleanDocument`.
        config: Bars of likeness.
    """
    ranked = inputs.sort(
        # The best copy is the one that was published, first, at greater length; the id settles ties.
        [
            pl.col("url").is_null(),
            pl.col("date").fill_null(pl.date(9999, 1, 1)),
            -pl.col("text").str.len_chars().cast(pl.Int64),
            "document_id",
        ]
    ).with_row_index("rank")
    pairs = _similar_pairs(ranked, config)
    copies = pairs.filter(pl.col("jaccard") >= config.near_duplicate)
    dropped = _copies_of(copies)
    families = _families(ranked, pairs.filter(pl.col("containment") >= config.same_family))
    labelled = ranked.with_columns(pl.Series("family", families))
    kept = labelled.join(dropped, on="rank", how="anti").drop("rank")
    return Deduplicated(documents=kept.sort("document_id"), rejections=_rejections(ranked, dropped))


def shingles(frame: pl.DataFrame, words: int) -> pl.DataFrame:
    """Hashes of each document's runs of `words` words, lower-cased: columns `rank` and `shingle`, each pair once.

    A document shorter than that gives one shingle: all of its words.
    """
    tokens = (
        frame.select(
            "rank",
            pl.col("text")
            .str.to_lowercase()
            .str.replace_all("’", "'")
            .str.extract_all(r"[\p{L}\p{N}']+")
            .alias("word"),
        )
        .explode("word", empty_as_null=True)
        .with_columns(pl.col("word").fill_null(""))
    )
    following = [pl.col("word").shift(-i).over("rank").fill_null("") for i in range(words)]
    at = pl.int_range(pl.len()).over("rank")
    return (
        tokens.with_columns(pl.concat_str(following, separator=" ").hash().alias("shingle"), at.alias("at"))
        .filter((pl.col("at") <= pl.len().over("rank") - words) | (pl.col("at") == 0))
        .select("rank", "shingle")
        .unique()
    )


def _similar_pairs(ranked: pl.DataFrame, config: DedupeConfig) -> pl.DataFrame:
    """Pairs `rank < other` with their Jaccard index and containment."""
    each = shingles(ranked, config.shingle_words)
    sizes = each.group_by("rank").len("size")
    shared = each.filter(pl.len().over("shingle").is_between(2, config.max_shingle_documents))
    pairs = (
        shared.join(shared.rename({"rank": "other"}), on="shingle")
        .filter(pl.col("rank") < pl.col("other"))
        .group_by("rank", "other")
        .len("shared")
        .join(sizes, on="rank")
        .join(sizes.rename({"rank": "other", "size": "other_size"}), on="other")
    )
    smaller = pl.min_horizontal("size", "other_size")
    return pairs.filter(pl.col("shared") >= pl.min_horizontal(pl.lit(config.min_shared), smaller)).select(
        "rank",
        "other",
        (pl.col("shared") / (pl.col("size") + pl.col("other_size") - pl.col("shared"))).alias("jaccard"),
        (pl.col("shared") / smaller).alias("containment"),
    )


def _copies_of(copies: pl.DataFrame) -> pl.DataFrame:
    """`rank` of each dropped document and the better one it is a copy of.

    Taken in order of rank, so that a document is only ever dropped for one that stays.
    """
    dropped: dict[int, int] = {}
    for better, worse in copies.sort("other", "rank").select("rank", "other").iter_rows():
        if worse not in dropped and better not in dropped:
            dropped[worse] = better
    return pl.DataFrame(
        {"rank": list(dropped), "copy_of": list(dropped.values())}, schema={"rank": pl.UInt32, "copy_of": pl.UInt32}
    )


def _families(ranked: pl.DataFrame, related: pl.DataFrame) -> list[str]:
    """The family of each document: connected by likeness, by thread or by series. Named by its first member."""
    edges = [related.select("rank", "other")]
    for group in ("thread", "series"):
        first = pl.col("rank").first().over(group)
        edges.append(ranked.filter(pl.col(group).is_not_null()).select("rank", first.alias("other")))
    joined = pl.concat([edge.cast(pl.Int64) for edge in edges])
    n = ranked.height
    graph = coo_array((np.ones(joined.height), (joined["rank"].to_numpy(), joined["other"].to_numpy())), shape=(n, n))
    _, labels = connected_components(graph, directed=False)
    first_member = (
        ranked.select("document_id", pl.Series("label", labels)).select(pl.col("document_id").min().over("label"))
    ).to_series()
    return first_member.to_list()


def _rejections(ranked: pl.DataFrame, dropped: pl.DataFrame) -> pl.DataFrame:
    better = ranked.select(
        pl.col("rank").alias("copy_of"), pl.col("document_id").alias("better"), pl.col("digest").alias("better_digest")
    )
    exact = pl.col("digest") == pl.col("better_digest")
    return (
        dropped.join(ranked, on="rank")
        .join(better, on="copy_of")
        .select(
            pl.lit(STAGE).alias("stage"),
            "document_id",
            pl.col("digest").alias("text_digest"),
            pl.lit(0, pl.Int64).alias("start"),
            pl.col("text").str.len_chars().cast(pl.Int64).alias("end"),
            pl.format(
                "{} of {}", pl.when(exact).then(pl.lit("exact_duplicate")).otherwise(pl.lit("near_duplicate")), "better"
            ).alias("reason"),
            pl.col("text").str.slice(0, 200).alias("redacted_text"),
        )
        .sort("document_id")
    )
