"""Pages that mark no main part: the text is the smallest element that holds nearly all of the page's prose.

Prose is what is written in sentences rather than in labels and links (after Readability and Kohlschütter et al., 2010,
"Boilerplate detection using shallow text features": long blocks with few links).
"""

from __future__ import annotations

from collections import defaultdict

from twin_data.sources.html_furniture import furniture_of
from twin_data.sources.html_tree import Element, tag_of, text_of

_HEADINGS = frozenset({"h1", "h2", "h3", "h4"})
_PAGE_PARTS = frozenset({"header", "nav", "aside", "footer"})
_INLINE = frozenset(
    "a abbr b bdi bdo br cite code del dfn em font i img ins kbd mark q s samp small span strong sub sup u".split()
)
_LEAST_WORDS = 6
"""A block of fewer words is a label, unless it ends like a sentence."""
_MOST_LINKED = 0.5
_NEARLY_ALL = 0.8
_LEVELS_ABOVE = 3
"""How far above the text its heading may stand."""


def prose_parts(body: Element) -> list[Element]:
    """The element that holds nearly all prose below `body`, its heading before it; none if there is no prose."""
    weights = _weights(body)
    total = weights.get(body, 0)
    if not total:
        return []
    part = body
    while (child := next((one for one in part if weights.get(one, 0) >= _NEARLY_ALL * total), None)) is not None:
        if tag_of(child) == "p" or tag_of(child) in _INLINE:
            break
        part = child
    return with_heading(part, body)


def with_heading(part: Element, body: Element) -> list[Element]:
    """A part of the page, and before it the heading that stands above it, if the part does not begin with one."""
    heading = _heading_above(part, body)
    return [part] if heading is None else [heading, part]


def _weights(body: Element) -> dict[Element, int]:
    """Words of prose in each element, furniture left out."""
    skip = furniture_of(body)
    weights: dict[Element, int] = defaultdict(int)
    waiting = [body]
    while waiting:
        element = waiting.pop()
        if not isinstance(element.tag, str) or skip(element):
            continue
        blocks = [child for child in element if isinstance(child.tag, str) and tag_of(child) not in _INLINE]
        waiting += blocks
        if words := _prose_words(element, bool(blocks)):
            for holder in (element, *element.iterancestors()):
                weights[holder] += words
                if holder is body:
                    break
    return weights


def _prose_words(element: Element, has_blocks: bool) -> int:
    """Words of sentences that stand in an element itself, not in blocks inside it."""
    if has_blocks:
        own = [element.text or "", *(child.tail or "" for child in element)]
        own += [text_of(child) for child in element if tag_of(child) in _INLINE and tag_of(child) != "a"]
        text, linked = " ".join(" ".join(own).split()), 0
    else:
        text = text_of(element)
        links = [element] if tag_of(element) == "a" else list(element.iter("a"))
        linked = sum(len(text_of(one).split()) for one in links)
    count = len(text.split())
    if not count or linked > _MOST_LINKED * count:
        return 0
    return count if count >= _LEAST_WORDS or text[-1] in ".!?…—–;:”" else 0


def _heading_above(part: Element, body: Element) -> Element | None:
    """The last heading before the text, in what holds it, if the text itself does not begin with one."""
    if next(part.iter(*_HEADINGS), None) is not None and _begins_with_heading(part):
        return None
    holder = part
    for _ in range(_LEVELS_ABOVE):
        if holder is body or tag_of(holder) == "main" or holder.getparent() is None:
            return None
        for before in holder.itersiblings(preceding=True):
            if tag_of(before) in _HEADINGS and text_of(before):
                return before
            if tag_of(before) in _PAGE_PARTS or not tag_of(before):
                continue
            inside = [one for one in before.iter(*_HEADINGS) if text_of(one)]
            if inside and not furniture_of(body)(before):
                return inside[-1]
        holder = holder.getparent()
    return None


def _begins_with_heading(part: Element) -> bool:
    """Whether the first text inside is a heading."""
    for element in part.iter():
        if tag_of(element) in _HEADINGS and text_of(element):
            return True
        if element is not part and tag_of(element) in {"p", "li", "td", "blockquote"} and text_of(element):
            return False
    return False
