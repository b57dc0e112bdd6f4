"""Does what was retrieved hold an answer? A calibrated probability, and the best stretch of the persona's own words.

Every run of one to three sentences of the persona's own words is a candidate. It is scored by its embedding's likeness
to the question and by the weighted share of the question's words that it holds. The probability is a logistic
regression over what the best candidate offers and, where the passages were reranked, over how they match the question
piece by piece; its coefficients are fitted by `benchmarks/answerability.py`.
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
PASSAGE_SHARE = 0.5
"""What a window gains from its passage's place in the retrieval."""
LATE_SHARE = 2.0
"""What it loses for each point of late interaction that its passage lies behind the best one."""
LENGTH_BONUS = 0.003
"""For each word: of two windows about as near, the fuller one holds the answer more often."""
MAX_BONUS_WORDS = 60
_WH_PHRASE = regex.compile(
    r"(?i)\b(?:how (?P<measure>many|much|old|far|high|often|fast|big|large|long|tall|deep|wide|heavy)|(?P<when>when)|"
    r"(?P<who>who|whom|whose)|(?:what|which)(?: (?P<head>(?:\w+ ){0,3}?\w+))?|where|why|how)\b"
)
_NAME_HEADS = regex.compile(
    r"(?i)\b(?:names?|surname|company|firm|university|town|village|city|cave|restaurant|church|school|street|publisher|"
    r"manufacturer|make|brand|ports?|ship|hotel|pub|newspaper|magazine|country|hospital|doctor|person|man|woman|members?)\b"
)
_DATE_HEADS = regex.compile(r"(?i)\b(?:date|day|year|month|century|decade)\b")
_NUMBER_HEADS = regex.compile(r"(?i)\b(?:percentage|share|number|figure|price|sum|height|age|cost|amount)\b")
_DATE = regex.compile(
    r"\b1\d{3}\b|\b20\d\d\b|\b(?:January|February|March|April|May|June|July|August|September|October|November|December)\b"
)
_LONG_NAME = regex.compile(r"\b\p{Lu}[\p{L}'’]+(?:\s+(?:(?:of|the|and|in|de|von|van)\s+){0,2}\p{Lu}[\p{L}'’]+)+")
MAX_TYPED_GAP = 0.5


class Encoder(Protocol):
    """Turns texts into unit vectors."""

    def encode(self, texts: list[str]) -> NDArray[np.float32]:
        """Shape (len(texts), D)."""


class OwnPassage(Protocol):
    """A passage and the persona's own words in it."""

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


class Candidate(OwnPassage, Protocol):
    """A retrieved passage as far as this module needs it."""

    @property
    def fused(self) -> float:
        """Its score in the retrieval, 0 to 1."""

    @property
    def late(self) -> float | None:
        """Its score by late interaction, -1 to 1; None without reranking."""

    @property
    def weakest(self) -> float | None:
        """The same over the question's worst matched pieces."""


@dataclass(frozen=True)
class EvidenceWindow:
    """A run of the persona's own sentences.

    Attributes:
        passage: Index of the passage among the candidates.
        span: Where it lies, in the document's offsets.
        cosine: Likeness of its embedding to the question's.
        coverage: Weighted share of the question's stems that it holds.
        fused: The passage's own score in the retrieval, 0 to 1.
        behind: How far the passage's late-interaction score lies behind the best passage's, 0 or more.
        sentences: How many sentences it runs over.
    """

    passage: int
    span: Span
    text: str
    cosine: float
    coverage: float
    fused: float
    behind: float
    sentences: int

    @cached_property
    def words(self) -> int:
        """Length in words."""
        return len(self.text.split())

    @cached_property
    def score(self) -> float:
        """What orders windows."""
        likeness = COSINE_SHARE * self.cosine + (1 - COSINE_SHARE) * self.coverage
        place = PASSAGE_SHARE * self.fused - LATE_SHARE * self.behind
        return likeness + place + LENGTH_BONUS * min(self.words, MAX_BONUS_WORDS)


