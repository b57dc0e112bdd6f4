from __future__ import annotations

from collections.abc import Callable

import pytest

from twin_data.contracts.documents import CorpusDocument
from twin_eval.exam.people import People
from twin_eval.exam.statements import statements
from twin_eval.exam.unanswerable import Unanswerable

Write = Callable[..., CorpusDocument]


def asked(write: Write, *paragraphs: str) -> set[str]:
    document = write(*paragraphs)
    maker = Unanswerable((document,), People((document.text,)))
    return {one.text for one in maker.questions(tuple(statements((document,))))}


def test_what_the_corpus_tells_of_a_person_is_not_asked(write: Write) -> None:
    found = asked(write, "Mr. Healy was born in Bantry in the year of the famine. Mr. Dillon kept the accounts.")
    assert "In which year was Mr. Dillon born?" not in found  # a birth stands too near to his name
    found = asked(
        write, "Mr. Healy was born in Bantry.", *["The gate was shut for the night again."] * 5, "Mr. Dillon wrote."
    )
    assert "In which year was Mr. Healy born?" not in found
    assert "In which year was Mr. Dillon born?" in found


def test_what_a_piece_tells_of_itself_is_not_asked(write: Write) -> None:
    gap = ["The gate was shut for the night again."] * 5
    text = ("It took me eleven days to write this.", *gap, "I got 400 pounds for it.", *gap, "Anna drew the plates.")
    document = write(*text, title="Green Ink Notes")
    other = write("The kettle is the only thing that never drifts.", name="blog/other.md", title="On Crates")
    third = write("We paid an illustrator.", "She read it aloud.", name="blog/third.md", title="Thirds")
    maker = Unanswerable((document, other, third), People((document.text, other.text, third.text)))
    found = {one.text for one in maker.questions(()) if one.pattern == "of_a_piece"}
    for question in (
        "How many days did it take you to write",
        "How much were you paid for",
        "Who drew the illustrations for",
    ):
        assert f"{question} “Green Ink Notes”?" not in found
        assert f"{question} “On Crates”?" in found
    assert "To whom did you read “Green Ink Notes” aloud first?" in found


@pytest.mark.parametrize(
    ("text", "template"),
    [
        ("The sermon was long.", "sermons of"),
        ("She wrote poems.", "poems of"),
        ("The publisher sold two editions.", "How many copies"),
        ("An editor read it.", "Which editor"),
    ],
)
def test_nothing_is_asked_that_is_not_of_the_corpus_s_world(write: Write, text: str, template: str) -> None:
    def found(*texts: str) -> bool:
        pieces = [write(one, name=f"blog/{at}.md", title=f"Parser {at}") for at, one in enumerate(texts)]
        questions = Unanswerable(pieces, People(texts)).questions(())
        return any(template in one.text for one in questions)

    assert found("We moved the parser to Rust.", text)
    assert not found("We moved the parser to Rust.")


def test_a_person_whom_the_corpus_leaves_nameless_is_asked_after(write: Write) -> None:
    found = asked(write, "I once met a retired keeper who painted the whole lower gate in one night.")
    assert "What was the name of the retired keeper who painted the whole lower gate in one night?" in found


def test_an_undated_deed_is_asked_about_and_a_dated_one_is_not(write: Write) -> None:
    question = "On which day of the week was it that you walked to the old mill alone?"
    assert question in asked(write, "I walked to the old mill alone.")
    assert question not in asked(write, "I walked to the old mill alone. It was a Tuesday in May.")


def test_invented_people_stand_nowhere_in_the_corpus(write: Write) -> None:
    found = asked(write, "The lamp of Tillyard burns above the gate at night.")
    assert not any("Tillyard" in one for one in found)
    assert any("Brackstone" in one for one in found)


def test_a_question_is_answered_by_a_sentence_with_all_of_its_words(write: Write) -> None:
    document = write("The winch of Cockle Gate was painted green by Mr. Healy.")
    maker = Unanswerable((document,), People((document.text,)))
    assert maker.is_answered("Who painted the winch green?")
    assert not maker.is_answered("Who painted the winch blue?")
