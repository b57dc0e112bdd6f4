"""Questions and briefs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from twin_data.contracts.documents import DocumentKind
from twin_data.contracts.evaluation import HeldOutQuestion
from twin_data.generate.asking import (
    NUMBER_TEMPLATES,
    QUESTION_TEMPLATES,
    SUBJECT_TEMPLATES,
    TWO_PHRASE_TEMPLATES,
    Questioner,
    shown_title,
)
from twin_data.generate.briefs import BRIEF_TEMPLATES, briefs
from twin_data.generate.candidates import Candidate, answer_candidates
from twin_data.generate.material import Material
from twin_data.generate.phrases import Phrase, PhraseFinder


@pytest.fixture(scope="module")
def finder(material: Material) -> PhraseFinder:
    return PhraseFinder([material.chunks[at].text for at in material.trainable], material.weights)


@pytest.mark.parametrize(
    ("sentence", "question"),
    [
        ("When the tide turns, the gate shuts.", "What happens when the tide turns?"),
        ("When I came down, the gate was shut.", "What happened when you came down?"),
        ("If my clock stops, the gate stays shut.", "What if your clock stops?"),
        ("We keep the ledger because the program forgets.", "Why is it that you keep the ledger?"),
        ("The gain was a third of a centimetre.", "What was the gain?"),
        ("Slack water is the quarter of an hour when nothing pulls.", "What is Slack water?"),
    ],
)
def test_sentences_become_questions(sentence: str, question: str, finder: PhraseFinder, material: Material) -> None:
    asked = Questioner(finder).questions(sentence, material.chunks[0])
    assert question.casefold() in [one.text.casefold() for one in asked]


@pytest.mark.parametrize("sentence", ["The third is that I like the pump.", "The last was a pump of great age."])
def test_one_of_several_is_not_asked_about(sentence: str, finder: PhraseFinder, material: Material) -> None:
    asked = Questioner(finder).questions(sentence, material.chunks[0])
    assert not [one.text for one in asked if one.template in SUBJECT_TEMPLATES]


def test_an_answer_must_name_all_that_it_is_asked_for(finder: PhraseFinder, material: Material) -> None:
    """Both phrases of a question about two, and the number where one is asked for."""
    sentence = "Cornelius had twelve goats when the gauge at Cockle Gate stood above the wall."
    asked = Questioner(finder).questions(sentence, material.chunks[0])
    numbers = [one for one in asked if one.template in NUMBER_TEMPLATES]
    assert numbers and all("twelve goats" in one.phrases for one in numbers)
    pairs = [one for one in asked if one.template in TWO_PHRASE_TEMPLATES]
    assert pairs and all(len(one.phrases) == 2 for one in pairs)
    assert all(phrase.casefold() in one.text.casefold() for one in pairs for phrase in one.phrases)


def test_an_answer_without_the_second_phrase_is_none(
    finder: PhraseFinder, small_material: Callable[..., Material]
) -> None:
    said = "Cornelius, who stood at Cockle Gate all night, was fond of a pump that coughs when the tide turns."
    own = small_material({"notes/a.md": [said]})
    found = answer_candidates(own, Questioner(finder), max_words=46, max_chunks=9, seed=0)
    shorter = [one for one in found if isinstance(one, Candidate) and "Cockle" not in one.response]
    assert shorter and not any("Cockle" in asked.text for one in shorter for asked in one.asked)


def test_phrases_are_names_and_nouns(finder: PhraseFinder) -> None:
    found = [one.text for one in finder.phrases("I rang Cornelius when the gauge at Cockle Gate stood above the wall.")]
    assert {"Cornelius", "Cockle Gate", "the gauge"} <= set(found)


def test_what_is_said_of_a_noun_is_no_part_of_the_phrase(small_material: Callable[..., Material]) -> None:
    text = "The pound fell. I saw the pound in the rain. The pound fell. They kept the chimney safe. I like the stone wall."
    own = small_material({"notes/a.md": [text, "The stone wall stood. The wall of the chimney was safe."]})
    finder = PhraseFinder([one.text for one in own.chunks], own.weights)
    found = {one.bare for sentence in (text, "The pound fell.") for one in finder.phrases(sentence)}
    assert "stone wall" in found and not found & {"pound fell", "chimney safe"}


def test_what_that_says_of_a_noun_is_no_noun(small_material: Callable[..., Material]) -> None:
    text = (
        "The wind that blew was warm. The wind that blew over the sea, it was cold. I like that wind. Hours that ought."
    )
    own = small_material({"notes/a.md": [text]})
    finder = PhraseFinder([one.text for one in own.chunks], own.weights)
    assert not finder.ends_phrases("blew") and not {one.bare for one in finder.phrases(text)} & {"blew", "ought"}


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        ("Our life is like a Cockle Confederacy.", {"a Cockle Confederacy"}),
        ("The keeper has faced its Cockle Valley.", set()),
        ("I met my Aunt Cornelia at the gate.", {"your Aunt Cornelia"}),
        ("They sang of the Day A-Breaking.", set()),
    ],
)
def test_names_keep_what_stands_before_them(sentence: str, shown: set[str], finder: PhraseFinder) -> None:
    assert {one.text for one in finder.phrases(sentence) if one.is_name and "Day" not in one.text} == shown


def test_several_are_not_asked_about_as_one(finder: PhraseFinder, material: Material) -> None:
    asked = [Questioner(finder).questions("I wound the clocks at nine.", material.chunks[0], turn=n) for n in range(30)]
    assert not any(one.template == "matter" and "clocks" in one.text for each in asked for one in each)


def test_days_and_vague_words_are_no_phrases(finder: PhraseFinder) -> None:
    assert finder.phrases("It happened on a Tuesday in the way of things, at the end of the day.") == []


def test_no_two_wordings_share_a_name() -> None:
    assert len({*QUESTION_TEMPLATES, *BRIEF_TEMPLATES}) == len(QUESTION_TEMPLATES) + len(BRIEF_TEMPLATES)


@pytest.mark.parametrize(
    ("kind", "title", "wanted"),
    [
        (DocumentKind.ARTICLE, "IV: Mr. Bernard Shaw", "Mr. Bernard Shaw"),
        (DocumentKind.REVIEW, "saltmarket/eddy#12: eddy/append.py", ""),
        (DocumentKind.ARTICLE, "Why", ""),
        (DocumentKind.ARTICLE, "205 0", ""),
    ],
)
def test_titles_are_shown_as_a_reader_would_name_them(kind: DocumentKind, title: str, wanted: str) -> None:
    assert shown_title(kind, title) == wanted


def test_briefs_use_only_what_they_have() -> None:
    made = briefs(DocumentKind.MAIL, "", [Phrase("the gauge", "gauge", 1.0, False)], 0)
    assert made and all("{" not in one.text and "“”" not in one.text for one in made)
    assert any(one.text == "Write a mail about the gauge." for one in made)


def test_nobody_asks_for_a_message_that_describes_something_to_readers() -> None:
    phrases = [Phrase(f"the {word}", word, 1.0, False) for word in ("gauge", "pump", "lamp")]
    asked = {kind: {one.template for one in briefs(kind, "On pumps", phrases, 0)} for kind in DocumentKind}
    for_readers = {"describe", "tell_readers", "never_heard", "account"}
    assert for_readers < asked[DocumentKind.ARTICLE] and for_readers < asked[DocumentKind.TRANSCRIPT]
    assert not any(for_readers & asked[kind] for kind in (DocumentKind.MAIL, DocumentKind.CHAT, DocumentKind.REVIEW))


def test_held_out_questions_are_recognised_in_other_words(
    small_material: Callable[..., Material], questions: tuple[HeldOutQuestion, ...]
) -> None:
    held = small_material({"a/a.md": ["The gate is shut."]}, questions=tuple(one.question for one in questions))
    assert held.repeats_held_out_question("What did you write back, word for word, to Halcyon Berths?")
    assert not held.repeats_held_out_question("What did you say about the gauge?")


def test_a_short_held_out_question_is_recognised_inside_a_longer_one(
    small_material: Callable[..., Material],
) -> None:
    held = small_material({"a/a.md": ["The gate is shut."]}, questions=("What is an obvious joke?",))
    assert held.repeats_held_out_question("In “Gates”, what is an obvious joke?")
    assert not held.repeats_held_out_question("What is the joke that no keeper ever told at the lower gate?")
