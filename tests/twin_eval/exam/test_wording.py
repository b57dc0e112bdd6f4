"""Each pattern on a sentence that it is for, and on one that it must leave alone."""

from __future__ import annotations

import pytest

from twin_data.generate.phrases import PhraseFinder
from twin_data.scoring.weights import term_weights
from twin_eval.exam.grammar import Grammar
from twin_eval.exam.people import People
from twin_eval.exam.wording import worded

CORPUS = (
    "Mr. Healy said that nobody waits. Mr. Shaw wrote plays. The gate is slow. The poetry of gates is old. Men trust men. "
    "A bigotry of clocks. The poetry was loud; the bigotry was not. In London the gauge was wet.",
)


@pytest.fixture(scope="module")
def grammar() -> Grammar:
    return Grammar(PhraseFinder(CORPUS, term_weights(CORPUS)), People(CORPUS))


@pytest.mark.parametrize(
    ("sentence", "question", "answer"),
    [
        (
            "The gate is slow because the lead counterweight was stolen.",
            "Why is it that the gate is slow?",
            "the lead counterweight was stolen",
        ),
        (
            "Bigotry is the anger of men who have no opinions.",
            "What is bigotry?",
            "the anger of men who have no opinions",
        ),
        (
            "Poetry was not the disease, but the medicine.",
            "What, if not the disease, was poetry?",
            "the medicine",
        ),
        ("The creed is like a key in three respects.", "To what do you liken the creed?", "a key in three respects"),
        ("The pamphlet was called Beer and Bible.", "What was the pamphlet called?", "Beer and Bible"),
        (
            "There are fourteen gates on the whole river.",
            "How many gates on the whole river do you say there are?",
            "fourteen",
        ),
        (
            "The railway took the gates over in 1863.",
            "In which year was it that the railway took the gates over?",
            "1863",
        ),
        (
            "I'd deleted the old comment in December.",
            "In which month was it that you'd deleted the old comment?",
            "December",
        ),
        (
            "Mr. Healy summed up the whole of nationality in one phrase.",
            "Who summed up the whole of nationality in one phrase?",
            "Mr. Healy",
        ),
        (
            "My objection to the network is that nobody can inspect it.",
            "What is your objection to the network?",
            "that nobody can inspect it",
        ),
        ("I prefer a wet rope to a dry theory.", "What do you prefer to a dry theory?", "a wet rope"),
        (
            "When the tide turns at night, the old gate shuts without a keeper.",
            "What happens, as you see it, when the tide turns at night?",
            "the old gate shuts without a keeper",
        ),
        (
            "The only instrument that never drifts is the kettle of the keeper.",
            "What, by your account, is the only instrument that never drifts?",
            "the kettle of the keeper",
        ),
    ],
)
def test_a_pattern_asks_for_the_stretch_that_answers(
    grammar: Grammar, sentence: str, question: str, answer: str
) -> None:
    made = {one.text: one.answer for one in worded(sentence, grammar)}
    assert made.get(question) == answer


@pytest.mark.parametrize(
    "sentence",
    [
        "The gate is slow not because it is old but because nobody oils the hinges.",
        "He is the only man who ever understood the gate.",
        "This is the whole of the matter between the two keepers.",
        "You are the oldest keeper on the river.",
        "Hydraulic rams, fitted in 1996, do the walking.",
        "The difference is that nobody can see the gauge at night.",
        "I will report again from the harbour in July.",
        "Issues get read on Mondays and Fridays.",
        "The truth is that financiers are a danger because they are sentimental.",
        "My instinct tells me that my head is an organ for burrowing in the mud.",
        "The keeper thinks that the gate is a friend of the river.",
        "The old gate still is the pride of the whole harbour town.",
    ],
)
def test_a_sentence_that_leaves_doubt_is_not_asked_about(grammar: Grammar, sentence: str) -> None:
    assert worded(sentence, grammar) == []


@pytest.mark.parametrize(
    ("sentence", "question"),
    [
        ("Mr. Healy wrote the slow harbour lexer and Mr. Shaw reviewed it.", "Who wrote the slow harbour lexer?"),
        ("Mr. Healy mended the slow lower gate and I greased it.", "Who mended the slow lower gate?"),
        ("Mr. Healy met Mr. Shaw and Mr. Dillon at the gate.", "Who met Mr. Shaw and Mr. Dillon at the gate?"),
        ("My sister Joana gets married on 4 June 2024.", "On which day is it that your sister Joana gets married?"),
        ("The gate was opened on 4 June 2024 by nobody.", None),
        ("The old gate was mended by men on 4 June 2024.", "On which day was it that the old gate was mended by men?"),
    ],
)
def test_one_deed_of_its_own_time_is_asked_about(grammar: Grammar, sentence: str, question: str | None) -> None:
    assert [one.text for one in worded(sentence, grammar) if one.pattern.startswith(("who", "when"))] == (
        [question] if question else []
    )
