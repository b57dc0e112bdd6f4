"""What a page says of itself: title, author, date, address, and what kind of page of a book it is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from twin_data.configuration.names import named_author
from twin_data.sources.dates import parse_date
from twin_data.sources.html_tree import EPUB_TYPE, Element, saved_url, tag_of, text_of, types_of
from twin_data.sources.reader import joined_address
from twin_data.sources.records import json_value, person_field

_DATE_NAMES = (
    "article:published_time",
    "datepublished",
    "date",
    "dc.date",
    "dc.date.issued",
    "dcterms.created",
    "pubdate",
    "publish-date",
    "publication_date",
)
_SIGNATURE = "z3998:signature"
_AROUND_THE_TEXT = frozenset({"frontmatter", "backmatter", "introduction", "preface", "foreword", "afterword"})
_AUTHOR_NAMES = ("author", "article:author", "dc.creator", "parsely-author")


def page_title(root: Element, main: Element) -> str | None:
    """The text's only `h1`, else the title that the page gives to those who share it, else its `title`.

    An only `h1` outside of the text is the site's name rather than the title, if the page shares another one, or if
    the text begins with a smaller heading that stands beside the site's name in the page's `title`.
    """
    shared = _meta(root).get("og:title")
    whole = next((text_of(title) for title in root.iter("title")), "")
    inside, anywhere = ([text for one in scope.iter("h1") if (text := text_of(one))] for scope in (main, root))
    if len(inside) == 1:
        return inside[0]
    if len(anywhere) == 1 and (shared is None or anywhere[0] in shared):
        heads = next((text_of(one) for one in main.iter("h2", "h3", "h4")), "")
        return heads if heads and not inside and heads in whole and heads not in anywhere[0] else anywhere[0]
    return shared or whole or None


def page_author(root: Element) -> str | None:
    """Whom the page names as its author; an address instead of a name does not count, nor who is nobody."""
    fields = _meta(root)
    candidates = [fields.get(name, "") for name in _AUTHOR_NAMES]
    candidates += [text_of(link) for link in root.iter("a") if "author" in (link.get("rel") or "").split()]
    candidates += [name for record in _linked_data(root) if (name := person_field(record, "author"))]
    return next((name for one in candidates if "://" not in one and (name := named_author(one))), None)


def page_date(root: Element, main: Element) -> date | None:
    """The day of publication: meta tags, structured data, then the `time` elements of the text's head."""
    fields = _meta(root)
    candidates: list[object] = [fields.get(name) for name in _DATE_NAMES]
    candidates += [record.get("datePublished") for record in _linked_data(root)]
    times = [element for scope in (main, root) for element in scope.iter("time") if element.get("datetime")]
    # Stable: what is marked as published comes first, the rest stays in the order of the page.
    times.sort(key=lambda element: not _is_publication(element))
    candidates += [element.get("datetime") for element in times]
    # Before there was `time`, microformats put the moment into the title of an abbreviation.
    candidates += [element.get("title") for element in root.iter("abbr") if _is_publication(element)]
    return next((found for value in candidates if (found := parse_date(value))), None)


def page_url(root: Element) -> str | None:
    """The canonical address, else the one that it was saved from."""
    saved = saved_url(root)
    for link in root.iter("link"):
        if "canonical" in (link.get("rel") or "").split() and link.get("href"):
            return joined_address(saved or "", str(link.get("href"))) or saved
    return _meta(root).get("og:url") or saved


def is_article_page(root: Element) -> bool:
    """Whether the page says that it is one article, rather than a list of some."""
    return _meta(root).get("og:type") == "article"


def is_reserved_page(root: Element) -> bool:
    """Whether the page reserves text and data mining, by the TDM Reservation Protocol's meta tag."""
    return _meta(root).get("tdm-reservation") == "1"


def page_matter(root: Element) -> str | None:
    """The book's own word for the page (`chapter`, `colophon`, …): that of its innermost sole section."""
    element = next(root.iter("body"), root)
    matter = None
    while element is not None:
        words = types_of(element)
        matter = words[0] if words else matter
        children = list(element.iterchildren("section", "div", "article", "nav"))
        element = children[0] if len(children) == 1 and len(element) == 1 else None
    return matter


def book_signature(root: Element) -> str | None:
    """Who signs a page before or after a book's text, if just one does: an introduction may be another's.

    Signatures of letters within the text tell nothing of who wrote the book.
    """
    around = {word for element in root.iter("body", "section", "nav", "article") for word in types_of(element)}
    if around.isdisjoint(_AROUND_THE_TEXT):
        return None
    signed = [one for one in root.iter() if _SIGNATURE in (one.get(EPUB_TYPE) or "").split()]
    return text_of(signed[0]) or None if len(signed) == 1 and not _is_in_letter(signed[0]) else None


def _is_in_letter(element: Element) -> bool:
    return any(
        tag_of(one) == "blockquote" or "z3998:letter" in (one.get(EPUB_TYPE) or "").split()
        for one in element.iterancestors()
    )


def is_book_page(root: Element) -> bool:
    """Whether the page belongs to an e-book."""
    return any(element.get(EPUB_TYPE) for element in root.iter("html", "body", "section"))


def _is_publication(element: Element) -> bool:
    marks = f"{element.get('class') or ''} {element.get('itemprop') or ''}".lower()
    return element.get("pubdate") is not None or "publish" in marks


def _meta(root: Element) -> dict[str, str]:
    """Meta tags by lower-case name; the first of a name counts."""
    found: dict[str, str] = {}
    for element in root.iter("meta"):
        name = element.get("property") or element.get("name") or element.get("itemprop")
        content = " ".join((element.get("content") or "").split())
        if name and content:
            found.setdefault(name.lower(), content)
    return found


def _linked_data(root: Element) -> Iterator[dict[str, object]]:
    """JSON-LD objects; what is not JSON is no metadata."""
    for script in root.iter("script"):
        if script.get("type") != "application/ld+json":
            continue
        try:
            value = json_value(script.text or "")
        except ValueError:
            continue
        for record in value if isinstance(value, list) else [value]:
            if isinstance(record, dict):
                graph = record.get("@graph")
                yield from (one for one in graph if isinstance(one, dict)) if isinstance(graph, list) else [record]
