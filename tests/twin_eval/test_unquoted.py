from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin_data.scoring.sentences import words
from twin_eval.prose import without_sources
from twin_eval.records import Answer
from twin_eval.unquoted import SAMPLE_WORDS, own_draft, own_sentences, pooled, unquoted


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("He said “never again”, and left.", "He said, and left."),
        ('He said "never again" and left.', "He said and left."),
        ("He said ‘never again’ and left.", "He said and left."),
        ("Il dit « jamais » et partit.", "Il dit et partit."),
        ("The eels' oars, and Ada’s, weren’t 'ere.", "The eels' oars, and Ada’s, weren’t 'ere."),
        ("First.\n> quoted of others\nLast.", "First.\nLast."),
        ("“Two paragraphs\n\nof it.” Then mine.", "Then mine."),
        ("A mark “never closed. Mine all the same.", "A mark “never closed. Mine all the same."),
        ("“All quoted.”", ""),
    ],
)
def test_quotations_go_and_the_rest_stays(text: str, bare: str) -> None:
    assert unquoted(text) == bare


def sentence(text: str, outcome: str, reason: str = "") -> dict[str, object]:
    return {"text": text, "outcome": outcome, "support": 0.5, "reason": reason}


def test_only_what_the_twin_worded_and_shipped_is_its_own(make_answer: Callable[..., Answer]) -> None:
    answer = make_answer(
        sentences=[
            sentence("Mine and supported, “as they say”. [1]", "supported"),
            sentence("Mine, unchecked.", "unchecked"),
            sentence("Mine, and marked.", "unsupported"),
            sentence("I am a twin of Ada.", "unchecked", "disclosure"),
            sentence("The persona's words.", "quoted"),
            sentence("Never shipped.", "dropped"),
        ]
    )
    assert own_sentences(answer) == ("Mine and supported,.", "Mine, unchecked.", "Mine, and marked.")


def test_a_refusal_has_no_words_of_its_own(make_answer: Callable[..., Answer]) -> None:
    declined = make_answer("I would rather not.", outcome="declined", sentences=[sentence("No.", "unchecked")])
    assert own_sentences(declined) == ()
    assert own_draft(declined) == ""


def test_a_draft_keeps_its_paragraphs_and_loses_its_sources(make_answer: Callable[..., Answer]) -> None:
    content = "The tide turned. [1]\n\nIt said “no” to us.\n\nSources:\n[1] Tides"
    assert own_draft(make_answer(content)) == "The tide turned.\n\nIt said to us."


@given(st.lists(st.integers(1, 80), max_size=30))
def test_samples_hold_every_sentence_in_order_and_are_long_enough(lengths: list[int]) -> None:
    sentences = [" ".join([f"w{at}"] * length) for at, length in enumerate(lengths)]
    samples = pooled(sentences)
    assert " ".join(samples) == " ".join(sentences)
    counts = [len(words(sample)) for sample in samples]
    if sum(lengths) >= SAMPLE_WORDS:
        assert min(counts) >= SAMPLE_WORDS
    else:
        assert len(samples) <= 1


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        ("It holds.\n\nSources:\n[1] On ropes", "It holds."),
        ("Sources:\n[1] On ropes", ""),
        ("It holds.\n[1] On ropes\n[2] On lamps", "It holds."),
        ("[1] On ropes, which hold.", "[1] On ropes, which hold."),
        ("It holds.\n[3] is no number of mine", "It holds.\n[3] is no number of mine"),
        ("\n" * 100_000, "\n" * 100_000),
    ],
    ids=[
        "a heading",
        "nothing above",
        "an item",
        "an item on top",
        "another's number",
        "what a model repeats for ever",
    ],
)
def test_an_answer_ends_where_its_list_of_sources_begins(answer: str, body: str) -> None:
    assert without_sources(answer, {1, 2}) == body
