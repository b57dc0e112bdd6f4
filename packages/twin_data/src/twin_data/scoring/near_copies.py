"""Sentences that copy but for a word here and there: "an crash", "like they are" for "a crash", "as they are".

A model that may not write eight words in a row as they stand exchanges one in seven and goes on copying. Such a
sentence is no wording of its own, and where it departs from its source it is halting or wrong (decision 56). What says
the same in fewer words, or in others, is left alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from twin_data.contracts.base import Span
from twin_data.scoring.copies import COPIED_WORDS
from twin_data.scoring.sentences import sentence_spans, words
from twin_data.scoring.side_by_side import lay_beside
from twin_data.scoring.word_forms import form

NEARLY_ALL = 0.8
"""Share of a sentence's words that stand in its source in the same order from which it is a near copy."""
AS_LONG = 1.25
"""A source more than so many times as long has been shortened, not copied."""


def near_copy(sentence: str, text: str) -> Span | None:
    """The one or two sentences of a text that a sentence copies but for a word here and there; None if none.

    A sentence shorter than `COPIED_WORDS` words may be written twice by chance.
    """
    said = words(sentence)
    if len(said) < COPIED_WORDS:
        return None
    forms, wanted = list(map(form, said)), NEARLY_ALL * len(said)
    for span in _windows(text):
        held = words(span.of(text))
        known = set(map(form, held))
        if sum(one in known for one in forms) < wanted:  # most windows: laying beside each would take a while
            continue
        laid = lay_beside(said, held)
        if laid.same >= wanted and laid.end - laid.start <= AS_LONG * len(said):
            return span
    return None


def _windows(text: str) -> Iterator[Span]:
    """Each sentence, then each two that follow each other."""
    sentences = sentence_spans(text)
    yield from sentences
    yield from (Span(start=one.start, end=other.end) for one, other in zip(sentences, sentences[1:], strict=False))
