from __future__ import annotations

import pytest

from twin_data.contracts.evaluation import KeyFact
from twin_data.scoring.weights import term_weights
from twin_eval.exam.facts import are_sound, chosen_facts

WEIGHTS = term_weights([*["The gate of the river was shut by a keeper."] * 8, "A windlass needs grease."])


def essential(question: str, answer: str) -> list[str]:
    return [one.text for one in chosen_facts(question, answer, WEIGHTS) if one.essential]


@pytest.mark.parametrize(
    ("answer", "facts"),
    [
        ("a windlass by the river", ["windlass"]),
        ("97 seconds of the river", ["97"]),
        ("ten of the river", ["ten"]),
        ("the pre-Christian river", ["pre-Christian"]),
        ("on the 5th by a keeper", ["5th"]),
        ("merely the whole river", []),
        ("the gate", []),
        ("a tool of the river", []),
        ("the language of that year", []),
        ("a language named Rust", ["Rust"]),
        ("a tool for the windlass", ["windlass"]),
    ],
)
def test_the_words_that_tell_most_are_facts_whole(answer: str, facts: list[str]) -> None:
    assert essential("What is shut?", answer) == facts


def test_what_the_question_says_is_no_fact() -> None:
    assert essential("What of the windlass?", "a windlass in grease") == ["grease"]


@pytest.mark.parametrize(
    ("fact", "is_sound"), [("windlass", True), ("gate", False), ("capstan", False), ("Windlass", False), ("—", False)]
)
def test_a_fact_stands_to_the_letter_in_the_quote_and_not_in_the_question(fact: str, is_sound: bool) -> None:
    facts = (KeyFact(text=fact, essential=True),)
    assert are_sound(facts, "What shuts the gate?", "A windlass shuts the gate.") is is_sound


def test_without_an_essential_fact_nothing_is_sound() -> None:
    assert not are_sound((KeyFact(text="windlass", essential=False),), "What is it?", "A windlass shuts the gate.")
