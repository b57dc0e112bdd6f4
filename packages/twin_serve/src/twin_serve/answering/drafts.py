"""Sentences of a draft as they arrive, freed of what small models put around them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass

import regex

from twin_data.scoring.sentences import sentence_spans

# Two digits at most: a year in brackets is no passage number.
_MARKERS = regex.compile(r"\s*\[\d{1,2}\]|\s*\(\d{1,2}\)(?=[.\s]|$)")
_PREAMBLE = regex.compile(
    r"(?i)^(?:(?:(?:(?:the|my)\s+)?(?:answer|response)(?:\s+is)?|passage \d+|question|brief|draft)\s*:\s*)+"
)
LIST_MARK = regex.compile(r"^(?:[-*•]|\d{1,2}(?:[.)]|\)\.))\s+")
"""What stands before the item of a list, and is no part of its sentence."""
_EARLIER = "So."
"""Stands for the sentences that are out already: "7." is a list's number only where nothing comes before it."""
_HEADING = regex.compile(r"^[^\n]{1,80}(?<![.!?…:;,\"'”’»\]])(?<![.!?…]\))[ \t]*\n+(?=\S)")
"""A first line without an end, and a sentence below it: the heading of a passage that the model read."""
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\p{Ll}*"
_DATE = rf"\(?\p{{N}}{{1,2}} {_MONTH} \p{{N}}{{4}}\)?|\p{{N}}{{4}}-\p{{N}}{{2}}-\p{{N}}{{2}}"
_LABEL = regex.compile(rf"^(?:#[\p{{L}}\p{{N}}_-]+|{_DATE})\s*:\s+")
"""A channel's name or a date that stands for the heading, and a colon."""
_BLANK_LINE = regex.compile(r"\n[ \t]*\n")


@dataclass(frozen=True)
class DraftSentence:
    """A sentence of a draft.

    Attributes:
        text: The sentence.
        gap: What stands before it: a blank, the end of a line or a blank line; nothing before the first one.
        refuses: Whether the model declines to answer with it.
    """

    text: str
    gap: str = " "
    refuses: bool = False


async def sentences_of(pieces: AsyncIterator[str]) -> AsyncGenerator[DraftSentence, None]:
    """Complete sentences of a stream of text, as soon as the next one begins.

    They are those of the whole text, however it is cut into pieces.
    """
    rest, before = "", ""
    async for piece in pieces:
        rest += piece
        text = before + rest
        complete = sentence_spans(text)[bool(before) : -1]
        at = len(before)
        for span in complete:
            yield DraftSentence(span.of(text), _gap(text[at : span.start], first=not before and span is complete[0]))
            at = span.end
        if complete:
            # What stands between two sentences stays: a new line says that a number in front is a list's.
            rest, before = text[complete[-1].end :], _EARLIER
    if last := rest.strip():
        yield DraftSentence(last, _gap(rest[: rest.index(last)], first=not before))


def _gap(between: str, *, first: bool) -> str:
    if first:
        return ""
    if _BLANK_LINE.search(between):
        return "\n\n"
    return "\n" if "\n" in between else " "


def wider(one: str, other: str) -> str:
    """The gap that sets two sentences further apart."""
    return max(one, other, key=lambda gap: (gap.count("\n"), len(gap)))


def tidy_sentence(sentence: str) -> str:
    """The sentence without heading, passage numbers, list marks and announcements; empty if nothing is left."""
    sentence = LIST_MARK.sub("", _LABEL.sub("", _HEADING.sub("", sentence.strip())))
    return _without_numbers(sentence).strip("*").strip()


def tidy_written(sentence: str) -> str:
    """The sentence of a written text, which may be a list's item, without passage numbers and announcements."""
    return _without_numbers(sentence.strip())


def _without_numbers(sentence: str) -> str:
    return _MARKERS.sub("", _PREAMBLE.sub("", sentence)).strip()
