"""How near a question is to the persona's corpus: the cosine to the nearest chunk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from twin_data.contracts.digests import digest_text
from twin_data.contracts.errors import CorpusError
from twin_data.contracts.evaluation import QuestionKind
from twin_data.scoring.sentences import sentence_spans, words
from twin_eval.monitoring.foreign import Floats, ForeignLevel, foreign_level
from twin_eval.self_check import generic_probes

Vectors = NDArray[np.float32]

SENTENCE_WORDS = (8, 40)
"""Sentences of so many words stand in for questions."""
MAX_SENTENCES = 200
BLOCK = 256
"""Questions that are compared with all chunks at a time: of thousands at once the cosines would take gigabytes."""


class Encoder(Protocol):
    """Turns texts into unit vectors."""

    def encode(self, texts: list[str]) -> Vectors:
        """Shape (len(texts), D)."""
        ...


@dataclass(frozen=True, eq=False)
class CorpusVectors:
    """The corpus's chunks with their embeddings; N chunks of D dimensions."""

    documents: NDArray[np.str_]
    """Document of each chunk, shape (N,)."""
    texts: tuple[str, ...]
    vectors: Vectors
    """Unit vectors, shape (N, D)."""
    encoder: Encoder

    def __post_init__(self) -> None:
        if not len(self.texts) == len(self.documents) == len(self.vectors) > 0:
            raise ValueError("a corpus has as many texts, documents and vectors, and at least one")

    def similarities(self, questions: Sequence[str]) -> Floats:
        """Cosine of each question to its nearest chunk, shape (len(questions),)."""
        if not questions:
            return np.zeros(0)
        vectors = self.encoder.encode(list(questions))
        blocks = (vectors[at : at + BLOCK] @ self.vectors.T for at in range(0, len(vectors), BLOCK))
        return np.asarray(np.concatenate([block.max(axis=1) for block in blocks]), dtype=np.float64)

    @cached_property
    def foreign_level(self) -> ForeignLevel:
        """Where questions on subjects that no corpus covers lie."""
        return foreign_level(self.similarities(foreign_probes()))

    @cached_property
    def expected_similarities(self) -> Floats:
        """Cosines of the corpus's own sentences to other documents: what its subjects look like without any question.

        At most `MAX_SENTENCES`, always the same ones. In a corpus of one document to its other chunks.

        Raises:
            CorpusError: No chunk has a sentence of a question's length, or there is but one chunk.
        """
        sentences = self._sentences()
        if not sentences or len(self.texts) < 2:
            raise CorpusError("the corpus is too small to be compared with", next_step="add sources: twin add PERSONA")
        homes = self.documents if len(set(self.documents.tolist())) > 1 else np.arange(len(self.texts))
        cosines = self.encoder.encode(list(sentences)) @ self.vectors.T
        own = homes[list(sentences.values())]
        cosines[own[:, None] == homes[None, :]] = -1.0
        return np.asarray(cosines.max(axis=1), dtype=np.float64)

    def _sentences(self) -> dict[str, int]:
        """Sentences with the row of their chunk."""
        shortest, longest = SENTENCE_WORDS
        found = {
            span.of(text): row
            for row, text in enumerate(self.texts)
            for span in sentence_spans(text)
            if shortest <= len(words(span.of(text))) <= longest
        }
        return {text: found[text] for text in sorted(found, key=digest_text)[:MAX_SENTENCES]}


def foreign_probes() -> tuple[str, ...]:
    """The shipped questions on subjects that no author's corpus covers."""
    return tuple(probe.question for probe in generic_probes() if probe.kind is QuestionKind.OUT_OF_PERSONA)
