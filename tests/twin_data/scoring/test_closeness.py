from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from twin_data.scoring.closeness import closeness

AXES = {"Eels came.": 0, "We carried them out.": 1}


def encode(texts: list[str]) -> NDArray[np.float32]:
    """A sentence is an axis, a text of several lies between theirs."""
    vectors = np.zeros((len(texts), 3), np.float32)
    for row, text in enumerate(texts):
        vectors[row, [at for sentence, at in AXES.items() if sentence in text] or [2]] = 1
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.mark.parametrize(
    ("sentence", "wanted"),
    [
        ("Eels came.", 1.0),  # as the nearest of the sentences
        ("Eels came. We carried them out.", 1.0),  # as the whole
        ("The kettle boils.", 0.0),
    ],
)
def test_the_nearest_of_the_sentences_or_the_whole_counts(sentence: str, wanted: float) -> None:
    assert closeness(sentence, "Eels came. We carried them out.", encode) == pytest.approx(wanted)
