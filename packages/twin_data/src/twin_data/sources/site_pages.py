"""What a fetched page, feed or sitemap says: its links, whether it is a list of others, whether it may be used."""

from __future__ import annotations

import gzip
import io
import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from lxml import etree  # type: ignore[import-untyped]

from twin_data.sources.feeds import entry_link, parse_feed
from twin_data.sources.html_furniture import is_labelled_furniture
from twin_data.sources.html_meta import is_article_page, is_reserved_page, page_url
from twin_data.sources.html_tree import Element, decode_page, parse_page, saved_from, tag_of
from twin_data.sources.reader import MEBIBYTE, Unreadable
from twin_data.sources.site_fetch import Fetched
from twin_data.sources.site_rules import TDM_FIELD, Scope, normalise_url
from twin_data.sources.text import fold

_PAGE_TYPES = frozenset({"text/html", "application/xhtml+xml", ""})
_LISTED_PAGES = 3
"""A page on which the headings of so many others are links is a list of them, not a text."""
_HEADINGS = frozenset({"h1", "h2", "h3", "h4"})
_FURNITURE = frozenset({"nav", "aside", "footer"})
_NO_TEXT = frozenset({"head", "title", "script", "style", "noscript", "template"})
_LISTING_PATHS = re.compile(
    r"/(?:tags?|categor(?:y|ies)|topics?|authors?|archives?|search|page/\d+)(?:/|$)", re.IGNORECASE
)
_FEED_TYPES = frozenset({"application/rss+xml", "application/atom+xml"})
_MOST_UNPACKED = 64 * MEBIBYTE
_DOCTYPE = re.compile(r"\s*(?:<\?xml[^>]*\?>\s*)?(?:<!doctype[^>]*>)?", re.IGNORECASE)
_CHARSET = re.compile(r"charset=[\"']?([\w.-]+)", re.IGNORECASE)


@dataclass(frozen=True)
class SitePage:
    """A page as far as the crawl is concerned."""

    text: str
    links: tuple[str, ...]
    feeds: tuple[str, ...]
    canonical: str | None
    is_listing: bool
    is_reserved: bool


def read_page(answer: Fetched, scope: Scope) -> SitePage | None:
    """The page in an answer; None if it holds something else.

    Raises:
        Unreadable: The page has no text.
    """
    if answer.media_type not in _PAGE_TYPES:
        return None
    path = Path(urlsplit(answer.url).path)
    charset = _CHARSET.search(answer.headers.get("content-type", ""))
    root = parse_page(answer.body, path, charset=charset[1] if charset else None)
    base = _base(root, answer.url)
    links = [link for one in root.iter("a") if _may_be_followed(one) and (link := _target(one, base))]
    canonical = page_url(root)
    return SitePage(
        text=decode_page(answer.body, path, charset=charset[1] if charset else None),
        links=tuple(dict.fromkeys(link for link in links if scope.holds(link))),
        feeds=tuple(
            link
            for one in root.iter("link")
            if (one.get("type") or "").lower() in _FEED_TYPES and (link := _target(one, base))
        ),
        canonical=normalise_url(canonical, base) if canonical else None,
        is_listing=bool(_LISTING_PATHS.search(urlsplit(answer.url).path)) or _is_list(root, answer.url, base, scope),
        is_reserved=answer.headers.get(TDM_FIELD, "").strip() == "1" or is_reserved_page(root),
    )


def marked_page(page: SitePage, url: str) -> bytes:
    """The page as UTF-8, with its address in it the way browsers write it when they save one."""
    head = _DOCTYPE.match(page.text)
    at = head.end() if head else 0
    return f"{page.text[:at]}\n{saved_from(url)}\n{page.text[at:]}".encode("utf-8-sig", "replace")


def listed_urls(answer: Fetched) -> tuple[list[str], list[str]] | None:
    """The pages, and the further sitemaps, that a feed or sitemap lists; None if it is neither."""
    body = _unpacked(answer.body)
    head = body[:4096].lower()
    if b"<urlset" in head or b"<sitemapindex" in head:
        return _sitemap(body, answer.url)
    if not any(mark in head for mark in (b"<rss", b"<feed", b"<rdf:rdf")):
        return None
    try:
        feed = parse_feed(body, Path(urlsplit(answer.url).path))
    except Unreadable:
        return [], []
    links = [entry_link(entry, {"link": answer.url}) for entry in feed.entries]
    return [url for link in links if link and (url := normalise_url(link))], []


def _sitemap(body: bytes, base: str) -> tuple[list[str], list[str]]:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=True)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError:
        root = None
    found: dict[str, list[str]] = {"url": [], "sitemap": []}
    for element in root.iter(etree.Element) if root is not None else ():
        parent = element.getparent()
        kind = "" if parent is None else etree.QName(parent).localname
        if etree.QName(element).localname == "loc" and kind in found:
            if url := normalise_url(element.text or "", base):
                found[kind].append(url)
    return found["url"], found["sitemap"]


def _unpacked(body: bytes) -> bytes:
    """A sitemap may come as a .gz file; what is none, or swells, is left as it is."""
    if not body.startswith(b"\x1f\x8b"):
        return body
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(body)) as stream:
            return stream.read(_MOST_UNPACKED)
    except (OSError, EOFError, zlib.error):
        return body


def _base(root: Element, url: str) -> str:
    """What links are relative to."""
    element = next(root.iter("base"), None)
    given = element.get("href") if element is not None else None
    return (normalise_url(given, url) if given else None) or url


def _target(element: Element, base: str) -> str | None:
    return normalise_url(element.get("href") or "", base) if element.get("href") else None


def _is_list(root: Element, url: str, base: str, scope: Scope) -> bool:
    """Whether headings that lead to other pages come from the start on; under an article they are its neighbours.

    The second counts: the first may be the site's own name, which leads to its start.
    """
    if is_article_page(root):
        return False
    first_at: dict[str, int] = {}
    characters = 0
    for element in root.iter(etree.Element):
        if tag_of(element) in _HEADINGS and not _is_furniture(element):
            for link in _heading_links(element, base):
                if link != url and scope.holds(link):
                    first_at.setdefault(link, characters)
        if tag_of(element) not in _NO_TEXT:
            characters += len(fold(element.text or "")) + len(fold(element.tail or ""))
    return len(first_at) >= _LISTED_PAGES and sorted(first_at.values())[1] < characters / 2


def _is_furniture(element: Element) -> bool:
    return any(tag_of(one) in _FURNITURE or is_labelled_furniture(one) for one in element.iterancestors())


def _heading_links(heading: Element, base: str) -> list[str]:
    """Pages that a heading links to, whether the link is in it or around it."""
    inside = list(heading.iter("a")) + list(heading.iterancestors("a"))
    return [link for one in inside if not (one.get("href") or "#").startswith("#") and (link := _target(one, base))]


def _may_be_followed(link: Element) -> bool:
    return "nofollow" not in (link.get("rel") or "").lower().split()
