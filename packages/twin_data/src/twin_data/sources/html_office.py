"""What word processors leave in the pages that they save: comments of reviewers, deletions, marks of notes and lists.

Google Docs, Word and LibreOffice each call these by names of their own, which no other page bears.
"""

from __future__ import annotations

import re

from lxml import etree  # type: ignore[import-untyped]

from twin_data.sources.html_tree import Element, tag_of, text_of

_NOTE_LINK = re.compile(r"#(?:ftnt|cmnt|_ftn|_edn|_msocom|_msoanchor|sdfootnote|sdendnote)")
_NOTE_MARK = re.compile(r"\[?[\w*]{1,5}\]?")
_COMMENT_MARK = re.compile(r"#cmnt_ref")
_WORD_COMMENTS = "mso-element:comment-list"
_WORD_BULLET = "mso-list:ignore"
_GOOGLE_PAGE = "doc-content"
_WORD_QUOTES = frozenset({"MsoQuote", "MsoIntenseQuote", "MsoBlockText"})


def tidy_office_page(root: Element) -> bool:
    """Take out of a word processor's page what is not its text, and give quotations and title their HTML names.

    Returns:
        Whether it is one: then all of it is text, its notes too, and nothing furniture.
    """
    if not _is_office_page(root):
        return False
    for element in [one for one in root.iter("div", "span", "del", "a") if _is_no_text(one)]:
        if element.getparent() is not None:
            element.drop_tree()
    for paragraph in [one for one in root.iter("p") if _WORD_QUOTES & set(_classes(one))]:
        paragraph.tag = "blockquote"
    for title in [one for one in root.iter("p") if "title" in _classes(one) and text_of(one)]:
        title.tag = "h1"  # Google's and LibreOffice's name of the style above all headings
        if next(root.iter("title"), None) is None:
            etree.SubElement(next(root.iter("head"), root), "title").text = text_of(title)
    return True


def _is_office_page(root: Element) -> bool:
    generators = [
        str(one.get("content") or "") for one in root.iter("meta") if one.get("name", "").lower() == "generator"
    ]
    if any(re.search(r"Microsoft Word|LibreOffice|OpenOffice", one) for one in generators):
        return True
    return any(_GOOGLE_PAGE in _classes(body) for body in root.iter("body"))


def _is_no_text(element: Element) -> bool:
    style = (element.get("style") or "").replace(" ", "").lower()
    match tag_of(element):
        case "del":
            return True
        case "span":
            return _WORD_BULLET in style
        case "a":
            is_mark = _NOTE_LINK.match(element.get("href") or "") is not None
            return is_mark and _NOTE_MARK.fullmatch(text_of(element)) is not None
        case _:
            return _WORD_COMMENTS in style or _is_google_comment(element)


def _is_google_comment(element: Element) -> bool:
    """Whether a division holds one comment: its first link leads back to the place that is commented on."""
    first = next((one for one in element.iter("a") if one.get("href")), None)
    begins = first is not None and text_of(element).startswith(text_of(first))
    return begins and first is not None and _COMMENT_MARK.match(first.get("href") or "") is not None


def _classes(element: Element) -> list[str]:
    return (element.get("class") or "").split()
