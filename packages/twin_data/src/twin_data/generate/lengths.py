"""Lengths of the two sides of a pair: preference training must not learn that longer, or shorter, is better."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from twin_data.contracts.datasets import SourceSpan
from twin_data.contracts.documents import BLOCK_SEPARATOR
from twin_data.generate.clauses import leans_back
from twin_data.generate.material import Material, source_span
from twin_data.scoring.sentences import content_stems, sentence_spans

MAX_LOG_RATIO = math.log(3)
"""No single pair may have one side more than three times as long as the other. Drafts of a small model are short: at
twice, four in ten gave no pair. That both sides are about as long all in all is `balanced`'s to see to."""
MEAN_RATIOS = (0.92, 1.08)
"""All chosen words by all rejected words; a little inside the certificate's bar."""
PairT = TypeVar("PairT")


def word_count(text: str) -> int:
    """Words by white space."""
    return len(text.split())


def fit(text: str, *, keep: int, longest: int) -> str:
    """Neighbouring sentences of a text, of about so many words at most, a given one among them.

    Args:
        text: What is to be shortened.
        keep: Number of the sentence that has to stay.
        longest: In words; one sentence stays whatever its length.
    """
    spans = sentence_spans(text)
    if not spans or word_count(text) <= longest:
        return text
    first = last = min(keep, len(spans) - 1)
    while first > 0 and word_count(text[spans[first - 1].start : spans[last].end]) <= longest:
        first -= 1
    while last + 1 < len(spans) and word_count(text[spans[first].start : spans[last + 1].end]) <= longest:
        last += 1
    return text[spans[first].start : spans[last].end]


def fit_own(
    material: Material, spans: Sequence[SourceSpan], longest: int, phrases: Sequence[str] = ()
) -> tuple[str, tuple[SourceSpan, ...]] | None:
    """Neighbouring sentences of the persona's own stretch that still answer what was asked, and where they stand.

    Args:
        material: Holds the documents.
        spans: The paragraphs of the stretch.
        longest: In words; one sentence stays whatever its length.
        phrases: What the sentences must name.

    Returns:
        Of the runs that are short enough, name every phrase and stand alone the longest, the first of several; None
        where there is none.
    """
    pieces = [piece for span in spans for piece in _sentences(material, span)]
    wanted = [set(content_stems(one)) for one in phrases]
    best: list[_Piece] = []
    for first, opening in enumerate(pieces):
        if first and leans_back(opening.text):
            continue
        last = first + 1
        while last < len(pieces) and _length(pieces[first : last + 1]) <= longest:
            last += 1
        run = pieces[first:last]
        named = [set(content_stems(piece.text)) for piece in run]
        if all(any(one <= stems for stems in named) for one in wanted) and _length(run) > _length(best):
            best = run
    if not best:
        return None
    kept = [
        source_span(material.document[span.document_id], inside[0].start, inside[-1].end)
        for span in spans
        if (inside := [one for one in best if one.span == span])
    ]
    texts = [one.of(material.document[one.document_id].text) for one in kept]
    return BLOCK_SEPARATOR.join(texts), tuple(kept)


@dataclass(frozen=True)
class _Piece:
    """A sentence, the paragraph it stands in, and its offsets in the document."""

    text: str
    span: SourceSpan
    start: int
    end: int


def _sentences(material: Material, span: SourceSpan) -> list[_Piece]:
    text = span.of(material.document[span.document_id].text)
    found = sentence_spans(text)
    return [_Piece(one.of(text), span, span.start + one.start, span.start + one.end) for one in found]


def _length(pieces: Sequence[_Piece]) -> int:
    return sum(word_count(one.text) for one in pieces)


def of_like_length(chosen: str, rejected: str) -> bool:
    """Whether neither side is more than three times as long as the other."""
    return abs(math.log(max(1, word_count(chosen)) / max(1, word_count(rejected)))) <= MAX_LOG_RATIO


def balanced(
    pairs: Sequence[PairT],
    lengths: Callable[[PairT], tuple[int, int]],
    kind: Callable[[PairT], Hashable | None] = lambda _: None,
) -> tuple[list[PairT], list[PairT]]:
    """Drop the most uneven pairs until both sides are about as long all in all.

    Args:
        pairs: In an order that settles ties.
        lengths: Words of a pair's chosen and rejected side.
        kind: Of a pair of which one at least is wanted; None for any other. The last of a kind goes only where no other
            pair is uneven the same way.

    Returns:
        The pairs that stay, and those that were dropped. All stay where dropping evens out nothing, as where one side
        is the longer one in every pair: the certificate then names their ratio.
    """
    kept = list(pairs)
    dropped: list[PairT] = []
    low, high = MEAN_RATIOS
    while kept:
        chosen = sum(lengths(one)[0] for one in kept)
        rejected = max(1, sum(lengths(one)[1] for one in kept))
        if low <= chosen / rejected <= high:
            break
        sign = 1 if chosen > rejected else -1
        excess = [sign * (one - other) for one, other in map(lengths, kept)]
        left = Counter(map(kind, kept))
        spare = [at for at, one in enumerate(kept) if excess[at] > 0 and (kind(one) is None or left[kind(one)] > 1)]
        dropped.append(kept.pop(max(spare or range(len(kept)), key=excess.__getitem__)))
    return (kept, dropped) if kept else (list(pairs), [])
