"""Markdown text to blocks. What stays is what a reader of the rendered page sees."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from twin_data.contracts.documents import Block, BlockStyle, Role
from twin_data.sources.quotations import QUOTED_BASIS, attribute_quotation, attributed_name
from twin_data.sources.text import fold_lines

CELL_SEPARATOR = " | "
_WIKI_LINK = re.compile(r"(!?)\[\[(?:([^\]|\n]*)\|)?([^\]|\n]+)\]\]")
_CALLOUT = re.compile(r"\[!(?P<kind>[\w-]+)[^\]\n]*\][+-]?[ \t]*(?P<title>[^\n]*)(?:\n|$)")
_QUOTING_CALLOUTS = frozenset({"quote", "cite"})
_CHECKBOX = re.compile(r"\[[^\]\[]\][ \t]+(?=\S)")
_FOOTNOTE_MARK = re.compile(r"\[\^([^\]\s]+)\]")
_FOOTNOTE_DEFINITION = re.compile(r"\[\^([^\]\s]+)\]:[ \t]*")
_BREAKING_TAG = re.compile(r"<(?:br|hr)\b", re.IGNORECASE)


def markdown_blocks(text: str) -> tuple[Block, ...]:
    """The blocks of a Markdown text: all `OWN` except quotations, which are `QUOTED`."""
    tokens = _parser().parse(text, {"footnotes": set()})
    return tuple(_Walk().blocks(tokens))


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    parser.block.ruler.before(
        "reference",
        "footnote_definition",
        _footnote_definition,
        {"alt": ["paragraph", "reference", "blockquote", "list"]},  # a note needs no blank line before it
    )
    parser.core.ruler.after("block", "callouts", _callouts)
    parser.inline.ruler.before("link", "wiki_link", _wiki_link)
    parser.inline.ruler.before("link", "footnote_mark", _footnote_mark)
    return parser


def _wiki_link(state: StateInline, silent: bool) -> bool:
    """Read Obsidian's `[[page|label]]` as its label, and an embedded `![[page]]` as an image, that is as nothing."""
    match = _WIKI_LINK.match(state.src, state.pos)
    if match is None:
        return False
    if not silent and not match[1]:
        state.push("text", "", 0).content = match[3] if match[2] is not None else link_text(match[3])
    state.pos = match.end()
    return True


def link_text(target: str) -> str:
    """What a wiki link without a label shows: `Locks#Gates` is `Locks > Gates`, and a block's id is not shown."""
    page, *headings = (part.strip() for part in target.split("#"))
    return " > ".join(part for part in (page, *headings) if part and not part.startswith("^"))


def _callouts(state: StateCore) -> None:
    """Make callouts (`> [!note] Title`) the writer's own words, except those that quote; checkboxes show no text.

    Obsidian and GitHub write a box of the author's as a quotation whose first line says what kind it is.
    """
    tokens: list[Token] = []
    open_quotations: list[Token] = []
    for token in state.tokens:
        if token.type == "inline" and [one.type for one in tokens[-2:]] == ["blockquote_open", "paragraph_open"]:
            tokens[-1:] = _called_out(token, open_quotations[-1], tokens[-1])
        elif token.type == "inline" and tokens and "list_item_open" in {one.type for one in tokens[-2:-1]}:
            token.content = _CHECKBOX.sub("", token.content) if _CHECKBOX.match(token.content) else token.content
        if token.type == "blockquote_open":
            open_quotations.append(token)
        elif token.type == "blockquote_close":
            token.type = open_quotations.pop().type.replace("open", "close")
        tokens.append(token)
    state.tokens = tokens


def _called_out(first: Token, quotation: Token, paragraph: Token) -> list[Token]:
    """Take the mark off a callout's first line; returns the tokens that come before the rest of its paragraph."""
    match = _CALLOUT.match(first.content)
    if match is None:
        return [paragraph]
    first.content = first.content[match.end() :]
    if match["kind"].lower() in _QUOTING_CALLOUTS:
        quotation.meta["author"] = attributed_name(match["title"])
        return [paragraph]
    quotation.type = "callout_open"
    title = Token("inline", "", 0, content=match["title"], children=[], level=first.level)
    return [paragraph, title, Token("paragraph_close", "p", -1), paragraph]


