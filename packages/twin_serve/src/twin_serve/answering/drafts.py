"""Sentences of a draft as they arrive, freed of what small models put around them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator

import regex

from twin_data.scoring.sentences import sentence_spans

# Two digits at most: a year in brackets is no passage number.
_MARKERS = regex.compile(r"\s*\[\d{1,2}\]|\s*\(\d{1,2}\)(?=[.\s]|$)")
_PREAMBLE = regex.compile(r"(?i)^(?:answer|response|passage \d+|question)\s*:\s*")
_LIST_MARK = regex.compile(r"^(?:[-*•]|\d{1,2}[.)])\s+")
_EARLIER = "So."
"""Stands for the sentences that are out already: "7." is a list's number only where nothing comes before it."""
_ENDS = regex.compile(r"[.!?…][\"'”’»)\]]*$")


async def sentences_of(pieces: AsyncIterator[str]) -> AsyncGenerator[str, None]:
    """Complete sentences of a stream of text, as soon as the next one begins.

    They are those of the whole text, however it is cut into pieces.
    """
    rest, before = "", ""
    async for piece in pieces:
        rest += piece
        text = before + rest
        complete = sentence_spans(text)[bool(before) : -1]
        for span in complete:
            yield span.of(text)
        if complete:
            # What stands between two sentences stays: a new line says that a number in front is a list's.
            rest, before = text[complete[-1].end :], _EARLIER
    if rest.strip():
        yield rest.strip()


def tidy_sentence(sentence: str) -> str:
    """The sentence without passage numbers, list marks and announcements; empty if nothing is left."""
    sentence = _LIST_MARK.sub("", sentence.strip())
    return _MARKERS.sub("", _PREAMBLE.sub("", sentence)).strip().strip("*").strip()


def is_whole(sentence: str) -> bool:
    """Whether a sentence has its end; the last one of a draft cut by its length has none."""
    return bool(_ENDS.search(sentence))
