"""Sentences of a draft as they arrive, freed of what small models put around them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator

import regex

from twin_data.scoring.sentences import sentence_spans

# Two digits at most: a year in brackets is no passage number.
_MARKERS = regex.compile(r"\s*\[\d{1,2}\]|\s*\(\d{1,2}\)(?=[.\s]|$)")
_PREAMBLE = regex.compile(r"(?i)^(?:answer|response|passage \d+|question)\s*:\s*")
_LIST_MARK = regex.compile(r"^(?:[-*•]|\d{1,2}[.)])\s+")
_ENDS = regex.compile(r"[.!?…][\"'”’»)\]]*$")


async def sentences_of(pieces: AsyncIterator[str]) -> AsyncGenerator[str, None]:
    """Complete sentences of a stream of text, as soon as the next one begins."""
    buffer = ""
    async for piece in pieces:
        buffer += piece
        spans = sentence_spans(buffer)
        if len(spans) > 1:
            for span in spans[:-1]:
                yield span.of(buffer)
            buffer = buffer[spans[-1].start :]
    if buffer.strip():
        yield buffer.strip()


def tidy_sentence(sentence: str) -> str:
    """The sentence without passage numbers, list marks and announcements; empty if nothing is left."""
    sentence = _LIST_MARK.sub("", sentence.strip())
    return _MARKERS.sub("", _PREAMBLE.sub("", sentence)).strip().strip("*").strip()


def is_whole(sentence: str) -> bool:
    """Whether a sentence has its end; the last one of a draft cut by its length has none."""
    return bool(_ENDS.search(sentence))
