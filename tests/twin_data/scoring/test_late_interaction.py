from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from twin_data.scoring.late_interaction import (
    Likeness,
    as_text,
    from_text,
    is_telling,
    likeness,
    packed,
    quantised,
    unpacked,
)

unit = arrays(np.float32, st.tuples(st.integers(1, 9), st.just(6)), elements=st.floats(-1, 1, width=32)).map(
    lambda rows: rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)
)


def test_each_piece_of_the_question_counts_its_nearest() -> None:
    asked = quantised(np.array([[1, 0, 0], [0, 1, 0]], dtype=np.float32))
    held = quantised(np.array([[0.6, 0.8, 0], [1, 0, 0], [0, 0, 1]], dtype=np.float32))
    found = likeness(asked, held)
    assert found.mean == pytest.approx((1 + 0.8) / 2, abs=0.01)
    assert found.weakest == pytest.approx(0.8, abs=0.01)


@pytest.mark.parametrize("empty", [np.zeros((0, 3), dtype=np.int8)])
def test_nothing_is_like_nothing(empty: np.ndarray) -> None:
    held = quantised(np.eye(3, dtype=np.float32))
    assert likeness(empty, held) == likeness(held, empty) == Likeness(0.0, 0.0)


@given(asked=unit, held=unit)
def test_eight_bits_are_enough(asked: np.ndarray, held: np.ndarray) -> None:
    exact = float((asked @ held.T).max(axis=1).mean())
    found = likeness(quantised(asked), quantised(held))
    assert found.mean == pytest.approx(exact, abs=0.03)
    assert found.weakest <= found.mean + 1e-6


@given(asked=unit, held=unit)
def test_more_to_choose_from_is_never_less_like(asked: np.ndarray, held: np.ndarray) -> None:
    few, all_of_it = quantised(held[:1]), quantised(held)
    assert likeness(quantised(asked), all_of_it).mean >= likeness(quantised(asked), few).mean - 1e-6


@given(vectors=unit)
def test_what_is_packed_comes_back(vectors: np.ndarray) -> None:
    pieces = quantised(vectors)
    assert np.array_equal(unpacked(packed(pieces), 6), pieces)
    assert np.array_equal(from_text(as_text(packed(pieces)), 6), pieces)


def test_no_pieces_are_packed_as_nothing() -> None:
    assert packed(np.zeros((0, 6), dtype=np.int8)) == b""
    assert unpacked(b"", 6).shape == (0, 6)


@pytest.mark.parametrize(
    ("piece", "telling"),
    [
        ("tide", True),
        ("##s", True),
        ("1904", True),
        ("the", False),
        (",", False),
        ("[CLS]", False),
        ("[unused7]", False),
    ],
)
def test_which_pieces_carry_meaning(piece: str, telling: bool) -> None:
    assert is_telling(piece) is telling
