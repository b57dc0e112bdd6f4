"""Exact and near duplicates: keep the best copy, and group what belongs together into families.

Exact copies are found by digest. Candidates for near ones share a five-word shingle that few documents hold; each pair
is then measured by the Jaccard index of the two whole shingle sets (Broder, 1997), not estimated from a sketch of them.
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
    near_duplicate: float = 0.6
    """Jaccard index from which one of two documents is dropped. One word replaced in every 25 leaves 0.67 or more."""
    same_family: float = 0.15
    """Containment (shared shingles over the smaller document's) from which two stay on one side of the split."""
    max_shingle_documents: int = 50
    """Shingles in more documents than this are set phrases and propose no pair."""
    min_shared: int = 8
    """A pair that shares fewer shingles (twelve words in a row) is no family, however short the documents."""


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
    related = (pl.col("containment") >= config.same_family) & (pl.col("shared") >= config.min_shared)
    families = _families(ranked, pl.concat([copies, pairs.filter(related)]))
    labelled = ranked.with_columns(pl.Series("family", families))
    kept = labelled.join(dropped, on="rank", how="anti").drop("rank")
    return Deduplicated(documents=kept.sort("document_id"), rejections=_rejections(ranked, dropped))


def shingles(frame: pl.DataFrame, words: int) -> pl.DataFrame:
    """Hashes of each document's runs of `words` words, lower-cased: columns `rank` and `shingle`, each pair once.

    A document shorter than that gives one shingle, all of its words; one without words gives none.
    """
    lowered = pl.col("text").str.to_lowercase().str.replace_all("’", "'")
    tokens = (
        frame.select("rank", lowered.str.extract_all(r"[\p{L}\p{N}']+").alias("word"))
        .explode("word", empty_as_null=True)
        .drop_nulls("word")
    )
    following = [pl.col("word").shift(-i).over("rank").fill_null("") for i in range(words)]
    at = pl.int_range(pl.len()).over("rank")
    last = pl.len().cast(pl.Int64).over("rank") - words  # unsigned, it would wrap around in short documents
    return (
        tokens.with_columns(pl.concat_str(following, separator=" ").hash().alias("shingle"), at.alias("at"))
        .filter((pl.col("at") <= last) | (pl.col("at") == 0))
        .select("rank", "shingle")
        .unique()
    )


def _similar_pairs(ranked: pl.DataFrame, config: DedupeConfig) -> pl.DataFrame:
    """Pairs `rank < other` with the number of shared shingles, their Jaccard index and containment."""
    grouped = ranked.with_columns(pl.col("rank").min().over("digest").alias("first"))
    is_copy = pl.col("rank") != pl.col("first")
    each = shingles(grouped.filter(~is_copy), config.shingle_words)
    sizes = each.group_by("rank").len("size")
    measured = (
        _shared(each, _candidates(each, config))
        .join(sizes, on="rank")
        .join(sizes.rename({"rank": "other", "size": "other_size"}), on="other")
        .select(
            "rank",
            "other",
            "shared",
            (pl.col("shared") / (pl.col("size") + pl.col("other_size") - pl.col("shared"))).alias("jaccard"),
            (pl.col("shared") / pl.min_horizontal("size", "other_size")).alias("containment"),
        )
    )
    exact = grouped.filter(is_copy).select(
        pl.col("first").alias("rank"),
        pl.col("rank").alias("other"),
        pl.lit(0, pl.UInt32).alias("shared"),
        pl.lit(1.0).alias("jaccard"),
        pl.lit(1.0).alias("containment"),
    )
    return pl.concat([exact, measured.cast({"shared": pl.UInt32})])


def _candidates(each: pl.DataFrame, config: DedupeConfig) -> pl.DataFrame:
    """Pairs `rank < other` that share a shingle of few documents."""
    rare = each.filter(pl.len().over("shingle").is_between(2, config.max_shingle_documents))
    pairs = rare.join(rare.rename({"rank": "other"}), on="shingle").filter(pl.col("rank") < pl.col("other"))
    return pairs.select("rank", "other").unique()


def _shared(each: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """How many shingles, frequent ones too, the two documents of each pair have in common."""
    return (
        pairs.join(each, on="rank")
        .join(each.rename({"rank": "other"}), on=["other", "shingle"])
        .group_by("rank", "other")
        .len("shared")
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
    """The family of each document: connected by likeness, by thread or by series.

    Named by its earliest member, so that what arrives later renames (and so moves) no family.
    """
    edges = [related.select("rank", "other")]
    for group in ("thread", "series"):
        first = pl.col("rank").first().over(group)
        edges.append(ranked.filter(pl.col(group).is_not_null()).select("rank", first.alias("other")))
    joined = pl.concat([edge.cast(pl.Int64) for edge in edges])
    n = ranked.height
    graph = coo_array((np.ones(joined.height), (joined["rank"].to_numpy(), joined["other"].to_numpy())), shape=(n, n))
    _, labels = connected_components(graph, directed=False)
    earliest = pl.col("document_id").sort_by("date", "document_id", nulls_last=True).first()
    named = ranked.select(earliest.over(pl.Series("label", labels)).alias("family"))
    return named["family"].to_list()


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
