"""The guard: is what a user says what nobody should answer? Patterns and likeness, over all of it, earlier turns too."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin_data.contracts.answers import Turn
from twin_data.scoring.answerability import Encoder
from twin_serve.answering.forbidden_likeness import ForbiddenLikeness, Kind, wordings
from twin_serve.answering.intents import asks_for_harm, asks_for_private, windows

WINDOW_CHARACTERS = 400
"""Of a longer text likeness is judged in windows: the examples are single questions, and padding around one hides it."""


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
    if by_words := kind_by_words(text):
        return by_words
    for window in windows(text, WINDOW_CHARACTERS):
        whole, *others = wordings(window)
        own = encoder.encode([whole])[0] if vector is None or window != text else vector
        vectors = np.stack([own, *(encoder.encode(others) if others else ())])
        if kind := judge.kind(vectors):
            return kind
    return None


def without_forbidden(
    history: tuple[Turn, ...], encoder: Encoder, judge: ForbiddenLikeness
) -> tuple[tuple[Turn, ...], Kind | None]:
    """Earlier turns without those that nobody should answer and what was said to them, and what is wrong with the last.

    Args:
        history: The turns that would go into the prompt.
        encoder: Embeds them.
        judge: Fitted for this encoder.
    """
    kept: list[Turn] = []
    kind: Kind | None = None
    for turn in history:
        if turn.role == "user":
            kind = forbidden_kind(turn.content, encoder, judge)
        if kind is None:
            kept.append(turn)
    return tuple(kept), kind


def kind_by_words(text: str) -> Kind | None:
    """What is wrong with a text by patterns alone, anywhere in it."""
    if asks_for_harm(text):
        return "unsafe"
    return "private" if asks_for_private(text) else None
