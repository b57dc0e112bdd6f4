"""An HTML tree to blocks: tags removed, entities unescaped, white space folded, every other character kept."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lxml import etree  # type: ignore[import-untyped]

from twin_data.contracts.documents import Block, BlockStyle, Role
from twin_data.sources.html_furniture import Skip, never_text
from twin_data.sources.html_tree import EPUB_TYPE, Element, parse_fragment, tag_of, text_of
from twin_data.sources.quotations import QUOTED_BASIS, attribute_quotation, attributed_name
from twin_data.sources.text import fold_lines

CELL_SEPARATOR = " | "
HGROUP_SEPARATOR = ": "
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_ITEMS = frozenset({"li", "dt", "dd"})
_CONTAINERS = frozenset(
    "html body main article section div p ul ol dl blockquote pre table thead tbody tfoot tr caption figure figcaption "
    "hr address details summary header footer aside nav hgroup fieldset legend center form".split()
)
_BLOCKS = _CONTAINERS | frozenset(_HEADINGS) | _ITEMS
_SET_APART = frozenset({"epigraph", "pullquote", "pull-quote"})
_CREDIT = re.compile(
    r"(?i)(?:(?:photo(?:graph)?|picture|image|illustration|drawing|credit|source)s?(?:\s+(?:credit|source|courtesy))?"
    r"(?:\s+(?:by|of|from|via)\b|\s*[:©])|©|courtesy of\b)"
)
"""How a picture's caption begins that says whose it is."""
_CREDITED = {"role": Role.OTHER, "basis": "picture credit"}
_ANY_SPACE = re.compile(r"[ \t\n\r\f\v]+")
_EVENTS = ("start", "end", "comment", "pi")


def element_blocks(root: Element, skip: Skip = never_text) -> tuple[Block, ...]:
    """The blocks under an element, but for what `skip` names. Quotations are `QUOTED`, all else `OWN`."""
    return tuple(_Walk(root, skip).blocks())


def fragment_blocks(text: str) -> tuple[Block, ...]:
    """The blocks of a piece of HTML, such as one inside a Markdown file or a mail."""
    return element_blocks(parse_fragment(text))


@dataclass
class _Walk:
    """One pass over a tree, without recursion: pages may be nested deeper than Python's stack."""

    root: Element
    skip: Skip
    pieces: list[str] = field(default_factory=list)
    found: list[Block] = field(default_factory=list)
    open_tags: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    """How many blocks had been found when each open quotation or figure began."""
    group: list[str] = field(default_factory=list)
    group_level: int = 0

    def blocks(self) -> list[Block]:
        skipped: set[Element] = set()
        walker = etree.iterwalk(self.root, events=_EVENTS)
        for event, element in walker:
            if event == "start":
                if self.skip(element):
                    skipped.add(element)
                    walker.skip_subtree()
                else:
                    self._open(element)
                continue
            if event == "end" and element not in skipped:
                self._close(element)
            elif tag_of(element) in _BLOCKS:
                self._flush()
            if element is not self.root:
                self._add(element.tail)
        self._flush()
        return self.found

    def _open(self, element: Element) -> None:
        tag = tag_of(element)
        if tag in _BLOCKS:
            self._flush()
            self.open_tags.append(tag)
        if tag in {"blockquote", "figure"} or _is_set_apart(element):
            self.starts.append(len(self.found))
        elif tag in {"td", "th"} and "".join(self.pieces).strip():
            self.pieces.append(CELL_SEPARATOR)
        elif tag == "br":
            self.pieces.append("\n")
        elif tag == "q":
            self.pieces.append("“")
        self._add(element.text)

    def _close(self, element: Element) -> None:
        tag = tag_of(element)
        if tag == "q":
            self.pieces.append("”")
        if tag not in _BLOCKS:
            return
        self._flush()
        self.open_tags.pop()
        if tag == "hgroup":
            self._close_group()
        elif tag == "blockquote":
            self._close_quotation(self.starts.pop(), _cited(element, "cite", "footer"))
        elif _is_set_apart(element):
            self._close_quotation(self.starts.pop(), _cited(element, "cite", "footer"))
        elif tag == "figure":
            start = self.starts.pop()
            if next(element.iter("blockquote"), None) is not None:
                self._close_quotation(start, _cited(element, "figcaption"))

    def _close_group(self) -> None:
        if self.group:
            text, level = HGROUP_SEPARATOR.join(self.group), self.group_level or 1
            self.found.append(Block(text=text, style=BlockStyle.HEADING, level=level))
        self.group, self.group_level = [], 0

    def _close_quotation(self, start: int, author: str | None) -> None:
        quoted = [_as_quoted(block, author) for block in self.found[start:]]
        self.found[start:] = quoted if author else attribute_quotation(quoted)

    def _add(self, text: str | None) -> None:
        if text:
            self.pieces.append(text if "pre" in self.open_tags else _ANY_SPACE.sub(" ", text))

    def _flush(self) -> None:
        raw = "".join(self.pieces)
        self.pieces.clear()
        if "pre" in self.open_tags:
            if raw.strip():
                self.found.append(Block(text=raw.strip("\n").rstrip(), style=BlockStyle.CODE))
            return
        text = fold_lines(raw)
        if not text:
            return
        level = next((_HEADINGS[tag] for tag in reversed(self.open_tags) if tag in _HEADINGS), 0)
        if "hgroup" in self.open_tags:
            self.group.append(text.replace("\n", " "))
            self.group_level = min(filter(None, (self.group_level, level)), default=0)
        elif level:
            self.found.append(Block(text=text.replace("\n", " "), style=BlockStyle.HEADING, level=level))
        else:
            in_item = any(tag in _ITEMS for tag in self.open_tags)
            block = Block(text=text, style=BlockStyle.LIST_ITEM if in_item else BlockStyle.PARAGRAPH)
            is_credit = "figcaption" in self.open_tags and _CREDIT.match(text)
            self.found.append(block.model_copy(update=_CREDITED) if is_credit else block)


def _is_set_apart(element: Element) -> bool:
    """Whether a part of the page calls itself an epigraph, as a whole page may, or a pulled-out quotation."""
    if tag_of(element) not in {"section", "div", "p", "header", "aside"}:
        return False
    kinds = f"{element.get(EPUB_TYPE) or ''} {element.get('class') or ''}".lower().split()
    return not _SET_APART.isdisjoint(kinds)


def _as_quoted(block: Block, author: str | None) -> Block:
    style = block.style if block.style is BlockStyle.CODE else BlockStyle.QUOTATION
    known = block.author or author
    return Block(text=block.text, role=Role.QUOTED, style=style, author=known, basis=QUOTED_BASIS)


def _cited(element: Element, *tags: str) -> str | None:
    """Whom a quotation names as its author, in the first of these tags."""
    for source in element.iter(*tags):
        if name := attributed_name(text_of(source).lstrip("—–―- ")):
            return name
    return None