@dataclass(frozen=True)
class Evidence:
    """The best windows of all passages, best first, and the probability that they answer the question."""

    windows: tuple[EvidenceWindow, ...]
    features: tuple[float, ...]
    answerability: float


FEATURES = ("cosine", "unseen_share", "missing_names", "wanted_type_gap")
"""Of a retrieval without reranking."""
RERANKED_FEATURES = ("unseen_share", "missing_names", "wanted_type_gap", "late", "weakest")
"""Of one with it, the last two of the passage nearest by late interaction. A question that borrows a passage's words to
ask for what is not there is matched unevenly: most of its parts closely, one not at all."""


class AnswerabilityModel(Contract):
    """Logistic regression over `FEATURES` or `RERANKED_FEATURES`."""

    intercept: float
    coefficients: tuple[float, ...]

    def probability(self, features: Sequence[float]) -> float:
        """Probability that the question is answered, 0 to 1."""
        total = self.intercept + sum(c * x for c, x in zip(self.coefficients, features, strict=True))
        return 1 / (1 + math.exp(-total))


PLAIN_MODEL = AnswerabilityModel(intercept=-0.2, coefficients=(1.45, -4.0, -1.96, -4.32))
RERANKED_MODEL = AnswerabilityModel(intercept=2.23, coefficients=(-7.45, -2.58, -5.48, -4.57, 4.83))


def find_evidence(
    question: str,
    query_vector: NDArray[np.float32],
    passages: Sequence[Candidate],
    *,
    encoder: Encoder,
    weights: TermWeights,
) -> Evidence:
    """Rank every window of the passages and judge whether the best of them answers the question.

    Args:
        question: The question as searched.
        query_vector: Its embedding, shape (D,).
        passages: What retrieval found, best first.
        encoder: The encoder of the index.
        weights: Weights of stems in this corpus.
    """
    windows = _ranked_windows(question, query_vector, passages, encoder, weights)
    if not windows:
        return Evidence(windows=(), features=(), answerability=0.0)
    plain = _features(question, windows, passages, weights)
    nearest = max(passages, key=lambda one: one.late or 0.0)
    if nearest.late is None or nearest.weakest is None:
        return Evidence(windows=windows, features=plain, answerability=PLAIN_MODEL.probability(plain))
    features = (*plain[1:], nearest.late, nearest.weakest)
    return Evidence(windows=windows, features=features, answerability=RERANKED_MODEL.probability(features))


def _ranked_windows(
    question: str,
    query_vector: NDArray[np.float32],
    passages: Sequence[Candidate],
    encoder: Encoder,
    weights: TermWeights,
) -> tuple[EvidenceWindow, ...]:
    sentences = [(index, run) for index, passage in enumerate(passages) for run in own_sentences(passage)]
    flat = [(index, span) for index, run in sentences for span in run]
    if not flat:
        return ()
    vectors = encoder.encode([_text(passages[index], span) for index, span in flat])
    wanted = _weighted_stems(question, weights)
    nearest = max(one.late or 0.0 for one in passages)
    windows, at = [], 0
    for index, run in sentences:
        passage, behind = passages[index], nearest - (passages[index].late or 0.0)
        for first in range(len(run)):
            for last in range(first, min(first + LONGEST_WINDOW, len(run))):
                span = Span(start=run[first].start, end=run[last].end)
                mean = vectors[at + first : at + last + 1].mean(axis=0)
                cosine = float(mean @ query_vector / (np.linalg.norm(mean) + 1e-9))
                text = _text(passage, span)
                covered = _coverage(wanted, text)
                windows.append(
                    EvidenceWindow(index, span, text, cosine, covered, passage.fused, behind, last - first + 1)
                )
        at += len(run)
    return tuple(sorted(windows, key=lambda one: (-one.score, one.span.end - one.span.start)))


