"""Each sentence of a draft against the passages: supported and to the point, or dropped with its reason."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import regex
from numpy.typing import NDArray

from twin_data.contracts.answers import RetrievedPassage, SentenceCheck, SentenceOutcome
from twin_data.contracts.base import Span
from twin_data.scoring.answerability import Evidence
from twin_data.scoring.sentences import content_stems
from twin_data.scoring.support import EvidenceText, Support
from twin_serve.answering.citations import CitationList
from twin_serve.twins import Twin

MIN_RELEVANCE = 0.3
"""Cosine of sentence and question below which a sentence, however true, answers something else."""
MIN_CONTENT_STEMS = 2
_SPACES = regex.compile(r"\s+")


class SentenceVerifier:
    """Checks the sentences of one answer. Runs in a worker thread; one instance a request."""

    def __init__(
        self, passages: Sequence[RetrievedPassage], query_vector: NDArray[np.float32], twin: Twin, evidence: Evidence
    ) -> None:
        self._passages = passages
        self._query_vector = query_vector
        self._twin = twin
        self._evidence = evidence
        self._texts: list[EvidenceText] = []
        self._shipped: set[str] = set()

    def check(self, sentence: str, citations: CitationList) -> SentenceCheck:
        """Judge one sentence; a supported one gets its citation."""
        if len(content_stems(sentence)) < MIN_CONTENT_STEMS:
            return _dropped(sentence, 0.0, "it says nothing that can be checked")
        if (key := _folded(sentence)) in self._shipped:
            return _dropped(sentence, 0.0, "it repeats an earlier sentence")
        passage, support = self._best_support(sentence)
        if passage is None or support is None:
            return _dropped(sentence, 0.0, "no passage holds words of the persona's own")
        if support.score < self._twin.manifest.verification.min_support:
            return _dropped(sentence, support.score, support.missing or "the passages do not say so")
        if (relevance := self._relevance(sentence)) < MIN_RELEVANCE:
            return _dropped(sentence, support.score, f"it does not answer the question (likeness {relevance:.2f})")
        self._shipped.add(key)
        citation = citations.cite(passage, _in_document(passage, support.span), support.score)
        if key in _folded(passage.text):
            return SentenceCheck(
                text=f"“{sentence.strip('“”\"')}”", outcome=SentenceOutcome.QUOTED, support=1.0, citations=(citation.n,), reason="copied word for word"
            )
        return SentenceCheck(
            text=sentence, outcome=SentenceOutcome.SUPPORTED, support=round(support.score, 4), citations=(citation.n,)
        )

    def _best_support(self, sentence: str) -> tuple[RetrievedPassage | None, Support | None]:
        if not self._texts:
            self._texts = [EvidenceText(one.text, _own_in_passage(one)) for one in self._passages]
        best: tuple[RetrievedPassage | None, Support | None] = (None, None)
        for passage, text in zip(self._passages, self._texts, strict=True):
            found = text.support(sentence, self._twin.weights.weight)
            if found and (best[1] is None or found.score > best[1].score):
                best = passage, found
        return best

    def _relevance(self, sentence: str) -> float:
        return float(self._twin.encoder.encode([sentence])[0] @ self._query_vector)


def _own_in_passage(passage: RetrievedPassage) -> list[Span]:
    return [Span(start=one.start - passage.start, end=one.end - passage.start) for one in passage.own]


def _in_document(passage: RetrievedPassage, span: Span) -> Span:
    return Span(start=span.start + passage.start, end=span.end + passage.start)


def _folded(text: str) -> str:
    """Letters and digits only, lower-cased: two texts equal in this form read the same."""
    return _SPACES.sub(" ", "".join(c if c.isalnum() else " " for c in text.casefold())).strip()


def _dropped(sentence: str, support: float, reason: str) -> SentenceCheck:
    return SentenceCheck(text=sentence, outcome=SentenceOutcome.DROPPED, support=round(support, 4), reason=reason)
