from __future__ import annotations

import random
from collections import defaultdict

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin_data.native.duplicates import identical, keep_better, similar_pairs
from twin_data.scoring.sentences import words

# Letters of one and more bytes, such as fold to several or are told apart by regex only, marks, digits, joints.
ALPHABET = "abcXYZéßŉİ’'΄ΐﬁΣςꭰ०1٣.,:-– \n\u0301\u00ad中𝒳𐐀🙂_"
TEXTS = st.lists(st.text(ALPHABET, max_size=40) | st.text(max_size=40), max_size=8)
FREE = st.characters(exclude_categories=["Cs"])


def folded(text: str) -> list[str]:
    return [word.casefold().replace("’", "'") for word in words(text)]


def shingles(text: str, length: int) -> set[tuple[str, ...]]:
    found = folded(text)
    if 0 < len(found) < length:
        return {tuple(found)}
    return {tuple(found[at : at + length]) for at in range(len(found) - length + 1)}


def expected(
    texts: list[str], length: int, cap: int, near: float, family: float, least: int
) -> list[tuple[int, int, int]]:
    sets = [shingles(text, length) for text in texts]
    holders = defaultdict(list)
    for at, one in enumerate(sets):
        for shingle in one:
            holders[shingle].append(at)
    found = []
    for other in range(len(texts)):
        for rank in range(other):
            both = sets[rank] & sets[other]
            if not any(len(holders[one]) <= cap for one in both):
                continue
            jaccard = len(both) / len(sets[rank] | sets[other])
            containment = len(both) / min(len(sets[rank]), len(sets[other]))
            if jaccard >= near or (containment >= family and len(both) >= least):
                found.append((rank, other, len(both)))
    return found


def check(
    texts: list[str], *, length: int, cap: int = 50, near: float = 0.6, family: float = 0.15, least: int = 8,
    pass_shingles: int = 1 << 25,
) -> None:  # fmt: skip
    pairs, sizes = similar_pairs(
        pl.Series(texts, dtype=pl.String), shingle_words=length, max_shingle_documents=cap, near_duplicate=near,
        same_family=family, min_shared=least, pass_shingles=pass_shingles,
    )  # fmt: skip
    assert sizes.tolist() == [len(shingles(text, length)) for text in texts]
    assert pairs.rows() == expected(texts, length, cap, near, family, least)


@given(st.lists(st.text(FREE, max_size=60), max_size=6), st.integers(1, 3))
def test_any_text_has_the_shingles_that_python_finds(texts: list[str], length: int) -> None:
    check([*texts, *[text.upper() for text in texts]], length=length, near=0.01)


@given(st.lists(st.text(ALPHABET, max_size=60), max_size=6), st.integers(1, 3))
def test_odd_letters_marks_and_joints_are_read_as_python_reads_them(texts: list[str], length: int) -> None:
    check([*texts, *[text.swapcase() for text in texts]], length=length, near=0.01)


@pytest.mark.parametrize("text", ["x" * 31, "x" * 32, "x" * 33, "x" * 70, "Word" * 9 + "’s", "abcdefgh", "abcdefghi"])
@pytest.mark.parametrize("padding", [0, 1, 40, 100])
def test_words_of_any_length_are_the_same_wherever_they_stand(text: str, padding: int) -> None:
    """Long and late words go other ways through the kernel than short and early ones."""
    check([f"{text} {'.' * padding}", f"{'é ' * padding}{text.upper()}", f"{text}é", f"é{text}"], length=1, near=0.01)


@given(
    st.lists(st.lists(st.sampled_from("abcdef"), max_size=30).map(" ".join), max_size=12),
    st.integers(1, 5), st.integers(2, 6), st.sampled_from([0.2, 0.6, 1.0]), st.sampled_from([0.15, 0.5]), st.integers(1, 8),
)  # fmt: skip
def test_pairs_and_counts_are_those_of_a_plain_search(
    texts: list[str], length: int, cap: int, near: float, family: float, least: int
) -> None:
    check(texts, length=length, cap=cap, near=near, family=family, least=least)


@pytest.mark.parametrize("pass_shingles", [1 << 25, 5000, 700])
def test_many_documents_over_many_threads_buckets_and_passes(pass_shingles: int) -> None:
    draw = random.Random(1)
    phrases = [" ".join(draw.choices("abcdefghijklmnopqrstuvwxyz", k=12)) for _ in range(300)]
    texts = [" ".join(draw.choices(phrases, k=draw.randrange(1, 6))) for _ in range(600)]
    check(texts, length=5, cap=6, near=0.5, family=0.3, pass_shingles=pass_shingles)


@given(TEXTS, TEXTS)
def test_identical_finds_the_first_of_equal_texts(texts: list[str], more: list[str]) -> None:
    given_texts = [*texts, *more, *texts]
    first = identical(pl.Series(given_texts, dtype=pl.String))
    assert first.tolist() == [given_texts.index(text) for text in given_texts]


@given(st.integers(0, 200), st.integers(0, 200), st.characters(max_codepoint=127))
def test_texts_that_differ_in_one_byte_are_not_identical(size: int, at: int, other: str) -> None:
    text = "x" * size
    changed = text[:at] + other + text[at + 1 :]
    assert identical(pl.Series([text, changed])).tolist() == [0, int(text != changed)]


def test_slices_and_pieces_of_a_column_are_read_right() -> None:
    texts = pl.Series(["short", "a longer text than twelve bytes", "short", "a longer text than twelve bytes"])
    assert identical(texts[1:]).tolist() == [0, 1, 0]
    assert identical(texts.append(pl.Series(["short"]))[1:]).tolist() == [0, 1, 0, 1]


def test_nulls_and_other_types_are_refused() -> None:
    with pytest.raises(ValueError, match="1 nulls"):
        identical(pl.Series("text", ["a", None]))
    with pytest.raises(TypeError, match="reads strings"):
        identical(pl.Series("text", [1, 2]))


@given(st.integers(1, 12), st.data())
def test_only_one_that_stays_is_dropped_for(rows: int, data: st.DataObject) -> None:
    possible = [(one, other) for other in range(rows) for one in range(other)]
    pairs = [pair for pair in possible if data.draw(st.booleans())]
    better = keep_better(
        np.array([one for one, _ in pairs], np.uint32), np.array([other for _, other in pairs], np.uint32), rows
    ).tolist()
    dropped = {row for row in range(rows) if better[row] != row}
    assert all((better[row], row) in pairs and better[row] not in dropped for row in dropped)
    for one, other in pairs:
        assert one in dropped or other in dropped  # of a pair one goes
