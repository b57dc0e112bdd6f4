"""What is written short is written out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin_data.scoring.plain_words import in_figures, numbered, without_contractions


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("I don’t, I can't, I won't.", "I do not, I can not, I will not."),
        ("We'll see what she's got; they're out.", "We will see what she is got; they are out."),
        ("I'd go, but I'd gone.", "I would go, but I had gone."),
        ("Anna's dog at five o'clock", "Anna's dog at five o'clock"),
    ],
)
def test_contractions(text: str, plain: str) -> None:
    assert without_contractions(text) == plain


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("£1,400 on June 4th, 2016", "1,400 pounds on 4 June, 2016"),
        ("June 2016 at 5%", "June 2016 at 5 percent"),
        ("forty-five boats, twice", "45 boats, 2 times"),
        ("No. 9 has no end.", "number 9 has no end."),
        ("It rose.", "It rose."),
    ],
)
def test_figures(text: str, plain: str) -> None:
    assert in_figures(text) == plain


def test_numbers_of_houses_deny_nothing() -> None:
    assert numbered("No. 9, No.") == "number 9, No."


@given(st.text(max_size=80))
def test_writing_out_twice_is_writing_out_once(text: str) -> None:
    once = without_contractions(text)
    assert without_contractions(once) == once
