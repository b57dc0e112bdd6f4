"""Entries of an RSS or Atom feed as pages of a source: one file an entry, so that what leaves the feed stays."""

from __future__ import annotations

import html
from dataclasses import dataclass
from time import struct_time
from typing import Any

import feedparser

from twin_data.contracts.digests import digest_text, short
from twin_data.contracts.errors import SourceError


@dataclass(frozen=True)
class FeedPage:
    """One entry.

    Attributes:
        name: File name, by the entry's id: an entry that was edited keeps it.
        html: The page.
    """

    name: str
    html: str


def feed_pages(data: bytes, address: str) -> tuple[FeedPage, ...]:
    """The entries of a feed that hold text, in the feed's order; of entries with one id the first counts.

    Raises:
        SourceError: It is no feed.
    """
    feed = feedparser.parse(data)
    if not feed.get("version"):
        why = feed.get("bozo_exception") or "neither RSS nor Atom"
        raise SourceError(f"{address} is no feed: {why}", next_step="name the address of its RSS or Atom file")
    pages: dict[str, FeedPage] = {}
    for entry in feed.entries:
        if body := _body(entry):
            name = f"{short(digest_text(_id(entry)))}.html"
            pages.setdefault(name, FeedPage(name, _page(entry, body)))
    return tuple(pages.values())


def _id(entry: Any) -> str:
    return str(entry.get("id") or entry.get("link") or entry.get("title") or "")


def _body(entry: Any) -> str:
    """The whole text where the feed gives it, else the summary, as HTML (feedparser has taken scripts out)."""
    texts = [*entry.get("content", ()), entry.get("summary_detail") or {}]
    whole = max(texts, key=lambda one: len(one.get("value") or ""))
    value = str(whole.get("value") or "").strip()
    if whole.get("type") == "text/plain":
        return "".join(f"<p>{html.escape(part.strip())}</p>" for part in value.split("\n\n") if part.strip())
    return value


def _page(entry: Any, body: str) -> str:
    head = [f"<title>{html.escape(entry.get('title') or '')}</title>"]
    if author := entry.get("author"):
        head.append(f'<meta name="author" content="{html.escape(author)}">')
    if day := _day(entry.get("published_parsed") or entry.get("updated_parsed")):
        head.append(f'<meta name="date" content="{day}">')
    if link := entry.get("link"):
        head.append(f'<link rel="canonical" href="{html.escape(link)}">')
    return (
        f'<!doctype html>\n<html><head><meta charset="utf-8">{"".join(head)}</head>\n'
        f"<body><article>\n{body}\n</article></body></html>\n"
    )


def _day(moment: struct_time | None) -> str:
    return f"{moment.tm_year:04}-{moment.tm_mon:02}-{moment.tm_mday:02}" if moment else ""
