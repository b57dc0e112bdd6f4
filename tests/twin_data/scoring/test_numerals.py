from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin_data.scoring.numerals import held_numbers, numbers
from twin_data.scoring.support import numbers as numbers_of_support


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.0, 20.00 and 100.0", {"10", "20", "100"}),
        ("5.83 of 5.80", {"5.83", "5.80"}),
        ("1,310 and £212,000.50", {"1310", "212000.50"}),
        ("7,8,9 and 1,2,3", {"7", "8", "9", "1", "2", "3"}),
        ("version 3.10, not 3.1, nor 1.2.0", {"3.10", "3.1", "1.2.0"}),
        ("on 2021-03-07 at 07:05", {"2021", "3", "7", "07:05"}),
        ("seven, thirteen and forty", {"7", "13", "40"}),
        ("forty-five minutes, twenty one turns", {"45", "21"}),
        ("the twenty-first, thirty-second", {"21", "32"}),
        ("the second, thirty seconds", {"30"}),
        ("two hundred and twelve thousand", {"212000"}),
        ("one hundred and five thousand, two hundred and six", {"105000", "206"}),
        ("a hundred, three hundred, a million", {"100", "300", "1000000"}),
        ("1.3 million and 212 thousand", {"1300000", "212000"}),
        ("two, three and four; five six", {"2", "3", "4", "5", "6"}),
        ("nineteen sixty-one", {"19", "61"}),
        ("one of them, the one and only, one two years old", {"2"}),
        ("1 of them", {"1"}),
        ("1.0, 01 and $1", {"1"}),
        ("one year, twenty-one days", {"1", "21"}),
        ("a one-day trip", {"1"}),
        ("One per cent of it", {"1"}),
        ("one million, one hundred and one", {"1000000", "101"}),
        ("zero, 0.0 and 0.5", {"0", "0.5"}),
        ("often, weigh, tense, stone", set()),
    ],
)
def test_the_common_form(text: str, expected: set[str]) -> None:
    assert numbers(text) == expected


UNITS = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
SMALL = [*UNITS.split(), "seventeen", "eighteen", "nineteen"]
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()


def spelled(value: int) -> str:
    for scale, name in ((10**6, "million"), (1000, "thousand"), (100, "hundred")):
        if value >= scale:
            rest = value % scale
            joint = "" if not rest else (" and " if rest < 100 else " ")
            return f"{spelled(value // scale)} {name}{joint}{spelled(rest) if rest else ''}"
    if value < 20:
        return SMALL[value]
    tens = TENS[value // 10 - 2]
    return f"{tens}-{SMALL[value % 10]}" if value % 10 else tens


@given(st.integers(2, 10**9 - 1))
def test_words_and_digits_agree(value: int) -> None:
    assert numbers(f"about {spelled(value)} of them") == numbers(f"about {value:,} of them") == {str(value)}


def test_any_one_of_a_text_bears_out_a_figure() -> None:
    assert held_numbers("one of them, and seven") == {"1", "7"}
    assert held_numbers("a year, once, the first of 21") == {"21"}


def test_support_offers_the_same() -> None:
    assert numbers_of_support is numbers
