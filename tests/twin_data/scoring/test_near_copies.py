from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin_data.scoring.near_copies import near_copy
from twin_data.scoring.sentences import words

CRASH = "If we leave things as they are, there will almost certainly be a crash of confiscation."
TYRANTS = (
    "The old tyrants had enough insolence to despoil the poor, but they had not enough insolence to preach to them."
)
LATIN = "For eleven years, badly and with much shouting, he taught Latin to boys who would rather have had the measles."
PAGE = f"It was raining. {CRASH} {TYRANTS} {LATIN}"


@pytest.mark.parametrize(
    ("sentence", "source"),
    [
        ("If we leave things like they are, there will almost certainly be an crash of confiscation.", CRASH),
        ("The old tyrants had enough insolency to despoil the poor, but they had no insolence to preach to them.", TYRANTS),
        (f"{CRASH[:-1]}; it was raining.", f"It was raining. {CRASH}"),
        (CRASH, CRASH),
    ],
)  # fmt: skip
def test_what_exchanges_a_word_here_and_there_is_a_near_copy(sentence: str, source: str) -> None:
    found = near_copy(sentence, PAGE)
    assert found is not None and found.of(PAGE) in source


@pytest.mark.parametrize(
    "sentence",
    [
        "For eleven years he taught Latin to boys who would have had the measles.",  # in fewer words
        "Leave everything alone, and confiscation will follow with a crash that nobody can then prevent.",
        "The tyrants of old robbed the poor; they did not also lecture the people whom they were robbing.",
        "There will be a crash.",  # too short to tell
    ],
)
def test_what_says_it_in_fewer_words_or_others_is_none(sentence: str) -> None:
    assert near_copy(sentence, PAGE) is None


@given(st.integers(0, 17), st.sampled_from(["eels", "the", "quite", "Marguerite"]))
def test_a_word_exchanged_anywhere_changes_nothing(at: int, other: str) -> None:
    spoken = words(TYRANTS)
    spoken[at] = other
    found = near_copy(" ".join(spoken) + ".", PAGE)
    assert found is not None and found.of(PAGE) == TYRANTS


@given(st.text(max_size=200), st.text(max_size=400))
def test_any_two_texts_can_be_held_together(sentence: str, text: str) -> None:
    found = near_copy(sentence, text)
    assert found is None or found.of(text)
