"""Does what was retrieved hold an answer? A calibrated probability, and the best stretch of the persona's own words.

Every run of one to three sentences of the persona's own words is a candidate. It is scored by its embedding's likeness
to the question and by the weighted share of the question's words that it holds. The probability is a logistic
regression over what the best candidate offers; its coefficients are fitted by `benchmarks/answerability.py`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import regex
from numpy.typing import NDArray

from twin_data.contracts.base import Contract, Span
from twin_data.scoring.sentences import content_stems, sentence_spans
from twin_data.scoring.support import names, numbers
from twin_data.scoring.weights import TermWeights

LONGEST_WINDOW = 4
COSINE_SHARE = 0.75
"""Share of the embedding in a window's score; the words it holds have the rest."""
PASSAGE_SHARE = 0.3
"""What a window gains from its passage's place in the retrieval."""
LENGTH_BONUS = 0.003
"""For each word: of two windows about as near, the fuller one holds the answer more often."""
MAX_BONUS_WORDS = 60
_WHO = regex.compile(r"(?i)\b(who|whom|whose|what (?:was|is|were) the names?|name of|named|called)\b")
_WHEN = regex.compile(r"(?i)\b(when|what (?:date|day|year|month|time)|which (?:day|year|month)|how long|how old)\b")
_HOW_MANY = regex.compile(r"(?i)\b(how (?:many|much|far|high|often|fast|big|large)|what (?:percentage|share|number|figure|price|sum|height))\b")


class Encoder(Protocol):
    """Turns texts into unit vectors."""

    def encode(self, texts: list[str]) -> NDArray[np.float32]:
        """Shape (len(texts), D)."""


class Candidate(Protocol):
    """A retrieved passage as far as this module needs it."""

    @property
    def text(self) -> str:
        """The passage."""

    @property
    def start(self) -> int:
        """Where it begins in its document."""

    @property
    def own(self) -> tuple[Span, ...]:
        """Spans of the document that are the persona's own words."""

    @property
    def context(self) -> str:
        """The line that places it."""

    @property
    def fused(self) -> float:
        """Its score in the retrieval, 0 to 1."""


@dataclass(frozen=True)
class EvidenceWindow:
    """A run of the persona's own sentences.

    Attributes:
        passage: Index of the passage among the candidates.
        span: Where it lies, in the document's offsets.
        cosine: Likeness of its embedding to the question's.
        coverage: Weighted share of the question's stems that it holds.
        fused: The passage's own score in the retrieval, 0 to 1.
    """

    passage: int
    span: Span
    text: str
    cosine: float
    coverage: float
    fused: float

    @cached_property
    def words(self) -> int:
        """Length in words."""
        return len(self.text.split())

    @cached_property
    def score(self) -> float:
        """What orders windows."""
        likeness = COSINE_SHARE * self.cosine + (1 - COSINE_SHARE) * self.coverage
        return likeness + PASSAGE_SHARE * self.fused + LENGTH_BONUS * min(self.words, MAX_BONUS_WORDS)


@dataclass(frozen=True)
class Evidence:
    """The best windows of all passages, best first, and the probability that they answer the question."""

    windows: tuple[EvidenceWindow, ...]
    features: tuple[float, ...]
    answerability: float


FEATURES = ("cosine", "coverage", "passage_coverage", "worst_missing", "unseen_share", "missing_names", "wanted_type_absent")


class AnswerabilityModel(Contract):
    """Logistic regression over `FEATURES`."""

    intercept: float
    coefficients: tuple[float, ...]

    def probability(self, features: Sequence[float]) -> float:
        """Probability that the question is answered, 0 to 1."""
        total = self.intercept + sum(c * x for c, x in zip(self.coefficients, features, strict=True))
        return 1 / (1 + math.exp(-total))


DEFAULT_MODEL = AnswerabilityModel(intercept=-3.4, coefficients=(4.0, 3.0, 2.0, -1.0, -2.5, -1.0, -0.6))


