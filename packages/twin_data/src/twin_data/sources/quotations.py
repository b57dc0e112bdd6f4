"""Who is quoted: attribution lines of quotations in pages, posts and mail."""

from __future__ import annotations

import re

from twin_data.contracts.documents import Block

QUOTED_BASIS = "blockquote"
_MAX_NAME_WORDS = 8
_DASH_LINE = re.compile(r"(?:—|–|―|--?)\s*(?P<name>\w.*)", re.DOTALL)


def quotation_author(text: str) -> str | None:
    """The name in an attribution such as `— Ada Lovelace, Notes, 1843`; None for any other text."""
    match = _DASH_LINE.fullmatch(text.strip())
    return attributed_name(match["name"]) if match else None


def attributed_name(text: str) -> str | None:
    """A name as far as the first comma, bracket or line end; None if it is too long to be one."""
    name = re.split(r"[,;(\n]", text, maxsplit=1)[0].strip(" .:—–―-")
    return name if name and len(name.split()) <= _MAX_NAME_WORDS else None


def attribute_quotation(blocks: list[Block], known: str | None = None) -> list[Block]:
    """Give the blocks of one quotation the author known, else the one that its last line names, if it does."""
    if not blocks:
        return blocks
    last = blocks[-1].text
    author = known or quotation_author(last) or (quotation_author(last.rsplit("\n", 1)[1]) if "\n" in last else None)
    if author is None:
        return blocks
    return [block if block.author else block.model_copy(update={"author": author}) for block in blocks]
