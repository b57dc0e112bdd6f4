"""Sentences of a draft as they arrive, freed of what small models put around them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import regex

from twin_data.scoring.sentences import sentence_spans

_MARKERS = regex.compile(r"\s*\[\d+\]|\s*\(\d+\)(?=[.\s]|$)")
_PREAMBLE = regex.compile(r"(?i)^(?:answer|response|passage \d+|question)\s*:\s*")
_LIST_MARK = regex.compile(r"^(?:[-*•]|\d+[.)])\s+")


async def sentences_of(pieces: AsyncIterator[str]) -> AsyncIterator[str]:
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
