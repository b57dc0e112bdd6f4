from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin_serve.fusion import COSINE_FLOOR, fuse

ids = st.text("abc", min_size=1, max_size=2)
lexical = st.dictionaries(ids, st.floats(0, 50), max_size=6)
dense = st.dictionaries(ids, st.floats(-1, 1), max_size=6)
weights = st.floats(0, 1)


def test_both_legs_are_brought_to_one_scale() -> None:
    fused = fuse({"a": 10.0, "b": 5.0}, {"b": 1.0, "c": 0.55}, dense_weight=0.6)
    assert fused == pytest.approx({"b": 0.8, "a": 0.4, "c": 0.3})
    assert list(fused) == ["b", "a", "c"]


def test_nothing_found_is_nothing() -> None:
    assert fuse({}, {}, dense_weight=0.5) == {}


def test_ids_settle_ties() -> None:
    assert list(fuse({"b": 1.0, "a": 1.0}, {}, dense_weight=0.5)) == ["a", "b"]


@given(lexical, dense, weights)
def test_scores_lie_between_0_and_1_and_are_in_order(
    bm25: dict[str, float], cosine: dict[str, float], weight: float
) -> None:
    fused = fuse(bm25, cosine, dense_weight=weight)
    assert fused.keys() == bm25.keys() | cosine.keys()
    assert all(0 <= score <= 1 + 1e-9 for score in fused.values())
    assert list(fused.values()) == sorted(fused.values(), reverse=True)


@given(lexical, dense, weights, ids, st.floats(0, 1))
def test_a_nearer_chunk_never_scores_less(
    bm25: dict[str, float], cosine: dict[str, float], weight: float, chunk: str, more: float
) -> None:
    before = fuse(bm25, cosine, dense_weight=weight)
    nearer = cosine | {chunk: min(1.0, cosine.get(chunk, COSINE_FLOOR) + more)}
    after = fuse(bm25, nearer, dense_weight=weight)
    assert after[chunk] >= before.get(chunk, 0.0) - 1e-9
    assert all(after[other] == pytest.approx(before[other]) for other in before if other != chunk)


@given(lexical, dense, weights, ids)
def test_asking_for_more_candidates_does_not_reorder_the_best(
    bm25: dict[str, float], cosine: dict[str, float], weight: float, chunk: str
) -> None:
    further = {chunk: 0.0} if chunk not in bm25 else {}
    before = list(fuse(bm25, cosine, dense_weight=weight))
    after = [one for one in fuse(bm25 | further, cosine, dense_weight=weight) if one in before]
    assert after == before
