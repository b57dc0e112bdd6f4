"""Exact and near duplicates: keep the best copy, and group what belongs together into families.

Exact copies are compared byte by byte. Near ones are found through an inverted index of five-word shingles and measured
by the Jaccard index of the two whole shingle sets (Broder, 1997), not estimated from a sketch of them. Where others'
words stand in a document, such as the conversation below a mail, it is a copy only if its own words are one as well.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from pydantic import Field
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from twin_data.contracts.base import Contract
from twin_data.contracts.documents import Role
from twin_data.native.duplicates import Rows, identical, keep_better, similar_pairs
from twin_data.transform.quality import own_text

STAGE = "dedupe"
_DIGITS = re.compile(r"\d+")
_LONGEST_NUMBER = 20


class DedupeConfig(Contract):
    """Bars of likeness."""

    shingle_words: int = Field(default=5, ge=1)
    near_duplicate: float = Field(default=0.6, gt=0, le=1)
    """Jaccard index from which one of two documents is dropped. One word replaced in every 25 leaves 0.67 or more."""
    same_family: float = Field(default=0.15, gt=0, le=1)
    """Containment (shared shingles over the smaller document's) from which two stay on one side of the split."""
    max_shingle_documents: int = Field(default=50, ge=2)
    """Shingles in more documents than this are set phrases and propose no pair."""
    min_shared: int = Field(default=8, ge=1)
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
    # The best copy is the one that was published, first, at greater length; the id settles ties.
    ranked = (
        inputs.select(
            "document_id", "text", "digest", "date", "thread", "series", pl.col("url").is_null().alias("unpublished")
        )
        .with_row_index("row")
        .with_columns(pl.col("text").str.len_chars().cast(pl.Int64).alias("length"))
        .sort("unpublished", "date", "length", "document_id", descending=[False, False, True, False], nulls_last=True)
    )
    first = identical(ranked["text"])
    pairs = _similar_pairs(ranked["text"], first, config)
    alike = pairs.filter(pl.col("jaccard") >= config.near_duplicate)
    better = _better(_copies(alike, inputs, ranked["row"], config), first)
    families = pl.DataFrame({"row": ranked["row"], "family": _families(ranked, pairs, first)}).sort("row")
    dropped = pl.DataFrame({"row": ranked["row"], "dropped": better != np.arange(len(better))}).sort("row")
    kept = inputs.with_columns(families["family"]).filter(~dropped["dropped"]).sort("document_id")
    return Deduplicated(documents=kept, rejections=_rejections(ranked, better, first))


def _similar_pairs(texts: pl.Series, first: Rows, config: DedupeConfig) -> pl.DataFrame:
    """Pairs of different texts, ranks `rank < other`, over a bar of likeness, with their Jaccard index."""
    ranks = np.flatnonzero(first == np.arange(len(first))).astype(np.uint32)
    pairs, sizes = similar_pairs(
        texts.gather(ranks),
        shingle_words=config.shingle_words,
        max_shingle_documents=config.max_shingle_documents,
        near_duplicate=config.near_duplicate,
        same_family=config.same_family,
        min_shared=config.min_shared,
    )
    one, other = pairs["rank"].to_numpy(), pairs["other"].to_numpy()
    either = pl.Series(sizes[one].astype(np.int64) + sizes[other]) - pairs["shared"]
    return pl.DataFrame({"rank": ranks[one], "other": ranks[other], "jaccard": pairs["shared"] / either})


def _copies(alike: pl.DataFrame, inputs: pl.DataFrame, rows: pl.Series, config: DedupeConfig) -> pl.DataFrame:
    """The pairs of alike texts that are copies, in their order: with others' words in one, the own ones are alike, too.

    Two answers above one long conversation are alike for what others wrote in it, and each says something of its own.

    Args:
        alike: Pairs of ranks, over the bar as whole texts.
        inputs: Rows of the contract `CleanDocument`.
        rows: The row of each rank.
        config: Bars of likeness.
    """
    ends = alike.select("rank", "other").to_numpy()
    is_mixed = np.zeros(len(rows), np.bool_)
    held = np.unique(ends)
    is_mixed[held] = _hold_others_words(inputs[rows.gather(held)])
    asked = is_mixed[ends].any(axis=1)
    if not asked.any():
        return alike
    members, places = np.unique(ends[asked], return_inverse=True)
    own = own_text(inputs[rows.gather(members)])
    first = identical(own)
    pairs = _similar_pairs(own, first, config).filter(pl.col("jaccard") >= config.near_duplicate)
    of_pair = np.sort(first[places.reshape(-1, 2)].astype(np.int64), axis=1)
    found = pairs["rank"].cast(pl.Int64).to_numpy() * len(own) + pairs["other"].to_numpy()
    is_copy = ~asked
    is_copy[asked] = (of_pair[:, 0] == of_pair[:, 1]) | np.isin(of_pair[:, 0] * len(own) + of_pair[:, 1], found)
    return alike.filter(is_copy)


def _hold_others_words(documents: pl.DataFrame) -> npt.NDArray[np.bool_]:
    is_theirs = pl.element().struct.field("role") != Role.OWN.value
    return documents.select(pl.col("passages").list.eval(is_theirs).list.any()).to_series().to_numpy()


def _better(copies: pl.DataFrame, first: Rows) -> Rows:
    """The rank that each document is dropped for, or its own. Only one that stays is ever dropped for."""
    better = keep_better(copies["rank"].to_numpy(), copies["other"].to_numpy(), len(first))
    return better[first]


def _families(ranked: pl.DataFrame, pairs: pl.DataFrame, first: Rows) -> pl.Series:
    """The family of each document: connected by likeness, by thread or by series.

    Named by its earliest member, so that what is written later renames (and so moves) no family. Of one day, and of
    those without a date, the one whose id counts lower is the earliest: parts and messages are numbered as they arrive.
    """
    ranks = np.arange(ranked.height)
    edges = [(pairs["rank"].to_numpy(), pairs["other"].to_numpy()), (first, ranks)]
    for group in ("thread", "series"):
        told = ranked.select(group, pl.int_range(pl.len()).alias("rank")).drop_nulls(group)
        edges.append((told["rank"].to_numpy(), told.select(pl.col("rank").first().over(group))["rank"].to_numpy()))
    joined = [np.concatenate(side) for side in zip(*edges, strict=True)]
    graph = coo_array((np.ones(len(joined[0]), np.bool_), (joined[0], joined[1])), shape=(ranked.height, ranked.height))
    _, labels = connected_components(graph, directed=False)
    labelled = ranked.select("date", "document_id", pl.Series("label", labels))
    several = labelled.filter(pl.col("label").is_duplicated())
    counted = pl.Series("counted", [_as_counted(one) for one in several["document_id"]], dtype=pl.String)
    earliest = (
        several.with_columns(counted)
        .sort("date", "counted", "document_id", nulls_last=True)
        .unique("label", keep="first", maintain_order=True)
        .select("label", pl.col("document_id").alias("family"))
    )
    return labelled.join(earliest, on="label", how="left", maintain_order="left").select(
        pl.coalesce("family", "document_id")
    )["family"]


def _as_counted(document_id: str) -> str:
    """An id that sorts as people count: `part-9` before `part-10`."""
    return _DIGITS.sub(lambda digits: digits[0].zfill(_LONGEST_NUMBER), document_id)


def _rejections(ranked: pl.DataFrame, better: Rows, first: Rows) -> pl.DataFrame:
    dropped: npt.NDArray[np.intp] = np.flatnonzero(better != np.arange(len(better)))
    kind = np.where(better[dropped] == first[dropped], "exact_duplicate", "near_duplicate")
    return (
        ranked.select("document_id", "digest", "length", pl.col("text").str.slice(0, 200))[dropped]
        .with_columns(
            pl.Series("kind", kind, dtype=pl.String), ranked["document_id"].gather(better[dropped]).alias("better")
        )
        .select(
            pl.lit(STAGE).alias("stage"),
            "document_id",
            pl.col("digest").alias("text_digest"),
            pl.lit(0, pl.Int64).alias("start"),
            pl.col("length").alias("end"),
            pl.format("{} of {}", "kind", "better").alias("reason"),
            pl.col("text").alias("redacted_text"),
        )
        .sort("document_id")
    )
