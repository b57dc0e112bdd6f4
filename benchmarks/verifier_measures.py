"""The claim verifier and the simpler measures that it is held against, over the same rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from math import fsum

import numpy as np
from numpy.typing import NDArray

from benchmarks.overlaps import rouge_scorer, token_f1
from benchmarks.verifier_rows import Row
from twin_data.contracts.answers import RetrievedPassage
from twin_data.contracts.base import Span
from twin_data.contracts.digests import digest_text
from twin_data.contracts.documents import DocumentKind
from twin_data.contracts.releases import VerificationSettings
from twin_data.scoring.addressee import speaks_to_the_persona
from twin_data.scoring.closeness import closeness, stray
from twin_data.scoring.encoder import SentenceEncoder
from twin_data.scoring.sentences import content_stems, sentence_spans, words
from twin_data.scoring.support import EvidenceText, Support, sentence_windows
from twin_data.scoring.weights import TermWeights, term_weights
from twin_serve.answering.copies import find_copy
from twin_serve.answering.verification import granted_names, objection

WORD_FOR_WORD, MOSTLY_COPIED, WORDED_ANEW = "copied word for word", "copied for more than half", "worded anew"
PEER_WINDOWS = 3
"""Peers that are slow look at the stretches of most words in common only."""


class Measures:
    """Ours and its peers over the same rows; what a passage costs to prepare is paid once."""

    def __init__(self, rows: Sequence[Row], encoder: SentenceEncoder | None) -> None:
        texts = list(dict.fromkeys(text for row in rows for text in row.passages))
        self.weights: TermWeights = term_weights(texts)
        self._settings = VerificationSettings()
        self.bar = self._settings.min_support
        self._evidence = {text: EvidenceText(text, [Span(start=0, end=len(text))]) for text in texts}
        self._windows = {
            text: [span.of(text) for span in sentence_windows(text, [Span(start=0, end=len(text))])] for text in texts
        }
        self._stems = {text: [frozenset(content_stems(one)) for one in self._windows[text]] for text in texts}
        self._encoder = encoder
        self._vectors = self._encoded(texts) if encoder else {}
        self._rouge = rouge_scorer()

    def peers(self) -> dict[str, Callable[[Row], float]]:
        """By name, ours first."""
        found: dict[str, Callable[[Row], float]] = {
            "ours": self.support, "share of words": self.coverage, "token F1": self.token_f1, "ROUGE-L": self.rouge_l,
        }  # fmt: skip
        return found | ({"MiniLM cosine": self.cosine} if self._encoder else {})

    def support(self, row: Row) -> float:
        """The best score of any passage."""
        return self._best(row)[1].score

    def copied(self, row: Row) -> str:
        """What serving does with a sentence that clears the check: it quotes what is copied for more than half."""
        copy = find_copy(row.text, [passage_of(text) for text in row.passages])
        return WORDED_ANEW if copy is None else WORD_FOR_WORD if copy.is_exact else MOSTLY_COPIED

    def is_served(self, row: Row) -> bool:
        """Whether the sentence clears the check, were it to the point; nearness is not asked without an encoder."""
        text, support = self._best(row)
        evidence = support.span.of(text)
        if support.score < self.bar or objection(row.text, passage_of(text), support.span):
            return False
        if speaks_to_the_persona(row.text, evidence):
            return False
        if self._encoder is None:
            return True
        near = closeness(row.text, evidence, self._encoder.encode)
        bars = self._settings
        return not stray(support.score, near, min_closeness=bars.min_closeness, min_held=bars.min_held)

    @cache  # noqa: B019 - lives as long as the report
    def _best(self, row: Row) -> tuple[str, Support]:
        granted = granted_names(row.question, [passage_of(text) for text in row.passages])
        found = [
            (text, self._evidence[text].support(row.text, self.weights.weight, granted=granted))
            for text in row.passages
        ]
        return max(((text, one) for text, one in found if one), key=lambda one: one[1].score)

    def coverage(self, row: Row) -> float:
        """The weighted share of the claim's stems that the best stretch holds."""
        return self._best_windows(row)[0][0]

    def token_f1(self, row: Row) -> float:
        """SQuAD's F1 of the words in common, at best."""
        return max(
            token_f1(words(row.text.casefold()), words(window.casefold())) for _, window in self._best_windows(row)
        )

    def rouge_l(self, row: Row) -> float:
        """ROUGE-L's precision at best: the share of the claim in the longest common subsequence."""
        return max(self._rouge(window, row.text) for _, window in self._best_windows(row))

    def cosine(self, row: Row) -> float:
        """The embedding's likeness to the nearest sentence."""
        assert self._encoder
        claim = self._encoder.encode([row.text])[0]
        return max(float((self._vectors[text] @ claim).max()) for text in row.passages)

    @cache  # noqa: B019
    def _best_windows(self, row: Row) -> list[tuple[float, str]]:
        weights = {one: self.weights.weight(one) + 0.05 for one in content_stems(row.text)}
        total = fsum(weights.values()) or 1.0
        scored = [
            # Exactly summed: in whatever order a set comes, ties stay ties.
            (fsum(weights[one] for one in weights.keys() & held) / total, -len(window), window)
            for text in row.passages
            for window, held in zip(self._windows[text], self._stems[text], strict=True)
        ]
        return [(score, window) for score, _, window in sorted(scored, reverse=True)[:PEER_WINDOWS]]

    def _encoded(self, texts: list[str]) -> dict[str, NDArray[np.float32]]:
        """Vectors of each text's sentences, shape (sentences, D)."""
        assert self._encoder
        sentences = {text: [span.of(text) for span in sentence_spans(text)] for text in texts}
        every = list(dict.fromkeys(one for found in sentences.values() for one in found))
        vectors = dict(zip(every, self._encoder.encode(every), strict=True))
        return {text: np.stack([vectors[one] for one in found]) for text, found in sentences.items()}


def passage_of(text: str) -> RetrievedPassage:
    """A passage of the persona's own words, as retrieval gives it."""
    name = digest_text(text)
    return RetrievedPassage(
        chunk_id=name, document_id=name, start=0, end=len(text), text=text,
        own=(Span(start=0, end=len(text)),), section="", context="", title="", date=None, url=None,
        source="benchmark", kind=DocumentKind.ARTICLE, bm25=1.0, cosine=0.5, fused=0.5,
    )  # fmt: skip
