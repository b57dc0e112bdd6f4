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
from twin_data.scoring.near_copies import near_copy
from twin_data.scoring.sentences import sentence_spans, word_runs, words
from twin_serve.answering.drafts import LIST_MARK

_BETWEEN_WORDS = r"[^\p{L}\p{N}]+"


@dataclass(frozen=True)
class Copy:
    """What a sentence was copied from.

    Attributes:
        passage: The passage that holds it.
        span: Where in the passage's text: whole sentences, since what frames the copied words may turn them round.
        is_exact: Whether these very words stand there in a row, punctuation and letter case aside.
        is_whole: Whether they are all that stands there, so that nothing frames them.
    """

    passage: RetrievedPassage
    span: Span
    is_exact: bool
    is_whole: bool


def own_in_passage(passage: RetrievedPassage) -> list[Span]:
    """Where in the passage's text the persona's own words stand."""
    return [Span(start=one.start - passage.start, end=one.end - passage.start) for one in passage.own]


def find_copy(sentence: str, passages: Sequence[RetrievedPassage]) -> Copy | None:
    """What the sentence was copied from: word for word, in stretches or but for a word here and there; None if not."""
    return _exact(sentence, passages) or _mostly(sentence, passages) or _nearly(sentence, passages)


def stands_whole(sentence: str, passages: Sequence[RetrievedPassage]) -> bool:
    """Whether the persona wrote this very sentence, and not as part of a longer one."""
    copy = _exact(sentence, passages)
    return copy is not None and copy.is_whole


def _exact(sentence: str, passages: Sequence[RetrievedPassage]) -> Copy | None:
    """The sentences in which these very words stand in a row, those that have no others first."""
    if not (spoken := words(sentence)):
        return None
    joined = _BETWEEN_WORDS.join(map(regex.escape, spoken))
    pattern = regex.compile(rf"(?i)(?<![\p{{L}}\p{{N}}]){joined}(?![\p{{L}}\p{{N}}])")
    part: Copy | None = None
    for passage, own in _own(passages):
        for found in pattern.finditer(passage.text, own.start, own.end):
            around = _sentences_around(own, found.start(), found.end(), passage.text)
            if len(words(around.of(passage.text))) == len(spoken):
                return Copy(passage, around, is_exact=True, is_whole=True)
            part = part or Copy(passage, around, is_exact=True, is_whole=False)
    return part


def _mostly(sentence: str, passages: Sequence[RetrievedPassage]) -> Copy | None:
    """The sentences of the passage in which most of the copied stretches stand."""
    stretches = word_stretches(sentence)
    wanted, most, best = set(stretches), 0, None
    for passage, own in _own(passages):
        found = [one for one in word_runs(own.of(passage.text), COPIED_WORDS) if one[0] in wanted]
        held = {run for run, _, _ in found}
        if len(held) > most and is_mostly_copied([one in held for one in stretches]):
            start, end = max(_series(found), key=lambda one: one[1] - one[0])
            around = _sentences_around(own, own.start + start, own.start + end, passage.text)
            most, best = len(held), Copy(passage, around, is_exact=False, is_whole=False)
    return best


def _nearly(sentence: str, passages: Sequence[RetrievedPassage]) -> Copy | None:
    for passage, own in _own(passages):
        if found := near_copy(sentence, own.of(passage.text)):
            around = _sentences_around(own, own.start + found.start, own.start + found.end, passage.text)
            return Copy(passage, around, is_exact=False, is_whole=False)
    return None


def _sentences_around(own: Span, start: int, end: int, text: str) -> Span:
    """The sentences in which a copied stretch stands, without the mark of a list's item before them.

    Args:
        own: Where the persona's words stand in the passage.
        start: Where the stretch begins in the passage's text.
        end: Where it ends.
        text: The passage's text.
    """
    sentences = [Span(start=own.start + one.start, end=own.start + one.end) for one in sentence_spans(own.of(text))]
    around = [one for one in sentences if one.start < end and start < one.end]
    mark = LIST_MARK.match(text[around[0].start : start])
    return Span(start=around[0].start + (mark.end() if mark else 0), end=around[-1].end)


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
