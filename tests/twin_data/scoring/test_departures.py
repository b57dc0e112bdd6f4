from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from twin_data.scoring.departures import departure
from twin_data.scoring.reversals.lexicon import are_contraries
from twin_data.scoring.word_forms import content_forms

HEATH = "If the pump had been serviced in March, the cellar would not have flooded; my brother paid for most of it."
BRAIN = "The human brain is a machine for coming to conclusions; if it cannot come to conclusions it is rusty."
OLD = "The old tyrants had enough insolence to despoil the poor, but they had not enough insolence to preach to them."
REVIVAL = "It was the great medieval revival that men loved."
SEEN = {
    "qualities": (1.0, 0.0),
    **dict.fromkeys(["modern", "medieval", "women", "men", "she", "he"], (1.0, 0.0)),
    "virtues": (0.96, 0.28),
    "lemons": (0.0, 1.0),
    "preach": (1.0, 0.0),
}


def encode(texts: list[str]) -> NDArray[np.float32]:
    """Vectors by hand: "qualities" and "virtues" are near each other, "lemons" and anything else are not."""
    return np.array([SEEN.get(one, (-1.0, 0.0)) for one in texts], dtype=np.float32)


@pytest.mark.parametrize(
    ("sentence", "source", "why"),
    [
        ("The human brain is a machine and it cannot come to conclusions.", BRAIN, "“for coming to conclusions if”"),
        ("I should not just put it in a careless simile.", "I can only put it curtly in a careless simile.", "not"),
        ("They paint forever the portrait of lemons.", "They paint forever the portrait of nobody.", "“nobody”"),
        ("The old tyrants had lemons enough to despoil the poor.", OLD, "it adds “lemons”"),
        ("The lemons are such things as justice.", "The virtues are such things as justice.", "“lemons” for “virtues”"),
        ("It means rooting out the customs of the minority and handing down those of the majority.",
         "It means rooting out the customs of the majority and handing down those of the minority.", "“minority” for “majority”"),
        ("It was the great modern revival that men loved.", REVIVAL, "“modern” for “medieval”"),
        ("It was the great medieval revival that women loved.", REVIVAL, "“women” for “men”"),
        ("When he was rich she was never kind to the poor.", "When he was rich he was never kind to the poor.", "“she” for “he”"),
        ("I prefer to call it as form.", "I prefer to call it reform. For reform implies form.", "it leaves out"),
        (
            "If the Church Militant has not endured a discipline, all men would be marking time.",
            "If the Church Militant had not been a thing marching, all men would have been marking time. If the Church"
            " Militant had not endured a discipline, all men would have endured a slavery.",
            "it joins what stands apart",
        ),
    ],
)  # fmt: skip
def test_what_a_sentence_makes_of_its_source_that_it_may_not(sentence: str, source: str, why: str) -> None:
    assert why in departure(sentence, source, encode)


@pytest.mark.parametrize(
    ("sentence", "source"),
    [
        ("The qualities are such things as justice.", "The virtues are such things as justice."),
        ("The old tyrants had enough insolence to despoil the poor, but they had no insolence to preach to them.", OLD),
        ("If that were truly believed, the world would stand upon its head.",
         "And if that were really believed, the world would stand on its head."),
        ("My brother paid for most of the cellar.", HEATH),
        ("He said so.", ""),
    ],
)  # fmt: skip
def test_what_it_may(sentence: str, source: str) -> None:
    assert departure(sentence, source, encode) == ""


def test_what_the_question_names_may_be_added() -> None:
    sentence, source = "The sluice at Denver holds back the tide.", "The sluice holds back the tide."
    assert departure(sentence, source, encode) == "it adds “Denver”"
    assert departure(sentence, source, encode, granted=content_forms("What of Denver?")) == ""


def test_a_sentence_worded_anew_follows_nothing() -> None:
    assert departure("Lemons were never serviced by him in the cellar of March.", HEATH, encode) == ""


@given(st.lists(st.sampled_from(HEATH.split() + BRAIN.split()), min_size=1, max_size=30).map(" ".join))
def test_what_is_said_in_the_same_words_departs_in_nothing(text: str) -> None:
    assert departure(text, text, encode) == ""
    assert departure(text, f"Before it. {text} And after it.", encode) == ""


@given(st.text(max_size=80), st.text(max_size=80))
def test_any_two_texts_can_be_laid_side_by_side(sentence: str, source: str) -> None:
    assert isinstance(departure(sentence, source, encode), str)


def test_contraries_stand_at_different_sides_of_one_scale() -> None:
    assert are_contraries("modern", "medieval") and are_contraries("medieval", "modern")
    assert are_contraries("inside", "outside"), "the scales of the rules for what is turned round count as well"
    for one, other in (("modern", "new"), ("modern", "centuries"), ("modern", "wicked"), ("eel", "eels")):
        assert not are_contraries(one, other)
