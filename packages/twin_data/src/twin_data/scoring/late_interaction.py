"""Late interaction: each word piece of a question looks for its like in a passage.

The score is ColBERT's MaxSim (Khattab and Zaharia, 2020), here over the token vectors of the sentence encoder that
embeds the corpus anyway: nothing is trained, and no second model is run. Vectors are kept as eight-bit integers, those
of pieces that carry no meaning not at all: some 65 for a passage of 120 words, a byte for each dimension.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from twin_data.scoring.sentences import STOPWORDS

Pieces = NDArray[np.int8]
"""Quantised unit vectors of word pieces, shape (P, D)."""

_SCALE = 127


class PieceEncoder(Protocol):
    """Turns texts into unit vectors, and into those of their word pieces."""

    def encode(self, texts: list[str]) -> NDArray[np.float32]:
        """Shape (len(texts), D)."""

    def encode_passages(self, texts: list[str]) -> tuple[NDArray[np.float32], list[Pieces]]:
        """The same, and the pieces of each text, in one pass."""


@dataclass(frozen=True)
class Likeness:
    """How a question's pieces find their like in a passage.

    Attributes:
        mean: Mean over the pieces of the cosine of the nearest piece of the passage: MaxSim. -1 to 1.
        weakest: The same over the quarter of the pieces that is matched worst.
    """

    mean: float
    weakest: float


def likeness(asked: Pieces, held: Pieces) -> Likeness:
    """How like a question a passage is; 0 if either has no pieces.

    Args:
        asked: Of the question, shape (Q, D).
        held: Of the passage, shape (P, D).
    """
    if not len(asked) or not len(held):
        return Likeness(0.0, 0.0)
    cosines = asked.astype(np.float32) @ held.astype(np.float32).T / _SCALE**2
    nearest = np.sort(cosines.max(axis=1))
    return Likeness(mean=float(nearest.mean()), weakest=float(nearest[: max(1, len(nearest) // 4)].mean()))


def quantised(vectors: NDArray[np.float32]) -> Pieces:
    """Unit vectors as eight-bit integers, shape kept."""
    return np.rint(vectors * _SCALE).astype(np.int8)


def packed(pieces: Pieces) -> bytes:
    """Row by row, a byte for each dimension."""
    return pieces.tobytes()


def unpacked(stored: bytes, dimensions: int) -> Pieces:
    """What `packed` has packed, shape (P, `dimensions`)."""
    return np.frombuffer(stored, dtype=np.int8).reshape(-1, dimensions)


def as_text(stored: bytes) -> str:
    """Packed pieces for JSON."""
    return base64.b64encode(stored).decode("ascii")


def from_text(text: str, dimensions: int) -> Pieces:
    """Pieces read from JSON, shape (P, `dimensions`)."""
    return unpacked(base64.b64decode(text), dimensions)


def is_telling(piece: str) -> bool:
    """Whether a word piece, as the vocabulary spells it, carries meaning: no mark, no stop word, no special token."""
    return any(one.isalnum() for one in piece) and piece not in STOPWORDS and not piece.startswith("[")
