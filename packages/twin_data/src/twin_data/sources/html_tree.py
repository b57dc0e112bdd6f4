"""HTML bytes to a tree with plain tag names, whether the page is HTML, XHTML or a chapter of an e-book."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

import lxml.html  # type: ignore[import-untyped]
from lxml import etree

from twin_data.sources.reader import Unreadable
from twin_data.sources.text import decode, fold

Element: TypeAlias = Any
"""An `lxml.etree._Element`; lxml publishes no types."""
EPUB_TYPE = "epub-type"
"""Where `epub:type` stands after parsing: lxml takes no colon in an attribute's name."""
_EPUB_TYPE_NAMES = ("{http://www.idpf.org/2007/ops}type", "epub:type")
_DECLARED = re.compile(rb"""<\?xml[^>]*encoding=["']([\w.-]+)|<meta[^>]+charset=["']?([\w.-]+)""", re.IGNORECASE)
_DECLARATION_BYTES = 2048
_SAVED_FROM = re.compile(r"(?:saved from url=\(\d+\)|Page saved with SingleFile\s+url:\s*)(https?://\S+)")
_XHTML = re.compile(r"\s*<\?xml|[^>]{0,400}<html[^>]+xmlns=", re.IGNORECASE)


def parse_page(data: bytes, path: Path, *, charset: str | None = None) -> Element:
    """The root element of a page; `charset` is what its server says of the encoding.

    Raises:
        Unreadable: There is no markup and no text in it.
    """
    text = decode_page(data, path, charset=charset)
    # As UTF-8 bytes with the encoding told: lxml refuses text that declares an encoding itself.
    encoded = text.encode("utf-8", "replace")
    root = _parse_xml(encoded) if _XHTML.match(text) else None
    return _with_plain_names(_parse_html(encoded, path) if root is None else root)


def decode_page(data: bytes, path: Path, *, charset: str | None = None) -> str:
    """A page's text, in the encoding that its server or it itself declares where it is not UTF-8.

    Raises:
        Unreadable: The bytes are no text.
    """
    return decode(data, path, declared=charset or _declared_encoding(data))


def saved_from(url: str) -> str:
    """The comment in which a saved page tells its address, as browsers write it; the number is the address's length."""
    return f"<!-- saved from url=({len(url):04d}){url.replace('--', '%2D%2D')} -->"


def saved_url(root: Element) -> str | None:
    """The address that a saved page tells in such a comment before or within its root."""
    comments = [*root.itersiblings(etree.Comment, preceding=True), *root.iter(etree.Comment)]
    return next((match[1] for one in comments if (match := _SAVED_FROM.search(one.text or ""))), None)


def parse_fragment(text: str) -> Element:
    """A piece of HTML under one element, also where it closes more than it opens."""
    encoded = f"<div>{text}</div>".encode("utf-8", "replace")
    root = lxml.html.document_fromstring(encoded, parser=_html_parser())
    body = root.find("body")
    return _with_plain_names(root if body is None else body)


def tag_of(element: Element) -> str:
    """The tag's name; empty for comments and processing instructions."""
    return element.tag if isinstance(element.tag, str) else ""


def text_of(element: Element) -> str:
    """All text inside an element, white space folded."""
    return fold("".join(element.itertext()))


def types_of(element: Element) -> list[str]:
    """The words of `epub:type`, vocabulary-prefixed ones left out."""
    return [word for word in (element.get(EPUB_TYPE) or "").split() if ":" not in word]


def _declared_encoding(data: bytes) -> str | None:
    match = _DECLARED.search(data[:_DECLARATION_BYTES])
    if match is None:
        return None
    return str((match[1] or match[2]).decode("ascii"))


def _html_parser() -> Any:
    return lxml.html.HTMLParser(encoding="utf-8", huge_tree=True)


def _parse_html(encoded: bytes, path: Path) -> Element:
    parser = _html_parser()
    try:
        root = lxml.html.document_fromstring(encoded, parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError) as error:
        raise Unreadable(path, "empty: no text") from error
    # At a limit the parser stops and keeps what it has: half a page would pass for a whole one.
    if parser.error_log.filter_types(etree.ErrorTypes.ERR_RESOURCE_LIMIT):
        raise Unreadable(path, "nested_too_deeply")
    return root


def _parse_xml(encoded: bytes) -> Element | None:
    """The tree of well-formed XHTML; None for what the HTML parser must read.

    Entities are not expanded, so that none can swell or fetch anything; a page that uses named ones goes
    to the HTML parser, which knows them.
    """
    parser = etree.XMLParser(encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(encoded, parser)
    except etree.XMLSyntaxError:
        return None
    has_entities = next(root.iter(etree.Entity), None) is not None
    return None if has_entities else root


def _with_plain_names(root: Element) -> Element:
    """Drop the namespaces, so that one walk serves HTML and XHTML."""
    for element in root.iter(etree.Element):
        plain = element.tag.rpartition("}")[2].lower()
        if plain != element.tag:
            with suppress(ValueError):  # lxml lets the parser make names such as `a<`, but lets nobody set one
                element.tag = plain
        for name in _EPUB_TYPE_NAMES:
            if kind := element.attrib.pop(name, None):
                element.set(EPUB_TYPE, kind)
    return root
