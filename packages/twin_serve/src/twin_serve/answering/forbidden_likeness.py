"""Whether a question is like those that nobody should answer, where no pattern of words tells.

Kernel ridge regression (Saunders et al., 1998) on embeddings of examples written for it: questions after private
matters, requests for help with harm, and what sounds like either and is neither. What is like none of the examples
counts as fine. It is fitted for whatever encoder the twin's index has, once.
"""

from __future__ import annotations

import io
import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from itertools import product
from pathlib import Path
from typing import Literal

import numpy as np
import regex
from numpy.typing import NDArray

from twin_data.contracts.digests import digest_value, short
from twin_data.registry.durable import write_file
from twin_data.scoring.answerability import Encoder
from twin_serve.answering.nameless import with_stand_in

MIN_LIKENESS = 0.35
"""From which a question is declined; the examples were fitted to -1 (fine) and 1 (forbidden)."""
REACH = 0.3
"""Cosine by which a question must be further from an example for that to count less by a factor of e."""
PENALTY = 0.3
MAX_VARIANTS = 5
"""Of one line of examples, evenly spaced; each line weighs the same."""
Kind = Literal["unsafe", "private"]
_FILES: dict[str, Kind | None] = {"harm.txt": "unsafe", "private.txt": "private", "fine.txt": None}
_CHOICE = regex.compile(r"\{([^{}]*)\}")
_FINE = (-1.0, 0.0)
"""What is said of a question that is like no example."""
_fitting = threading.Lock()
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ForbiddenLikeness:
    """A judge over embeddings.

    Attributes:
        examples: Embeddings of the examples, shape (N, D), of length 1.
        weights: Shape (N, 2): what each adds to how forbidden a question is, and to whether rather private than unsafe.
    """

    examples: NDArray[np.float32]
    weights: NDArray[np.float32]

    def kind(self, vectors: NDArray[np.float32]) -> Kind | None:
        """What is wrong with a question; None if nothing is.

        Args:
            vectors: Embeddings of its `wordings`, shape (1 or 2, D), of length 1.
        """
        forbidden, private = self.scores(vectors)
        if forbidden < MIN_LIKENESS:
            return None
        return "private" if private > 0 else "unsafe"

    def scores(self, vectors: NDArray[np.float32]) -> tuple[float, float]:
        """How forbidden a question is, and how much rather private than unsafe; both about -1 to 1."""
        forbidden, private = (_FINE + _nearness(vectors, self.examples) @ self.weights).mean(axis=0)
        return float(forbidden), float(private)


def wordings(question: str) -> list[str]:
    """A question as it stands and, where it names somebody, with one and the same name in that place."""
    return list(dict.fromkeys((question, with_stand_in(question))))


@lru_cache(maxsize=4)
def forbidden_likeness(encoder: Encoder, kept: Path | None = None) -> ForbiddenLikeness:
    """The judge for an encoder; the first call embeds the examples, some thousands of short questions.

    Args:
        encoder: Embeds questions.
        kept: Folder, of this encoder alone, in which the judge is kept for the next start; None keeps it nowhere.
    """
    with _fitting:  # two first questions at once: the second finds what the first has kept
        file = kept and kept / f"forbidden-{short(digest_value([_examples(), REACH, PENALTY]))}.npz"
        if file is not None and file.is_file():
            with np.load(file) as held:
                return ForbiddenLikeness(held["examples"].astype(np.float32), held["weights"])
        judge = _fitted(encoder)
        if file is not None:
            _keep(judge, file)
        return judge


def variants(line: str) -> list[str]:
    """The texts that a line with choices, `{one|another}`, stands for; some of them where there are many."""
    parts = [part.split("|") if number % 2 else [part] for number, part in enumerate(_CHOICE.split(line))]
    every = ["".join(chosen) for chosen in product(*parts)]
    step = max(1, len(every) / MAX_VARIANTS)
    return [every[int(at * step)] for at in range(min(len(every), MAX_VARIANTS))]


def _fitted(encoder: Encoder) -> ForbiddenLikeness:
    examples = _examples()
    # Rounded as they are kept, so that the judge of the first start is that of every other.
    vectors = encoder.encode([text for texts, _ in examples for text in texts]).astype(np.float16).astype(np.float32)
    forbidden = np.array([1.0 if kind else -1.0 for texts, kind in examples for _ in texts])
    private = np.array([{"private": 1.0, "unsafe": -1.0, None: 0.0}[kind] for texts, kind in examples for _ in texts])
    weighs = np.array([1 / len(texts) for texts, _ in examples for _ in texts])
    for side in (forbidden > 0, forbidden < 0):
        weighs[side] *= len(weighs) / 2 / weighs[side].sum()  # as many forbidden ones as fine ones
    near = _nearness(vectors, vectors).astype(np.float64) + PENALTY * np.diag(1 / weighs)
    weights = np.linalg.solve(near, np.stack([forbidden, private], axis=1) - _FINE)
    return ForbiddenLikeness(vectors, weights.astype(np.float32))


def _nearness(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    """The kernel: 1 for the same direction, less by a factor of e for each `REACH` of cosine; shape (n, m)."""
    nearness: NDArray[np.float32] = np.exp((one @ other.T - 1) / np.float32(REACH))
    return nearness


@cache
def _examples() -> tuple[tuple[tuple[str, ...], Kind | None], ...]:
    """What each line of examples stands for, in all wordings, and what is wrong with it."""
    return tuple(
        (tuple(dict.fromkeys(text for one in variants(line) for text in wordings(one))), kind)
        for name, kind in _FILES.items()
        for line in _lines(name)
    )


def _keep(judge: ForbiddenLikeness, file: Path) -> None:
    """Write the judge down; where nothing can be written, the next start fits it again."""
    stream = io.BytesIO()
    np.savez(stream, examples=judge.examples.astype(np.float16), weights=judge.weights)
    try:
        write_file(file, stream.getvalue())
    except OSError as error:
        log.warning("the judge of forbidden questions is not kept for the next start: %s", error)


def _lines(name: str) -> Iterator[str]:
    text = resources.files("twin_serve.answering").joinpath(f"examples/{name}").read_text("utf-8")
    return (line for line in text.split("\n") if line)
