"""What datasets are made from: the training side of a persona's features, and what may not be trained on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from twin_data.contracts.base import Span
from twin_data.contracts.datasets import SourceSpan
from twin_data.contracts.documents import Chunk, CorpusDocument, Rejection, Split
from twin_data.scoring.sentences import content_stems, grams, words
from twin_data.scoring.weights import TermWeights, term_weights

OVERLAP_WORDS = 13
"""Length of a run of words that may not be shared with the test set (Brown et al., 2020)."""
SAME_QUESTION_SHARE = 0.6
"""Share of two questions' stems that are common to both, from which on they ask the same."""
FEWEST_WORDS_TO_TELL = 5
"""A shorter question stands in other people's mouths as well."""
COSINE_SHARE = 0.7
"""Weight of the embeddings beside the question's words when neighbours are ranked; serving's default, too."""


@dataclass(frozen=True)
class Material:
    """The tables of one version of a persona's features, and how the twin introduces itself in a prompt.

    Attributes:
        documents: Every kept document, both sides of the split.
        chunks: Every chunk, both sides of the split.
        vectors: Unit vectors of `chunks`, shape (len(chunks), D); None where nothing was embedded.
        exclusions: Spans of training documents that the test set holds, too.
        questions: The held-out questions' texts: their wording may not be trained on.
    """

    display_name: str
    style_notes: str
    documents: tuple[CorpusDocument, ...]
    chunks: tuple[Chunk, ...]
    vectors: NDArray[np.float32] | None
    exclusions: tuple[Rejection, ...]
    questions: tuple[str, ...] = ()

    @cached_property
    def document(self) -> dict[str, CorpusDocument]:
        """Documents by id."""
        return {one.document_id: one for one in self.documents}

    @cached_property
    def trainable(self) -> tuple[int, ...]:
        """Indices of the chunks that may be shown or quoted in training, in the order of the documents."""
        banned = defaultdict(list)
        for one in self.exclusions:
            banned[one.document_id].append(Span(start=one.start, end=one.end))
        return tuple(
            at
            for at, chunk in sorted(enumerate(self.chunks), key=lambda pair: (pair[1].document_id, pair[1].start))
            if chunk.split is Split.TRAIN
            and not any(span.start < chunk.end and chunk.start < span.end for span in banned[chunk.document_id])
        )

    @cached_property
    def weights(self) -> TermWeights:
        """How much each stem tells, over the trainable chunks."""
        return term_weights(self.chunks[at].text for at in self.trainable)

    @cached_property
    def held_out_grams(self) -> frozenset[str]:
        """Runs of words that the test documents and the held-out questions hold."""
        documents = (one.text for one in self.documents if one.split is Split.TEST)
        texts = [*documents, *self.questions]
        return frozenset(gram for text in texts for gram in grams(text, OVERLAP_WORDS))

    def overlaps_test_set(self, text: str) -> bool:
        """Whether a text shares thirteen words in a row with the test set."""
        return any(gram in self.held_out_grams for gram in grams(text, OVERLAP_WORDS))

    @cached_property
    def _held_out_questions(self) -> list[frozenset[str]]:
        return [frozenset(content_stems(one)) for one in self.questions]

    @cached_property
    def _held_out_wordings(self) -> dict[int, frozenset[str]]:
        """The held-out questions that nobody words by chance, by their number of words."""
        found: dict[int, set[str]] = defaultdict(set)
        for one in self.questions:
            if (count := len(words(one))) >= FEWEST_WORDS_TO_TELL:
                found[count].update(grams(one, count))
        return {count: frozenset(wordings) for count, wordings in found.items()}

    def repeats_held_out_question(self, question: str) -> bool:
        """Whether a question asks what a held-out one asks, in all but form, or holds all of its words in a row."""
        stems = frozenset(content_stems(question))
        return any(
            gram in wordings for count, wordings in self._held_out_wordings.items() for gram in grams(question, count)
        ) or (
            len(stems) > 2
            and any(
                len(stems & other) >= SAME_QUESTION_SHARE * len(stems | other) for other in self._held_out_questions
            )
        )

    def is_excluded(self, span: SourceSpan) -> bool:
        """Whether a span touches what may not train."""
        return any(
            one.document_id == span.document_id and one.start < span.end and span.start < one.end
            for one in self.exclusions
        )


class Neighbours:
    """Which trainable chunks a search for a question would return beside the one that answers it."""

    def __init__(self, material: Material) -> None:
        """Index the trainable chunks by their stems."""
        self._material = material
        self._holders: dict[str, list[int]] = defaultdict(list)
        for at in material.trainable:
            for one in sorted(set(content_stems(material.chunks[at].text))):
                self._holders[one].append(at)

    def nearest(self, question: str, chunk: int, count: int, *, without: Collection[str] = ()) -> list[int]:
        """Indices of the nearest chunks, best first; the chunk itself is not among them.

        Args:
            question: What is asked; its words count as a search's would.
            chunk: The chunk that answers it; its embedding stands for the question's.
            count: How many.
            without: Families none of whose chunks may be returned.
        """
        material = self._material
        scores = np.zeros(len(material.chunks), dtype=np.float64)
        wanted = set(content_stems(question))
        for one in sorted(wanted):
            scores[self._holders.get(one, [])] += material.weights.weight(one)
        scores *= (1 - COSINE_SHARE) / max(float(scores.max(initial=0.0)), 1e-9)
        if material.vectors is not None:
            scores += COSINE_SHARE * (material.vectors @ material.vectors[chunk])
        allowed = [at for at in material.trainable if at != chunk and material.chunks[at].family not in without]
        # Rounded, so that the last bits of a matrix product do not decide; equal ones stay in the documents' order.
        ranked = np.argsort(-np.round(scores[allowed], 6), kind="stable")
        return [allowed[place] for place in ranked[:count]]


def source_span(document: CorpusDocument | Chunk, start: int, end: int) -> SourceSpan:
    """A span of a document or of a chunk's document, with the digest that names the text it counts in."""
    digest = document.document_digest if isinstance(document, Chunk) else document.digest
    return SourceSpan(document_id=document.document_id, document_digest=digest, start=start, end=end)
