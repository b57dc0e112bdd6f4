from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from twin_data.scoring.wording import held_as_often, in_order, wording

WORDS = st.lists(st.sampled_from("abcd"), max_size=9)


def slowly(one: list[str], other: list[str]) -> int:
    if not one or not other:
        return 0
    if one[0] == other[0]:
        return 1 + slowly(one[1:], other[1:])
    return max(slowly(one[1:], other), slowly(one, other[1:]))


@given(WORDS, WORDS)
def test_the_longest_common_subsequence(one: list[str], other: list[str]) -> None:
    assert in_order(one, other) == slowly(one, other)


def test_a_part_copied_loses_nothing_and_a_short_claim_most() -> None:
    evidence = "the ferry left at noon with the mail".split()
    assert wording("left at noon".split(), evidence, 2) == 1
    said = "a ferry of the noon".split()
    assert wording(said, evidence, 2) < wording(said, evidence, 8) < 1
    assert wording([], evidence, 1) == 0


def test_what_is_said_twice_is_held_twice_or_once() -> None:
    assert held_as_often(["pear", "wall", "pear", "sea"], ["wall", "pear"]) == [True, True, False, False]
    assert held_as_often(["pear", "pear"], ["pear", "pear"]) == [True, True]