def find_evidence(
    question: str,
    query_vector: NDArray[np.float32],
    passages: Sequence[Candidate],
    *,
    encoder: Encoder,
    weights: TermWeights,
    model: AnswerabilityModel = DEFAULT_MODEL,
) -> Evidence:
    """Rank every window of the passages and judge whether the best of them answers the question.

    Args:
        question: The question as searched.
        query_vector: Its embedding, shape (D,).
        passages: What retrieval found, best first.
        encoder: The encoder of the index.
        weights: Weights of stems in this corpus.
        model: The calibrated judge.
    """
    windows = _ranked_windows(question, query_vector, passages, encoder, weights)
    features = _features(question, windows, passages, weights)
    return Evidence(windows=windows, features=features, answerability=model.probability(features) if windows else 0.0)


def _ranked_windows(
    question: str,
    query_vector: NDArray[np.float32],
    passages: Sequence[Candidate],
    encoder: Encoder,
    weights: TermWeights,
) -> tuple[EvidenceWindow, ...]:
    sentences = [(index, run) for index, passage in enumerate(passages) for run in _own_sentences(passage)]
    flat = [(index, span) for index, run in sentences for span in run]
    if not flat:
        return ()
    vectors = encoder.encode([_text(passages[index], span) for index, span in flat])
    wanted = _weighted_stems(question, weights)
    windows, at = [], 0
    for index, run in sentences:
        for first in range(len(run)):
            for last in range(first, min(first + LONGEST_WINDOW, len(run))):
                span = Span(start=run[first].start, end=run[last].end)
                mean = vectors[at + first : at + last + 1].mean(axis=0)
                cosine = float(mean @ query_vector / (np.linalg.norm(mean) + 1e-9))
                text = _text(passages[index], span)
                windows.append(EvidenceWindow(index, span, text, cosine, _coverage(wanted, text), passages[index].fused))
        at += len(run)
    return tuple(sorted(windows, key=lambda one: (-one.score, one.span.end - one.span.start)))


def _own_sentences(passage: Candidate) -> list[list[Span]]:
    """The sentences of each own stretch of a passage, in the document's offsets."""
    runs = []
    for span in passage.own:
        text = passage.text[span.start - passage.start : span.end - passage.start]
        runs.append([Span(start=one.start + span.start, end=one.end + span.start) for one in sentence_spans(text)])
    return [run for run in runs if run]


def _text(passage: Candidate, span: Span) -> str:
    return passage.text[span.start - passage.start : span.end - passage.start]


def _weighted_stems(question: str, weights: TermWeights) -> dict[str, float]:
    return {one: weights.weight(one) + 0.05 for one in content_stems(question)}


def _coverage(wanted: dict[str, float], text: str) -> float:
    if not wanted:
        return 0.0
    held = set(content_stems(text))
    return sum(weight for one, weight in wanted.items() if one in held) / sum(wanted.values())


def _features(
    question: str, windows: Sequence[EvidenceWindow], passages: Sequence[Candidate], weights: TermWeights
) -> tuple[float, ...]:
    if not windows:
        return (0.0,) * len(FEATURES)
    best = windows[0]
    wanted = _weighted_stems(question, weights)
    around = f"{passages[best.passage].context}\n{passages[best.passage].text}"
    everything = "\n".join(f"{one.context}\n{one.text}" for one in passages)
    held = set(content_stems(everything))
    missing = [weight for one, weight in wanted.items() if one not in held]
    unseen = [one for one in wanted if weights.frequencies.get(one, 0) == 0]
    asked_names = names(question)
    held_words = everything.casefold()
    return (
        max(window.cosine for window in windows),
        best.coverage,
        _coverage(wanted, around),
        max(missing, default=0.0),
        len(unseen) / len(wanted) if wanted else 0.0,
        sum(name.casefold() not in held_words for name in asked_names) / len(asked_names) if asked_names else 0.0,
        float(_wanted_type_is_absent(question, best.text)),
    )


def _wanted_type_is_absent(question: str, text: str) -> bool:
    """Whether the question asks for a name or a figure and the window offers none that the question lacks."""
    if _WHO.search(question):
        return not names(text) - names(question)
    if _WHEN.search(question) or _HOW_MANY.search(question):
        return not numbers(text) - numbers(question)
    return False
