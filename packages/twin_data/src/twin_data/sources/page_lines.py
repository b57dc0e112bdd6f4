"""Lines that blogs print around a text without marking them up: who wrote it and when, tags, where else to go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import regex

from twin_data.contracts.documents import Block, BlockStyle, Role
from twin_data.sources.dates import parse_date

_BYLINE_BLOCKS = 4
"""Within so many blocks from the top stands who wrote what follows."""
_MOST_CHARACTERS = 200
_BYLINE = regex.compile(r"(?i)(?:(?:posted|written|published)\s+)?by[:\s]+(?P<rest>\S.{1,120})")
_BETWEEN = regex.compile(r"\s*(?:[•·|/,;\n]|\s[–—-]\s|\bon\b|\bin\b)\s*")
_SITE = r"(?:facebook|twitter|x|linkedin|whatsapp|reddit|pinterest|e-?mail)"
_STEP = r"(?:[←→\s]*(?:(?:older|newer|previous|next)(?:\s+(?:posts?|articles?|entry|entries|page|story))?)[←→\s]*)"
_FURNITURE = regex.compile(
    r"(?is)(?:filed under|posted in|tagged(?: with| as)?|tags?|categor(?:y|ies))\s*[:|].*"
    rf"|(?:click to )?(?:share|tweet|like)(?: (?:this|it)(?: (?:post|article|page|story))?)?(?: on {_SITE})?\s*:?"
    r"|(?:leave|post|add) a (?:comment|reply)\W*|\d+ (?:comments?|repl(?:y|ies)|responses?|likes?|shares?|views?)"
    r"|comments(?: are)? (?:closed|off)\W*"
    rf"|{_STEP}(?:[|•·]{_STEP})*|←.{{1,100}}|.{{1,100}}→"
    r"|(?:©|\(c\))[^.!?]*\d{4}.*|copyright\s*(?:©|\(c\))?\s*\d{4}\b.*|all rights reserved\W*"
    r"|if you (?:enjoyed|liked) (?:this|what)[^.!?]*\b(?:subscrib|newsletter|shar(?:e|ing)\b)[^.!?]*[.!]*"
    r"|(?:please )?(?:subscribe|sign up)"
    r"(?: now| here| (?:to|for) (?:my|our|the|this) (?:newsletter|blog|mailing list|feed))[^.?]*[.!]*"
    r"|thanks for reading[^.!?]*[.!]+ subscribe\b.*"
    r"|\d+[\s-]*min(?:ute)?s?(?:\s+read)?|(?:skip|back|jump) to (?:(?:main )?content|top|recipe)\W*"
    r"|(?:proudly )?powered by (?:wordpress|ghost|blogger|hugo|jekyll|squarespace|medium|substack)\b.*"
    r"|read more\W*|continue reading\W*|loading\W*|related (?:posts?|articles?|stories)\W*"
    r"|you (?:may|might) also like\W*"
)
"""Whole paragraphs; a sentence that only begins like one is the author's."""


@dataclass(frozen=True)
class PageLines:
    """A page's blocks without such lines, and what they told.

    Attributes:
        blocks: The others.
        is_signed: Whether a line on top says that the text is by the persona.
        day: The day in that line.
    """

    blocks: tuple[Block, ...]
    is_signed: bool
    day: date | None


def without_page_lines(blocks: Sequence[Block], is_persona: Callable[[str], bool]) -> PageLines:
    """Take off what stands around the text; nothing, if nothing else is there.

    Args:
        blocks: Of a web page, from the top.
        is_persona: Whether a name is the persona's.
    """
    bylines = {at: parts for at, one in enumerate(blocks[:_BYLINE_BLOCKS]) if (parts := _byline(one, is_persona))}
    kept = tuple(one for at, one in enumerate(blocks) if at not in bylines and not _is_furniture(one))
    if not any(block.text for block in kept):
        return PageLines(tuple(blocks), is_signed=False, day=None)
    days = [day for parts in bylines.values() for part in parts if (day := parse_date(part))]
    return PageLines(kept, is_signed=bool(bylines), day=next(iter(days), None))


def _byline(block: Block, is_persona: Callable[[str], bool]) -> list[str]:
    """The parts of a line that says who wrote the text, if that is the persona; empty for any other block."""
    match = _BYLINE.fullmatch(block.text) if block.role is Role.OWN else None
    parts = [part for part in _BETWEEN.split(match["rest"]) if part] if match else []
    return parts if parts and is_persona(parts[0]) and not regex.search(r"[.!?]\s+\S", block.text) else []


def _is_furniture(block: Block) -> bool:
    is_line = block.role is Role.OWN and block.style is not BlockStyle.HEADING
    return is_line and len(block.text) <= _MOST_CHARACTERS and _FURNITURE.fullmatch(block.text.strip()) is not None
