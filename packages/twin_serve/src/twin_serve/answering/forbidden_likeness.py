"""Whether a question is like those that nobody should answer, where no pattern of words tells.

A ridge regression (Hoerl and Kennard, 1970) on embeddings of examples written for it: questions after private matters,
requests for help with harm, and what sounds like either and is neither. It is fitted for whatever encoder the twin's
index has, in seconds, once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from itertools import product
from typing import Literal

import numpy as np
import regex
from numpy.typing import NDArray

from twin_data.scoring.answerability import Encoder

MIN_LIKENESS = 0.3
"""From which a question is declined; the examples were fitted to -1 (fine) and 1 (forbidden)."""
PENALTY = 0.01
MAX_VARIANTS = 5
"""Of one line of examples, evenly spaced; each line weighs the same."""
Kind = Literal["unsafe", "private"]
_FILES: dict[str, Kind | None] = {"harm.txt": "unsafe", "private.txt": "private", "fine.txt": None}
_CHOICE = regex.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class ForbiddenLikeness:
    """A linear judge over embeddings.

    Attributes:
        weights: Shape (D + 1, 2): how forbidden, and whether rather private than unsafe; the last row is added.
    """

    weights: NDArray[np.float64]

    def kind(self, vector: NDArray[np.float32]) -> Kind | None:
        """What is wrong with a question; None if nothing is.

        Args:
            vector: Its embedding, shape (D,), of length 1.
        """
        forbidden, private = self.scores(vector)
        if forbidden < MIN_LIKENESS:
            return None
        return "private" if private > 0 else "unsafe"

    def scores(self, vector: NDArray[np.float32]) -> tuple[float, float]:
        """How forbidden a question is, and how much rather private than unsafe; both about -1 to 1."""
        forbidden, private = np.append(vector, 1.0) @ self.weights
        return float(forbidden), float(private)


@lru_cache(maxsize=4)
def forbidden_likeness(encoder: Encoder) -> ForbiddenLikeness:
    """The judge for an encoder; the first call embeds the examples."""
    lines = [(variants(line), kind) for name, kind in _FILES.items() for line in _lines(name)]
    texts = [text for found, _ in lines for text in found]
    vectors = np.c_[encoder.encode(texts).astype(np.float64), np.ones(len(texts))]
    forbidden = np.array([1.0 if kind else -1.0 for found, kind in lines for _ in found])
    private = np.array([{"private": 1.0, "unsafe": -1.0, None: 0.0}[kind] for found, kind in lines for _ in found])
    weighs = np.array([1 / len(found) for found, _ in lines for _ in found])
    for side in (forbidden > 0, forbidden < 0):
        weighs[side] /= weighs[side].sum()  # as many forbidden ones as fine ones
    penalty = PENALTY * np.eye(vectors.shape[1])
    penalty[-1, -1] = 0
    weighted = vectors.T * weighs
    targets = np.stack([forbidden, private], axis=1)
    return ForbiddenLikeness(np.linalg.solve(weighted @ vectors + penalty, weighted @ targets))


def variants(line: str) -> list[str]:
    """The texts that a line with choices, `{one|another}`, stands for; some of them where there are many."""
    parts = [part.split("|") if number % 2 else [part] for number, part in enumerate(_CHOICE.split(line))]
    every = ["".join(chosen) for chosen in product(*parts)]
    step = max(1, len(every) / MAX_VARIANTS)
    return [every[int(at * step)] for at in range(min(len(every), MAX_VARIANTS))]


def _lines(name: str) -> Iterator[str]:
    text = resources.files("twin_serve.answering").joinpath(f"examples/{name}").read_text("utf-8")
    return (line for line in text.split("\n") if line)
