from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin_data.scoring.sentences import is_whole, sentence_spans
from twin_serve.answering.drafts import DraftSentence, sentences_of, tidy_sentence, tidy_written, wider

words = st.sampled_from(
    ["We", "drained", "the", "lock.", "Dr.", "Lunn", "paid", "3.50", "i.e.", "in", "J.", "“Why?”", "she", "asked!", "...",
     "No.", "7", "p.m.", "(See", "[2].)", "\n\n", "\n", "-", "Eels…", "31."]
)  # fmt: skip
texts = st.lists(words, max_size=25).map(" ".join)


async def pieces(text: str, cuts: list[int]) -> AsyncIterator[str]:
    at = 0
    for cut in sorted({cut % (len(text) + 1) for cut in cuts}):
        yield text[at:cut]
        at = cut
    yield text[at:]


@given(texts, st.lists(st.integers(0, 500), max_size=12))
async def test_however_a_text_is_cut_its_sentences_are_the_same(text: str, cuts: list[int]) -> None:
    found = [sentence async for sentence in sentences_of(pieces(text, cuts))]
    assert [one.text for one in found] == [span.of(text) for span in sentence_spans(text)]
    assert found == [sentence async for sentence in sentences_of(pieces(text, []))]


@given(st.text("aB. !?\n“”\"'1([…-", max_size=40), st.lists(st.integers(0, 100), max_size=8))
async def test_so_are_those_of_any_text(text: str, cuts: list[int]) -> None:
    found = [sentence async for sentence in sentences_of(pieces(text, cuts))]
    assert [one.text for one in found] == [span.of(text) for span in sentence_spans(text)]
    assert found == [sentence async for sentence in sentences_of(pieces(text, []))]


async def test_a_sentence_is_out_as_soon_as_the_next_begins() -> None:
    taken: list[str] = []

    async def slowly() -> AsyncIterator[str]:
        for word in ("One", " two.", " Three"):
            yield word
            taken.append(word)

    stream = sentences_of(slowly())
    assert await anext(stream) == DraftSentence("One two.", "")
    assert taken == ["One", " two."]
    await stream.aclose()


@pytest.mark.parametrize(
    ("sentence", "tidied"),
    [
        ("We drained it [1].", "We drained it."),
        ("We drained it [1][12].", "We drained it."),
        ("[2] We drained it.", "We drained it."),
        ("Answer: We drained it.", "We drained it."),
        ("The answer: The answer is: We drained it.", "We drained it."),
        ("The answer is that we drained it.", "The answer is that we drained it."),
        ("1. We drained it (2).", "We drained it."),
        ("- We drained it.", "We drained it."),
        ("2). We drained it.", "We drained it."),
        ("**We drained it.**", "We drained it."),
        ("II: The Umbrella Stand\nYet it was drained.", "Yet it was drained."),
        ("The Long Wall (3 March 1911)\nYet it was drained.", "Yet it was drained."),
        ("He did so (twice.)\nWe drained it.", "He did so (twice.)\nWe drained it."),
        ("#harbour: We drained it.", "We drained it."),
        ("(3 March 1911): We drained it.", "We drained it."),
        ("3 March 1911: We drained it.", "We drained it."),
        ("1911-03-03: We drained it.", "We drained it."),
        ("The plan: we drained it.", "The plan: we drained it."),
        ("It had two doors:\n- one of oak.", "It had two doors:\n- one of oak."),
        ("He said so.\nWe drained it.", "He said so.\nWe drained it."),
        ("The byelaw (1958) says so (1958).", "The byelaw (1958) says so (1958)."),
        ("1958. That was it.", "1958. That was it."),
        ("[3]", ""),
        ("Answer:", ""),
        ("", ""),
    ],
)
def test_what_models_put_around_a_sentence_goes(sentence: str, tidied: str) -> None:
    assert tidy_sentence(sentence) == tidied


async def test_lines_and_paragraphs_are_kept() -> None:
    text = "A title\n\nWe drained it.  It was wet.\nThe end came. \n \nMore."
    found = [(one.gap, one.text) async for one in sentences_of(pieces(text, [9, 20, 25, 41]))]
    assert found == [
        ("", "A title"),
        ("\n\n", "We drained it."),
        (" ", "It was wet."),
        ("\n", "The end came."),
        ("\n\n", "More."),
    ]


def test_the_wider_gap_wins() -> None:
    assert [wider("", " "), wider("\n\n", " "), wider(" ", "\n"), wider("", "")] == [" ", "\n\n", "\n", ""]


@pytest.mark.parametrize(
    ("sentence", "tidied"),
    [
        ("- An item [2].", "- An item."),
        ("Answer: We drained it.", "We drained it."),
        ("**Bold** words.", "**Bold** words."),
        ("[1]", ""),
    ],
)
def test_a_written_text_keeps_its_lists_and_its_emphasis(sentence: str, tidied: str) -> None:
    assert tidy_written(sentence) == tidied


@pytest.mark.parametrize(
    ("sentence", "whole"),
    [("We did.", True), ("“Why?”", True), ("We did (so!)", True), ("We and", False), ("3.5 m", False)],
)
def test_a_cut_sentence_has_no_end(sentence: str, whole: bool) -> None:
    assert is_whole(sentence) is whole
