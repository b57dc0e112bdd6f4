"""How near in meaning a sentence is to the stretch that is to support it (decision 30)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from twin_data.scoring.sentences import sentence_spans

Encode = Callable[[list[str]], NDArray[np.float32]]
"""Texts to unit vectors, shape (texts, D)."""


def closeness(sentence: str, stretch: str, encode: Encode) -> float:
    """Cosine of a sentence and the nearest of a stretch's sentences, or the whole of it where that is nearer.

    The whole counts as well, since one sentence may say what two of the stretch say.
    """
    parts = [span.of(stretch) for span in sentence_spans(stretch)]
    vectors = encode([sentence, *dict.fromkeys([*parts, stretch])])
    return float((vectors[1:] @ vectors[0]).max())


def stray(support: float, near: float, *, min_closeness: float, min_held: float) -> str:
    """What speaks against a sentence that has the words of its evidence and may say something else; "" if nothing.

    Args:
        support: How far the evidence has its words, 0 to 1.
        near: Its closeness to the evidence.
        min_closeness: Bar of the closeness.
        min_held: Bar of the product of both.
    """
    if near < min_closeness:
        return f"it is not near enough to what the passage says (likeness {near:.2f})"
    held = support * near
    return f"the passage hardly says so (held to {held:.2f})" if held < min_held else ""
