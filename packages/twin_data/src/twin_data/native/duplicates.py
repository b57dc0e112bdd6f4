"""Exact and near duplicates among texts."""

from __future__ import annotations

from ctypes import c_double, c_uint

import numpy as np
import numpy.typing as npt
import polars as pl

from twin_data.native.calls import Result, call, pointer, texts_of

_PASS_SHINGLES = 1 << 25
Rows = npt.NDArray[np.uint32]


def identical(texts: pl.Series) -> Rows:
    """For each row the first row that holds the same bytes; told by a hash, then compared byte by byte.

    Args:
        texts: Strings without nulls.
    """
    given = texts_of(texts)
    first = np.empty(given.rows, np.uint32)
    call("identical", given, pointer(first))
    return first


def similar_pairs(
    texts: pl.Series,
    *,
    shingle_words: int,
    max_shingle_documents: int,
    near_duplicate: float,
    same_family: float,
    min_shared: int,
    pass_shingles: int = _PASS_SHINGLES,
) -> tuple[pl.DataFrame, Rows]:
    """Every pair of texts that is over one of two bars, among those that share a shingle of few documents.

    Shared shingles are counted, not estimated (64-bit hashes stand for them). Memory: 8 bytes for each shingle of a
    document that another document holds, and at most 0.4 GB for the others, whatever their number.

    Args:
        texts: Strings without nulls.
        shingle_words: Words a shingle; a text of fewer gives one shingle, one without words none.
        max_shingle_documents: Shingles in more documents propose no pair, but count where one is proposed.
        near_duplicate: Jaccard index from which a pair is reported.
        same_family: Containment (shared over the smaller set) from which it is reported as well, if …
        min_shared: … the two share this many shingles.
        pass_shingles: About how many shingles are sorted at a time; more passes read the texts again.

    Returns:
        Columns `rank < other` (rows) and `shared`, ordered by `other` and then `rank`; and each text's number
        of different shingles.
    """
    given = texts_of(texts)
    sizes = np.zeros(given.rows, np.uint32)
    pairs = Result()
    call(
        "similar_pairs", given, c_uint(shingle_words), c_uint(max_shingle_documents), c_double(near_duplicate),
        c_double(same_family), c_uint(min_shared), pass_shingles, pointer(sizes), pairs,
    )  # fmt: skip
    found = pairs.take(np.uint32, 3)
    return pl.DataFrame(found, schema={"rank": pl.UInt32, "other": pl.UInt32, "shared": pl.UInt32}), sizes


def keep_better(earlier: Rows, later: Rows, rows: int) -> Rows:
    """For each row the earlier one that it is dropped for, or itself; a row is dropped only for one that stays.

    Args:
        earlier: The better row of each pair of copies.
        later: The worse one; pairs ordered by it and then by the better one.
        rows: How many rows there are.
    """
    better = np.empty(rows, np.uint32)
    first, second = np.ascontiguousarray(earlier, np.uint32), np.ascontiguousarray(later, np.uint32)
    call("keep_better", None, pointer(first), pointer(second), len(first), rows, pointer(better))
    return better
