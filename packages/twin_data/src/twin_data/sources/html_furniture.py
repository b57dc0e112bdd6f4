"""What on a page is furniture around the text: menus, share buttons, cookie banners, comments of others."""

from __future__ import annotations

import re
from collections.abc import Callable

from twin_data.sources.html_tree import EPUB_TYPE, Element, tag_of, text_of

Skip = Callable[[Element], bool]

_NEVER_TEXT = frozenset(
    "script style noscript template iframe svg canvas video audio object embed head title button input select "
    "textarea option datalist map".split()
)
_FURNITURE_TAGS = frozenset({"nav", "aside", "footer", "form", "dialog", "menu"})
_FURNITURE_ROLES = frozenset(
    "navigation banner contentinfo complementary search dialog alertdialog menu menubar toolbar".split()
)
_FURNITURE_WORDS = frozenset(
    "comment comments respond responses discussion replies kommentar kommentare commentaire commentaires comentario "
    "comentarios commento commenti reactie reacties komentarze kommentarer disqus "
    "webmentions trackbacks pingbacks reactions likes cookie cookies consent gdpr "
    "share sharing sharedaddy social related relatedposts recommended newsletter subscribe subscription signup promo "
    "advert advertisement ads sponsor sponsored breadcrumb breadcrumbs pagination pager sidebar navbar navigation nav "
    "menu toolbar toc byline tags meta bio popup modal banner widget masthead skip dateline category categories "
    "commentlist postcomment commentform prevnext footer bookmark button buttons ignore vote cta toast lightbox "
    "boilerplate ad".split()
)
# WordPress puts a post's topics among the classes of the whole article: `tag-social category-comments`.
_TOPIC_PREFIXES = frozenset({"category", "tag", "has", "no", "is", "with", "type", "status", "format"})
_INTRODUCTION_WORDS = frozenset(
    {"subtitle", "lede", "lead", "dek", "deck", "standfirst", "intro", "tagline", "excerpt", "summary"}
)
_LABELLED_TAGS = frozenset("div section p ul ol dl li details header h2 h3 h4 h5 h6 table figure article".split())
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_HEADER_TEXT = frozenset({*_HEADINGS, "hgroup"})
_NO_LETTERS = re.compile(r"[\W\d_]+")
_BULK = 0.5
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|\d+")


def never_text(element: Element) -> bool:
    """Whether an element is no text in any kind of page: scripts, controls, hidden parts, footnote numbers."""
    tag = tag_of(element)
    if tag in _NEVER_TEXT or element.get("hidden") is not None or element.get("aria-hidden") == "true":
        return True
    if "display:none" in (element.get("style") or "").replace(" ", "").lower():
        return True
    return _is_note_mark(element) if tag in {"a", "sup"} else False


def furniture_of(main: Element) -> Skip:
    """A test for elements under `main` that are not its text. The bulk of the text is never furniture."""
    bulk = _BULK * len(text_of(main))

    def skip(element: Element) -> bool:
        if never_text(element):
            return True
        if element is main or not _looks_like_furniture(element):
            return False
        return len(text_of(element)) <= bulk

    return skip


def is_labelled_furniture(element: Element) -> bool:
    """Whether an element's class, id or role calls it furniture."""
    if element.get("role") in _FURNITURE_ROLES:
        return True
    if any(map(_is_furniture_name, (element.get("class") or "").split())):
        return True
    return any(map(_is_furniture_name, (element.get("id") or "").split())) and not _is_named_by_program(element)


def _is_named_by_program(element: Element) -> bool:
    """Whether ids are made of headings here, of its own and another's: then `discussion` says what a part is about."""
    parent = element.getparent()
    beside = [] if parent is None else [one for one in parent.iterchildren(element.tag) if one is not element]
    return _has_id_of_heading(element) and any(map(_has_id_of_heading, beside))


def _has_id_of_heading(element: Element) -> bool:
    """Whether its id is the heading that it is or begins with, as Pandoc, Sphinx and blogs' programs make them."""
    heading = next(element.iter(*_HEADINGS), None)
    if heading is None or (heading is not element and heading.getparent() is not element):
        return False
    written, given = (_NO_LETTERS.sub("-", one.lower()).strip("-") for one in (text_of(heading), element.get("id", "")))
    return bool(given) and written == given


def _looks_like_furniture(element: Element) -> bool:
    tag = tag_of(element)
    if tag in _FURNITURE_TAGS:
        return not _is_in_quotation(element)
    if tag in _LABELLED_TAGS and is_labelled_furniture(element):
        return True
    return _is_between_headings(element)


def _is_between_headings(element: Element) -> bool:
    """Whether an element of an article's `header` is neither heading nor introduction: date, author, picture."""
    parent = element.getparent()
    if parent is None or tag_of(parent) != "header" or tag_of(element) in _HEADER_TEXT:
        return False
    if next(element.iter(*_HEADER_TEXT), None) is not None:
        return False
    return not any(word in _INTRODUCTION_WORDS for name in _names(element) for word in _words(name))


def _is_in_quotation(element: Element) -> bool:
    return next(element.iterancestors("blockquote"), None) is not None


def _is_note_mark(element: Element) -> bool:
    """A footnote's number, the arrow back from a footnote, or a heading's own anchor."""
    kinds = f"{element.get(EPUB_TYPE) or ''} {element.get('role') or ''} {element.get('class') or ''}".split()
    marks = {
        "footnote-number",
        "footnote-anchor",
        "noteref",
        "doc-noteref",
        "doc-backlink",
        "footnote-ref",
        "footnote-backref",
        "headerlink",
    }
    if marks & set(kinds):
        return True
    links = [element] if tag_of(element) == "a" else list(element.iter("a"))
    if not links or not all((link.get("href") or "").startswith("#") for link in links):
        return False
    text = text_of(element)
    if tag_of(element) == "sup":
        return bool(re.fullmatch(r"\[?\w{1,3}\]?|[*†‡]+", text))
    return text in {"¶", "#", "§", "↩", "↩︎", "🔗"}


def _names(element: Element) -> list[str]:
    return f"{element.get('class') or ''} {element.get('id') or ''}".split()


def _is_furniture_name(name: str) -> bool:
    words = _words(name)
    return bool(words) and words[0] not in _TOPIC_PREFIXES and any(word in _FURNITURE_WORDS for word in words)


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(name)]
