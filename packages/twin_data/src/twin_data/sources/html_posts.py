"""Pages that show posts of several people, each with its poster's name, as forums do."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping

from twin_data.sources.html_meta import page_author
from twin_data.sources.html_tree import Element, tag_of, text_of

_POSTER_WORDS = frozenset({"username", "poster", "commenter", "nickname", "screenname"})
_AT_THE_END = frozenset({"author", "user"})
"""These call an element a name where nothing follows: a `user-input` is what a reader types."""
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_NAME_CHARACTERS = 40
_WORDS_BEFORE = 4
"""So many may stand before a name in its line, as `Posted by` does; a sentence has more."""
_AT_LEAST = 2
"""So many people must have posts of the same kind: an article with its author's name alone is no thread."""


def drop_posts_of_others(root: Element, is_known: Callable[[str], bool]) -> tuple[str, ...]:
    """Take the posts of others out of a page that shows posts of several people, and the names out of the rest.

    On a page that is by the persona as a whole, authors among whom it is not are those of the books that it tells of;
    what readers write below it bears other marks, or stands in what is called comments.

    Args:
        root: The page.
        is_known: Whether a name is the persona's.

    Returns:
        The names of the others whose posts are gone; none where the page is no such one.
    """
    markers = _markers(root)
    held = Counter(parent for marker in markers for parent in marker.iterancestors())
    kinds: dict[tuple[str, str], list[tuple[Element, Element]]] = defaultdict(list)
    for marker in markers:
        post = _post_of(marker, held)
        kinds[tag_of(post), " ".join(sorted(_classes(post)))].append((post, marker))
    gone: dict[str, None] = {}
    is_own_page = is_known(page_author(root) or "")
    for posts in kinds.values():
        names = {text_of(marker).casefold() for _, marker in posts}
        if len(names) < _AT_LEAST or any(post is marker for post, marker in posts):
            continue
        are_authors = all(_kinds(marker) == {"author"} for _, marker in posts)
        if is_own_page and are_authors and not any(map(is_known, names)):
            continue
        for post, marker in posts:
            name = text_of(marker)
            if not is_known(name):
                gone[name] = None
            _drop(marker if is_known(name) else post)
    return tuple(gone)


def _markers(root: Element) -> list[Element]:
    """The innermost elements whose class calls them a poster's name."""
    named = [one for one in root.iter("div", "span", "a", "b", "strong", "p", "td", "h3", "h4", "h5") if _is_name(one)]
    around = {parent for one in named for parent in one.iterancestors()}
    return [one for one in named if one not in around]


def _is_name(element: Element) -> bool:
    return bool(_kinds(element)) and 0 < len(text_of(element)) <= _NAME_CHARACTERS and not _is_within_sentence(element)


def _kinds(element: Element) -> set[str]:
    """By which words an element is called the name of an author or poster."""
    found = {"author"} if element.get("itemprop") == "author" else set[str]()
    for name in _classes(element):
        said = [word.lower() for word in _WORD.findall(name)]
        found |= _POSTER_WORDS.intersection(said)
        found |= _AT_THE_END.intersection([word for word in said if word not in {"name", "link"}][-1:])
    return found


def _is_within_sentence(element: Element) -> bool:
    """Whether many words stand before it, in what holds both."""
    parent = element.getparent()
    before = [parent.text if parent is not None else "", *(one.tail for one in element.itersiblings(preceding=True))]
    return sum(len((text or "").split()) for text in before) > _WORDS_BEFORE


def _post_of(marker: Element, held: Mapping[Element, int]) -> Element:
    """The largest element around a poster's name that holds no other one.

    Args:
        marker: Where the name stands.
        held: How many such names each element holds.
    """
    post = marker
    for element in marker.iterancestors():
        if held[element] > 1 or tag_of(element) in {"body", "html"}:
            break
        post = element
    return post


def _drop(element: Element) -> None:
    """Take an element out and leave the text behind it."""
    parent, tail = element.getparent(), element.tail or ""
    if parent is None:
        return
    before = element.getprevious()
    if before is None:
        parent.text = (parent.text or "") + tail
    else:
        before.tail = (before.tail or "") + tail
    parent.remove(element)


def _classes(element: Element) -> list[str]:
    return (element.get("class") or "").split()
