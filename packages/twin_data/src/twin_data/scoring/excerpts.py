"""What a small model is given to read: the few stretches nearest to the question, in the place of whole passages.

A model of some hundred million parameters copies well and chooses badly: out of four passages it takes some sentence,
and that sentence is true, cited, and answers another question. Serving chooses by the ranking that finds quotations;
training shows stretches of the same kind, of which one holds the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from twin_data.contracts.base import Span
from twin_data.contracts.digests import digest_text
from twin_data.scoring.answerability import EvidenceWindow, OwnPassage, own_sentences, weighted_coverage
from twin_data.scoring.weights import TermWeights

MAX_SENTENCES = 4
MAX_WORDS = 60


@dataclass(frozen=True)
class Excerpt:
    """A stretch of the persona's own words in a passage; what a prompt template shows in the passage's place.

    Attributes:
        context: The line that places it.
        text: The words.
        span: Where they stand, in the document's offsets.
        passage: Index of the passage.
    """

    context: str
    text: str
    span: Span
    passage: int


def best_excerpts(windows: Sequence[EvidenceWindow], passages: Sequence[OwnPassage], count: int) -> list[Excerpt]:
    """The best windows that share no text, best first.

    Args:
        windows: Ranked, best first, as `find_evidence` gives them.
        passages: What they are windows of.
        count: How many at most.
    """
    chosen: list[EvidenceWindow] = []
    for window in windows:
        if len(chosen) == count:
            break
        if window.words <= MAX_WORDS and not any(_share_text(window, other) for other in chosen):
            chosen.append(window)
    return [Excerpt(passages[one.passage].context, one.text, one.span, one.passage) for one in chosen]


def _share_text(one: EvidenceWindow, other: EvidenceWindow) -> bool:
    """Whether two windows overlap, or say the same: neighbouring passages of a document repeat a sentence or two."""
    same = one.passage == other.passage
    overlap = same and one.span.start < other.span.end and other.span.start < one.span.end
    return overlap or one.text in other.text or other.text in one.text


def excerpt_around(passage: OwnPassage, answer: Span, at: int, lot: str) -> Excerpt | None:
    """A stretch that holds an answer, with a chance number of sentences before and after; None where none can.

    Args:
        passage: The passage that holds it.
        answer: Where the answer stands, in the document's offsets.
        at: Index of the passage.
        lot: Any text; the same text draws the same stretch.
    """
    for run in own_sentences(passage):
        held = [n for n, one in enumerate(run) if one.start < answer.end and answer.start < one.end]
        if not held:
            continue
        first, last = held[0], held[-1]
        number = int(digest_text(lot)[:8], 16)
        for step in range(number % MAX_SENTENCES):
            before = (number >> (4 + step)) & 1
            wider = (first - 1, last) if before else (first, last + 1)
            if 0 <= wider[0] and wider[1] < len(run) and _fits(passage, run, wider):
                first, last = wider
        return _excerpt(passage, run, first, last, at)
    return None


def nearest_excerpt(passage: OwnPassage, question: str, weights: TermWeights, at: int) -> Excerpt | None:
    """The stretch of a passage that holds most of the question's words, the longest of those; None without own words.

    Args:
        passage: The passage.
        question: What is asked.
        weights: Of stems in the corpus.
        at: Index of the passage.
    """
    found = [
        _excerpt(passage, run, first, last, at)
        for run in own_sentences(passage)
        for first in range(len(run))
        for last in range(first, min(first + MAX_SENTENCES, len(run)))
        if first == last or _fits(passage, run, (first, last))
    ]
    covered = weighted_coverage(question, [one.text for one in found], weights)
    ranked = zip(covered, found, strict=True)
    best = max(ranked, key=lambda one: (round(one[0], 6), len(one[1].text), -one[1].span.start), default=None)
    return best[1] if best else None


def _fits(passage: OwnPassage, run: list[Span], ends: tuple[int, int]) -> bool:
    return len(_excerpt(passage, run, *ends, 0).text.split()) <= MAX_WORDS


def _excerpt(passage: OwnPassage, run: list[Span], first: int, last: int, at: int) -> Excerpt:
    span = Span(start=run[first].start, end=run[last].end)
    return Excerpt(passage.context, passage.text[span.start - passage.start : span.end - passage.start], span, at)
