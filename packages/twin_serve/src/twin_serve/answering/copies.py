"""Where the persona wrote what a sentence copies: all of it, or all but a few words.

What is mostly copied is no sentence of the twin's own. Quoted as it stands in the document it is also true, which a
copy with a word exchanged need not be.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import regex

from twin_data.contracts.answers import RetrievedPassage
from twin_data.contracts.base import Span
from twin_data.scoring.copies import COPIED_WORDS, is_mostly_copied, word_stretches
from twin_data.scoring.sentences import sentence_spans, word_runs, words

_BETWEEN_WORDS = r"[^\p{L}\p{N}]+"
_END_OF_SENTENCE = regex.compile(r"[.!?…]+[\"'”’»)\]]*")


@dataclass(frozen=True)
class Copy:
    """What a sentence was copied from.

    Attributes:
        passage: The passage that holds it.
        span: Where in the passage's text.
        is_exact: Whether the sentence has these very words, punctuation and letter case aside, and no others.
    """

    passage: RetrievedPassage
    span: Span
    is_exact: bool


def own_in_passage(passage: RetrievedPassage) -> list[Span]:
    """Where in the passage's text the persona's own words stand."""
    return [Span(start=one.start - passage.start, end=one.end - passage.start) for one in passage.own]


def find_copy(sentence: str, passages: Sequence[RetrievedPassage]) -> Copy | None:
    """What the sentence was copied from; None if more than half of its words are in no copied stretch."""
    return exact_copy(sentence, passages) or _mostly(sentence, passages)


def exact_copy(sentence: str, passages: Sequence[RetrievedPassage]) -> Copy | None:
    """Where the persona wrote these very words; None if nowhere."""
    spoken = _BETWEEN_WORDS.join(map(regex.escape, words(sentence)))
    pattern = regex.compile(rf"(?i)(?<![\p{{L}}\p{{N}}]){spoken}(?![\p{{L}}\p{{N}}])")
    for passage, own in _own(passages):
        if found := pattern.search(passage.text, own.start, own.end):
            end = _END_OF_SENTENCE.match(passage.text, found.end(), own.end)
            return Copy(passage, Span(start=found.start(), end=end.end() if end else found.end()), is_exact=True)
    return None


def _mostly(sentence: str, passages: Sequence[RetrievedPassage]) -> Copy | None:
    """The sentences of the passage in which most of the copied stretches stand."""
    stretches = word_stretches(sentence)
    wanted, most, best = set(stretches), 0, None
    for passage, own in _own(passages):
        found = [one for one in word_runs(own.of(passage.text), COPIED_WORDS) if one[0] in wanted]
        held = {run for run, _, _ in found}
        if len(held) > most and is_mostly_copied([one in held for one in stretches]):
            most, best = len(held), Copy(passage, _sentences_around(own, found, passage.text), is_exact=False)
    return best


def _sentences_around(own: Span, runs: Sequence[tuple[str, int, int]], text: str) -> Span:
    """The sentences in which the longest unbroken series of copied stretches stands.

    Args:
        own: Where the persona's words stand in the passage.
        runs: The copied stretches in them, in order, with their offsets from the beginning of `own`.
        text: The passage's text.
    """
    start, end = max(_series(runs), key=lambda one: one[1] - one[0])
    around = [one for one in sentence_spans(own.of(text)) if one.start < end and start < one.end]
    return Span(start=own.start + around[0].start, end=own.start + around[-1].end)


def _series(runs: Sequence[tuple[str, int, int]]) -> Iterator[tuple[int, int]]:
    """Beginning and end of stretches that overlap each other."""
    start, end = runs[0][1], runs[0][2]
    for _, first, last in runs[1:]:
        if first > end:
            yield start, end
            start = first
        end = last
    yield start, end


def _own(passages: Sequence[RetrievedPassage]) -> Iterator[tuple[RetrievedPassage, Span]]:
    return ((passage, own) for passage in passages for own in own_in_passage(passage))
