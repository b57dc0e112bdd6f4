"""Pages that mark no main part: the text is found by trafilatura's rules."""

from __future__ import annotations

from lxml import etree  # type: ignore[import-untyped]

from twin_data.contracts.documents import Block, BlockStyle, Role
from twin_data.sources.html_tree import Element, tag_of
from twin_data.sources.quotations import QUOTED_BASIS
from twin_data.sources.text import fold_lines

_HEADING = "head"
_STYLES = {
    _HEADING: BlockStyle.HEADING,
    "p": BlockStyle.PARAGRAPH,
    "ab": BlockStyle.PARAGRAPH,
    "item": BlockStyle.LIST_ITEM,
    "quote": BlockStyle.QUOTATION,
    "code": BlockStyle.CODE,
    "row": BlockStyle.PARAGRAPH,
}


def extracted_blocks(root: Element) -> tuple[Block, ...]:
    """The blocks that trafilatura finds; none if it finds no text."""
    import trafilatura  # takes a second to import, and most pages mark their main part

    markup = etree.tostring(root, encoding="unicode", method="html")
    found = trafilatura.extract(
        markup, output_format="xml", include_comments=False, include_formatting=False, favor_recall=True
    )
    if not found:
        return ()
    main = etree.fromstring(found.encode()).find(".//main")
    return () if main is None else tuple(block for element in main for block in _blocks(element))


def _blocks(element: Element) -> list[Block]:
    """The blocks of one element of trafilatura's tree, its list items and rows taken apart."""
    tag = tag_of(element)
    if tag in {"list", "table", "div"}:
        return [block for child in element for block in _blocks(child)]
    for line_break in element.iter("lb"):
        line_break.tail = "\n" + (line_break.tail or "")
    text = fold_lines("".join(element.itertext()))
    if not text:
        return []
    style = _STYLES.get(tag, BlockStyle.PARAGRAPH)
    if style is BlockStyle.QUOTATION:
        return [Block(text=text, role=Role.QUOTED, style=style, basis=QUOTED_BASIS)]
    level = int((element.get("rend") or "h2")[-1]) if tag == _HEADING else 0
    return [Block(text=text, style=style, level=level)]
