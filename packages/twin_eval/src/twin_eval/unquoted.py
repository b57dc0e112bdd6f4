"""The twin's own wording: an answer or a draft without what it quotes, cites or discloses.

Voice and copying are measured on this alone. A twin that strings quotations together would otherwise score as the
persona, whose words they are.
"""

from __future__ import annotations

from collections.abc import Iterable

import regex

from twin_data.contracts.answers import SentenceOutcome
from twin_data.scoring.sentences import words
from twin_eval.prose import without_markers, without_sources
from twin_eval.records import Answer

SAMPLE_WORDS = 60
"""Answers are short and style in a few words is chance: sentences are pooled up to this length."""
DISCLOSURE = "disclosure"
"""The reason that the service gives for a sentence that says what the twin is."""
OWN = frozenset({SentenceOutcome.SUPPORTED, SentenceOutcome.UNCHECKED, SentenceOutcome.UNSUPPORTED})
# A quotation may run over several paragraphs, but not for ever: a mark that is never closed takes nothing along.
_QUOTATION = regex.compile(
    r"“[^“”]{0,4000}”|«[^«»]{0,4000}»|\"[^\"\n]{0,2000}\"|(?<![\p{L}\p{N}])‘[^‘’\n]{2,2000}’(?!\p{L})"
)
_QUOTED_LINE = regex.compile(r"(?m)^[ \t]*>.*(?:\n|$)")
_BEFORE_STOP = regex.compile(r"[ \t]+(?=[.,;:!?…])")
_SPACES = regex.compile(r"[ \t]{2,}")


def unquoted(text: str) -> str:
    """The text without quotations and their marks, block quotations included."""
    bare = _QUOTATION.sub(" ", _QUOTED_LINE.sub("", text))
    return _SPACES.sub(" ", _BEFORE_STOP.sub("", bare)).strip()


def own_sentences(answer: Answer) -> tuple[str, ...]:
    """What the twin said itself: sentences of the draft that were shipped, unquoted; none of a refusal."""
    if answer.is_declined:
        return ()
    shipped = (one.text for one in answer.twin.sentences if one.outcome in OWN and one.reason != DISCLOSURE)
    return tuple(text for text in map(unquoted, map(without_markers, shipped)) if words(text))


def own_draft(answer: Answer) -> str:
    """The text of a draft, its paragraphs kept, without quotations, markers and the list of sources."""
    if answer.is_declined:
        return ""
    body = without_sources(answer.content, {citation.n for citation in answer.twin.citations})
    return unquoted(without_markers(body))


def pooled(sentences: Iterable[str], *, at_least: int = SAMPLE_WORDS) -> tuple[str, ...]:
    """Sentences joined in their order into samples of at least so many words; what is left over joins the last.

    The one sample of too few sentences may be shorter.
    """
    samples: list[list[str]] = [[]]
    count = 0
    for sentence in sentences:
        if count >= at_least:
            samples.append([])
            count = 0
        samples[-1].append(sentence)
        count += len(words(sentence))
    if len(samples) > 1 and count < at_least:
        left_over = samples.pop()
        samples[-1] += left_over
    return tuple(" ".join(one) for one in samples if one)
