from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from twin_data.native.overlaps import shared_runs
from twin_data.scoring.sentences import grams, word_runs

ALPHABET = "abAB éß’'İ1.,:\u0301–\n中🙂"
TEXTS = st.lists(
    st.text(ALPHABET, max_size=60) | st.text(st.characters(exclude_categories=["Cs"]), max_size=30), max_size=6
)


def expected(held_out: list[str], training: list[str], length: int) -> list[tuple[int, int, int]]:
    known = {gram for text in held_out for gram in grams(text, length)}
    found: list[tuple[int, int, int]] = []
    for row, text in enumerate(training, start=len(held_out)):
        for gram, start, end in word_runs(text, length):
            if gram not in known:
                continue
            if found and found[-1][0] == row and start <= found[-1][2]:
                found[-1] = (row, found[-1][1], end)
            else:
                found.append((row, start, end))
    return found


@given(TEXTS, TEXTS, st.integers(1, 4))
def test_spans_are_those_of_python(held_out: list[str], training: list[str], length: int) -> None:
    texts = [*held_out, *training, *[text.upper() for text in held_out]]
    marks = pl.Series([at < len(held_out) for at in range(len(texts))], dtype=pl.Boolean)
    found = shared_runs(pl.Series(texts, dtype=pl.String), held_out=marks, training=~marks, length=length)
    assert found.rows() == expected(held_out, texts[len(held_out) :], length)


def test_rows_that_are_neither_are_not_read() -> None:
    texts = pl.Series(["a b c", "a b c", "a b c"])
    found = shared_runs(
        texts, held_out=pl.Series([True, False, False]), training=pl.Series([False, False, True]), length=3
    )
    assert found.rows() == [(2, 0, 5)]