def _footnote_mark(state: StateInline, silent: bool) -> bool:
    """Pass over the number of a footnote that the document holds."""
    match = _FOOTNOTE_MARK.match(state.src, state.pos)
    if match is None or match[1] not in state.env["footnotes"]:
        return False
    state.pos = match.end()
    return True


def _footnote_definition(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    """Read `[^1]: text` as a paragraph. CommonMark would take a one-word note for a link definition and drop it."""
    begin = state.bMarks[start_line] + state.tShift[start_line]
    match = _FOOTNOTE_DEFINITION.match(state.src, begin, state.eMarks[start_line])
    # A note without text stays as it stands: markdown-it reads one character past an emptied last line.
    is_note = match is not None and match.end() < state.eMarks[start_line]
    if not match or not is_note or state.is_code_block(start_line):
        return False
    if not silent:
        state.env["footnotes"].add(match[1])
        state.bMarks[start_line] = match.end()
        state.tShift[start_line] = state.sCount[start_line] = 0
    return silent  # asked whether a note begins here; else the shortened line is left to the rules that follow


@dataclass
class _Walk:
    """One pass over the tokens, with what is open at the moment."""

    quotation_starts: list[tuple[int, str | None]] = field(default_factory=list)
    """Of each open quotation: how many blocks were found when it began, and whom its callout names."""
    open_items: int = 0
    heading_level: int = 0
    in_cell: bool = False
    cells: list[str] = field(default_factory=list)
    found: list[Block] = field(default_factory=list)

    def blocks(self, tokens: list[Token]) -> Iterator[Block]:
        for token in tokens:
            self._take(token)
        yield from self.found

    def _take(self, token: Token) -> None:
        match token.type:
            case "blockquote_open":
                self.quotation_starts.append((len(self.found), token.meta.get("author")))
            case "blockquote_close":
                start, author = self.quotation_starts.pop()
                self.found[start:] = attribute_quotation(self.found[start:], author)
            case "list_item_open":
                self.open_items += 1
            case "list_item_close":
                self.open_items -= 1
            case "heading_open":
                self.heading_level = int(token.tag[1])
            case "heading_close":
                self.heading_level = 0
            case "tr_open":
                self.cells = []
            case "td_open" | "th_open":
                self.in_cell = True
            case "td_close" | "th_close":
                self.in_cell = False
            case "tr_close":
                self._add(CELL_SEPARATOR.join(self.cells), BlockStyle.PARAGRAPH)
            case "fence" | "code_block":
                self._add(token.content.rstrip("\n"), BlockStyle.CODE)
            case "html_block":
                self._add_html(token.content)
            case "inline":
                self._add_inline(token)

    def _add_inline(self, token: Token) -> None:
        text = inline_text(token.children or [])
        if self.in_cell:
            self.cells.append(text)
        elif self.heading_level:
            self._add(text.replace("\n", " "), BlockStyle.HEADING)
        else:
            self._add(text, BlockStyle.LIST_ITEM if self.open_items else BlockStyle.PARAGRAPH)

    def _add_html(self, html: str) -> None:
        # Imported here: the HTML walk is heavy, and few Markdown files hold HTML.
        from twin_data.sources.html_blocks import fragment_blocks

        for block in fragment_blocks(html):
            self._add(block.text, block.style, role=block.role, level=block.level)

    def _add(self, text: str, style: BlockStyle, *, role: Role = Role.OWN, level: int = 0) -> None:
        if not text.strip():
            return
        if self.quotation_starts or role is Role.QUOTED:
            style = BlockStyle.QUOTATION if style is not BlockStyle.CODE else style
            self.found.append(Block(text=text, role=Role.QUOTED, style=style, basis=QUOTED_BASIS))
        else:
            self.found.append(Block(text=text, style=style, level=level or self.heading_level))


def inline_text(tokens: list[Token]) -> str:
    """The visible text of inline tokens: marks, targets, images and tags gone, every other character kept."""
    parts = []
    for token in tokens:
        if token.type in {"text", "code_inline"}:
            parts.append(token.content)
        elif token.type == "softbreak":
            parts.append(" ")
        elif token.type == "hardbreak" or (token.type == "html_inline" and _BREAKING_TAG.match(token.content)):
            parts.append("\n")
    return fold_lines("".join(parts))
