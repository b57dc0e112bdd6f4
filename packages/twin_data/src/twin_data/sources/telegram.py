"""Chats that Telegram exported as pages: `messages.html`, `messages2.html` and so on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from twin_data.contracts.documents import BLOCK_SEPARATOR
from twin_data.sources.chat_documents import day_documents
from twin_data.sources.conversations import Turn
from twin_data.sources.dates import parse_date
from twin_data.sources.exports import elements_of_class, head_of
from twin_data.sources.html_blocks import element_blocks
from twin_data.sources.html_tree import Element, parse_page, text_of
from twin_data.sources.reader import ReadContext, Reading, Skipped, Unreadable
from twin_data.sources.text import fold, title_from_name

_PAGES = re.compile(r"messages\d*\.html")
_MARK = b"page_body chat_page"


class TelegramReader:
    """One document a day of a chat. A page of it names the writer above each message, but for those that follow."""

    name = "telegram"
    reads_folders = False

    def claims(self, path: Path) -> bool:
        """Whether this is a page of a chat."""
        return _PAGES.fullmatch(path.name) is not None and _MARK in head_of(path)

    def read(self, path: Path, context: ReadContext) -> Iterator[Reading]:
        """Yield the days; what Telegram itself says is left out, and messages without a day are passed over."""
        root = parse_page(context.read_bytes(path), path)
        turns = [turn for turn in _turns(root) if turn.text]
        dated = [turn for turn in turns if turn.day is not None]
        if not dated:
            raise Unreadable(path, "empty: no text")
        header = next((text_of(one) for one in elements_of_class(root, "page_header")), "")
        yield from day_documents(dated, path, context, title=header or title_from_name(path))
        if undated := len(turns) - len(dated):
            yield Skipped(path=path, reason=f"no_date: {undated} messages")


def _turns(root: Element) -> Iterator[Turn]:
    writer = ""
    for message in elements_of_class(root, "default"):
        forwarded = next(elements_of_class(message, "forwarded"), None)
        inside = set() if forwarded is None else set(forwarded.iter())
        names = [one for one in elements_of_class(message, "from_name") if one not in inside]
        writer = _name(names[0]) if names else writer
        stamps = (one.get("title") for one in elements_of_class(message, "date"))
        day = next((found for stamp in stamps if (found := parse_date(stamp))), None)
        for text in elements_of_class(message, "text"):
            name = writer if text not in inside else _forwarded_from(forwarded)
            yield Turn(name, BLOCK_SEPARATOR.join(block.text for block in element_blocks(text)), day)


def _forwarded_from(forwarded: Element) -> str:
    """Whose a forwarded message is; nobody's where that is not told."""
    return next((_name(one) for one in elements_of_class(forwarded, "from_name")), "")


def _name(element: Element) -> str:
    """A name without the time that stands behind that of a forwarded message, and the bot that sent it."""
    return fold(element.text or "").removesuffix(" via")
