"""The guard: does a user say what nobody should answer? Patterns and likeness, over all of it, earlier turns too."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin_data.contracts.answers import Turn
from twin_data.scoring.answerability import Encoder
from twin_data.scoring.sentences import sentence_spans
from twin_serve.answering.forbidden_likeness import ForbiddenLikeness, Kind, wordings
from twin_serve.answering.intents import asks_for_harm, asks_for_private, windows

WINDOW_CHARACTERS = 400
"""A longer text is judged by likeness in windows: examples are single questions, and padding around one hides it."""
PATTERN_LIKENESS = -0.3
"""Likeness from which a pattern's word is taken. Of 180 forbidden questions (`benchmarks/labels/forbidden.csv`) and
XSTest's 200 unsafe prompts none is let through for it; the first are from -.1 on. A child process can be killed."""
LONGEST_QUESTION = 25
"""Words of a single question that is taken for harmless against a pattern; a longer text may hold anything else."""


def forbidden_kind(
    text: str, encoder: Encoder, judge: ForbiddenLikeness, *, vector: NDArray[np.float32] | None = None
) -> Kind | None:
    """What is wrong with what a user says; None if nothing is.

    Args:
        text: A question, a brief or an earlier turn, of any length.
        encoder: Embeds it, or its windows.
        judge: Fitted for this encoder.
        vector: The embedding of the whole text, shape (D,), where it is known already.
    """
    by_words = kind_by_words(text)
    if by_words and not _is_single_question(text):
        return by_words
    for window in windows(text, WINDOW_CHARACTERS):
        whole, *others = wordings(window)
        own = encoder.encode([whole])[0] if vector is None or window != text else vector
        vectors = np.stack([own, *(encoder.encode(others) if others else ())])
        if by_words:
            return by_words if judge.scores(vectors)[0] >= PATTERN_LIKENESS else None
        if kind := judge.kind(vectors):
            return kind
    return None


def without_forbidden(
    history: tuple[Turn, ...], encoder: Encoder, judge: ForbiddenLikeness, *, trusts_answers: bool = False
) -> tuple[tuple[Turn, ...], Kind | None]:
    """Earlier turns without those that nobody should answer and what was said to them, and what is wrong with the last.

    Args:
        history: The turns that would go into the prompt.
        encoder: Embeds them.
        judge: Fitted for this encoder.
        trusts_answers: Whether the assistant's turns go unjudged. A caller may have made them up; one that nobody
            should say is left out, and nothing is declined for it: the persona's own words now and then sound like it.
    """
    kept: list[Turn] = []
    kind: Kind | None = None
    for turn in history:
        is_judged = turn.role == "user" or not (trusts_answers or kind)
        found = forbidden_kind(turn.content, encoder, judge) if is_judged else None
        if turn.role == "user":
            kind = found
        if kind is None and found is None:
            kept.append(turn)
    return tuple(kept), kind


def kind_by_words(text: str) -> Kind | None:
    """What is wrong with a text by patterns alone, anywhere in it."""
    if asks_for_harm(text):
        return "unsafe"
    return "private" if asks_for_private(text) else None


def _is_single_question(text: str) -> bool:
    return len(text) <= WINDOW_CHARACTERS and len(text.split()) <= LONGEST_QUESTION and len(sentence_spans(text)) == 1
