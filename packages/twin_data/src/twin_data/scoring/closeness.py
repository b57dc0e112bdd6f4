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