def own_sentences(passage: OwnPassage) -> list[list[Span]]:
    """The sentences of each own stretch of a passage, in the document's offsets."""
    runs = []
    for span in passage.own:
        text = passage.text[span.start - passage.start : span.end - passage.start]
        runs.append([Span(start=one.start + span.start, end=one.end + span.start) for one in sentence_spans(text)])
    return [run for run in runs if run]


def _text(passage: OwnPassage, span: Span) -> str:
    return passage.text[span.start - passage.start : span.end - passage.start]


def _weighted_stems(question: str, weights: TermWeights) -> dict[str, float]:
    return {one: weights.weight(one) + 0.05 for one in content_stems(question)}


def weighted_coverage(question: str, texts: Sequence[str], weights: TermWeights) -> list[float]:
    """Weighted share of the question's stems that each text holds, 0 to 1."""
    wanted = _weighted_stems(question, weights)
    return [_coverage(wanted, text) for text in texts]


def _coverage(wanted: dict[str, float], text: str) -> float:
    if not wanted:
        return 0.0
    held = set(content_stems(text))
    return sum(weight for one, weight in wanted.items() if one in held) / sum(wanted.values())


def _features(
    question: str, windows: Sequence[EvidenceWindow], passages: Sequence[Candidate], weights: TermWeights
) -> tuple[float, ...]:
    stems = set(content_stems(question))
    unseen = [one for one in stems if weights.frequencies.get(one, 0) == 0]
    asked = names(question)
    shown = "\n".join(f"{one.context}\n{one.text}" for one in passages)
    lowered = shown.casefold()
    absent = {name for name in asked if name.casefold() not in lowered} | scattered_names(question, shown)
    return (
        max(window.cosine for window in windows),
        len(unseen) / len(stems) if stems else 0.0,
        len(absent) / len(asked) if asked else 0.0,
        _typed_gap(question, windows),
    )


def scattered_names(question: str, shown: str) -> set[str]:
    """Words of a name of several ("The Wind in the Willows") that the passages hold only as words of their own.

    A name counts as held where two of its words stand near each other, or one of them is written with a capital.
    """
    found: set[str] = set()
    for match in _LONG_NAME.finditer(question):
        parts = names(f"the {match[0]}")
        stands = "|".join(regex.escape(one) for one in sorted(parts))
        near = rf"\b(?P<one>{stands})\b(?:\W+\w+){{0,2}}?\W+(?!(?P=one)\b)(?:{stands})\b"
        if len(parts) > 1 and not regex.search(rf"(?i:{near})|\b(?:{stands})\b", shown):
            found |= parts
    return found


def wanted_type(question: str) -> str | None:
    """What kind of thing the question asks for: `name`, `date`, `number`, or None if it can be anything."""
    phrases = list(_WH_PHRASE.finditer(question))
    if not phrases:
        return None
    # "When it rained, what did you do?" asks for no date.
    first = phrases[1] if phrases[0]["when"] and len(phrases) > 1 else phrases[0]
    head = first["head"] or ""
    if first["measure"] or _NUMBER_HEADS.search(head):
        return "number"
    if first["when"] or _DATE_HEADS.search(head):
        return "date"
    return "name" if first["who"] or _NAME_HEADS.search(head) else None


def _typed_gap(question: str, windows: Sequence[EvidenceWindow]) -> float:
    """How much less like the question the nearest sentence with the wanted kind of thing is than the nearest of all."""
    wanted = wanted_type(question)
    single = [window for window in windows if window.sentences == 1]
    if wanted is None or not single:
        return 0.0
    nearest = max(window.cosine for window in single)
    typed = max((window.cosine for window in single if _holds(wanted, window.text, question)), default=-1.0)
    return min(MAX_TYPED_GAP, nearest - typed)


def _holds(wanted: str, text: str, question: str) -> bool:
    """Whether the text offers something of the wanted kind that the question does not hold itself."""
    if wanted == "date":
        return bool(set(_DATE.findall(text)) - set(_DATE.findall(question)))
    if wanted == "number":
        return bool(numbers(text) - numbers(question))
    return bool(names(text) - names(question))
