from __future__ import annotations

import pytest

from twin_data.contracts.answers import Question, Turn, TwinOptions
from twin_serve.answering.query import BORROWED_CHARACTERS, search_query

HISTORY = (Turn(role="user", content="Who drained Gate 7?"), Turn(role="assistant", content="I did."))


@pytest.mark.parametrize(
    "text", ["And when was that?", "Why?", "What about the bath?", "Tell me more.", "How big was it?"]
)
def test_a_question_that_points_back_is_searched_with_the_last_one(text: str) -> None:
    assert search_query(Question(text=text, history=HISTORY)) == f"Who drained Gate 7? {text}"


@pytest.mark.parametrize(
    "text", ["Who owns the museum?", "When did it happen that the clocks at Marl stood apart in spring?"]
)
def test_a_question_that_stands_alone_is_searched_alone(text: str) -> None:
    assert search_query(Question(text=text, history=HISTORY)) == text


def test_of_a_long_question_before_only_the_end_is_borrowed() -> None:
    long = (Turn(role="user", content=f"{'eel ' * 900_000}Who drained Gate 7?"),)
    query = search_query(Question(text="And why?", history=long))
    assert query.endswith("Who drained Gate 7? And why?") and len(query) == BORROWED_CHARACTERS + len(" And why?")


def test_the_first_question_is_searched_as_it_is() -> None:
    assert search_query(Question(text="And when was that?")) == "And when was that?"
    assert search_query(Question(text="Why?", history=HISTORY[1:])) == "Why?"


@pytest.mark.parametrize(
    ("brief", "subject"),
    [
        ("Write a short post about the eels of Gate 7", "the eels of Gate 7"),
        ("Write a post: the eels of Gate 7", "the eels of Gate 7"),
        ("A piece, please, on locks", "please, on locks"),
        (
            "Draft a reply to Ruth, who asks why the leaf is wound by hand",
            "Ruth, who asks why the leaf is wound by hand",
        ),
        ("the two clocks", "the two clocks"),
        ("Write a post", "Write a post"),
    ],
)
def test_of_a_brief_the_subject_is_searched(brief: str, subject: str) -> None:
    assert search_query(Question(text=brief, options=TwinOptions(mode="write"))) == subject
    assert search_query(Question(text=brief)) == brief
