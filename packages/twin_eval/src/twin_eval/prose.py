"""An answer without what only points to its sources."""

from __future__ import annotations

from collections.abc import Collection

import regex

_MARKER = regex.compile(r"\s?(?<![\p{L}\p{N}_])\[\d{1,3}(?:\s*,\s*\d{1,3})*\]")
_HEADING = regex.compile(r"[\s#*_>–—-]*(?:sources|references|citations)[\s*_:]*", regex.IGNORECASE)
_ITEM = regex.compile(r"\s*(?:[-*]\s*)?\[(\d{1,3})\][:.]?\s+\S")


def without_markers(text: str) -> str:
    """The text without citation markers such as `[1]` or `[1, 2]`, whose figures are no statement."""
    return _MARKER.sub("", text)


def without_sources(content: str, numbers: Collection[int]) -> str:
    """The answer up to its list of sources, if it ends in one.

    Args:
        content: The message's text.
        numbers: The numbers of the answer's citations. A line is taken for the list's first if it is a heading such
            as `Sources:`, or begins with one of these numbers in brackets and stands below something.
    """
    lines = content.split("\n")
    for at, line in enumerate(lines):
        item = _ITEM.match(line)
        is_heading = _HEADING.fullmatch(line) is not None
        if is_heading or (item and int(item[1]) in numbers):
            above = "\n".join(lines[:at]).rstrip()
            if is_heading or above:
                return above
    return content
