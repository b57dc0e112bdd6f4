"""Lines of pages to paragraphs: running titles and page numbers dropped, broken words and paragraphs joined again."""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from twin_data.contracts.documents import Block, BlockStyle
from twin_data.sources.pdf_columns import reading_order
from twin_data.sources.pdf_pages import Line, Page

_EDGE_LINES = 2
"""How many lines at the top and at the bottom of a page may be running titles."""
_EDGE_SHARE = 0.15
"""… and how far into the page they may stand."""
_RUNNING_SHARE = 0.3
"""A title that stands on this share of the pages runs: left and right pages often have different ones."""
_PAGE_NUMBER = re.compile(
    r"(?:[-–—·|]\s*)?(?:(?:page|p\.)\s*)?(?:\d{1,4}|[ivxlc]{1,7})(?:\s*(?:/|of)\s*\d{1,4})?\W*", re.I
)
_CONTENTS_LINE = re.compile(r".*(?:\.[ ]?){4,}\s*\w{1,6}")
_HEADING_SIZE = 1.12
_HEADING_CHARACTERS = 160
_NOTE_SIZE = 0.92
_NOTE_MARK = re.compile(r"(?:\[?\d{1,3}\]?[.)]?|[*†‡§]{1,3})\s*(?=[^\W\d_]|[\"“‘'(])")
_INDENT = 0.8
_GAP = 0.55
_SHORT_LINE = 0.12
_SENTENCE_END = re.compile(r"[.!?:…][\"'”’»)\]]*$")
_BULLET = re.compile(r"[-–—•▪◦●*‣·]\s+(?=\S)")
_NUMBERED = re.compile(r"(?:\(?\d{1,2}[.)]|\(?[a-z]\))\s+(?=\S)")
_HYPHENS = "-\u00ad\u2010"
_WORD = re.compile(r"\w+(?:[-'’]\w+)*")


@dataclass
class _Paragraph:
    style: BlockStyle
    lines: list[Line]
    level: int = 0

    @property
    def last(self) -> Line:
        return self.lines[-1]


def page_blocks(pages: list[Page]) -> tuple[Block, ...]:
    """The blocks of a document's pages, all `OWN`; notes at the foot of pages come last."""
    pages = [replace(page, lines=reading_order(page.lines)) for page in without_running_lines(pages)]
    body = body_size(pages)
    text, notes = [], []
    for page in pages:
        feet = _foot_notes(page, body)
        text += [line for line in page.lines if line not in feet and not _CONTENTS_LINE.fullmatch(line.text)]
        notes += [line for line in page.lines if line in feet]
    words = whole_words(line.text for line in text)
    levels = _heading_levels(text, body)
    blocks = [_block(one, words) for one in _paragraphs(text, levels, pages)]
    return (*blocks, *_note_blocks(notes, words))


def without_running_lines(pages: list[Page]) -> list[Page]:
    """The pages without the titles and numbers that stand at the edge of each."""
    seen = Counter(key for page in pages for key in {_key(line) for line in _edges(page)})
    often = max(2, _RUNNING_SHARE * len(pages))

    def runs(line: Line) -> bool:
        return seen[_key(line)] >= often or bool(_PAGE_NUMBER.fullmatch(line.text))

    cleaned = []
    for page in pages:
        # What stands beside a running title is one as well: a chapter's name changes, the book's beside it does not.
        heights = [(line.top, line.bottom) for line in _edges(page) if runs(line)]
        running = {line for line in _edges(page) if any(top < line.bottom and line.top < low for top, low in heights)}
        cleaned.append(replace(page, lines=tuple(line for line in page.lines if line not in running)))
    return cleaned


def body_size(pages: list[Page]) -> float:
    """The size in which most of the text is set, in points; 0 without text."""
    characters: Counter[float] = Counter()
    for page in pages:
        for line in page.lines:
            characters[round(line.size * 2) / 2] += len(line.text)
    return max(characters, key=lambda size: (characters[size], size), default=0.0)


def join_lines(lines: Iterable[str], words: Counter[str]) -> str:
    """One text from lines; a word broken at a line's end is whole again.

    Whether its hyphen was the printer's or the author's is told by how the document writes it elsewhere.
    """
    result = ""
    for line in lines:
        if len(result) > 1 and result[-1] in _HYPHENS and result[-2].isalpha() and line[:1].islower():
            before, after = _WORD.findall(result[:-1])[-1].lower(), _WORD.findall(line)[0].lower()
            result = result[:-1] + ("-" if _keeps_hyphen(before, after, words) else "") + line
        else:
            result += (" " if result else "") + line
    return result


def whole_words(lines: Iterable[str]) -> Counter[str]:
    """How often each word stands in the lines. The halves of a word broken at a line's end are none."""
    words: Counter[str] = Counter()
    is_broken = False
    for line in lines:
        found = [word.lower() for word in _WORD.findall(line)]
        starts_with_half = is_broken and line[:1].islower()
        is_broken = len(line) > 1 and line[-1] in _HYPHENS and line[-2].isalpha()
        words.update(found[starts_with_half : len(found) - is_broken])
    return words


def _keeps_hyphen(before: str, after: str, words: Counter[str]) -> bool:
    if words[before + after]:
        return False
    if words[f"{before}-{after}"] or "-" in after:
        return True
    return bool(words[before] and words[after] and min(len(before), len(after)) > 2)


def _edges(page: Page) -> list[Line]:
    """The lines that may be running titles."""
    upper = [line for line in page.lines if line.bottom <= _EDGE_SHARE * page.height]
    lower = [line for line in page.lines if line.top >= (1 - _EDGE_SHARE) * page.height]
    first = sorted(upper, key=lambda line: line.top)[:_EDGE_LINES]
    return first + sorted(lower, key=lambda line: -line.bottom)[:_EDGE_LINES]


def _key(line: Line) -> tuple[str, int]:
    """What two running titles have in common: their words without figures, and their height on the page."""
    return re.sub(r"\d+", "#", line.text.lower()), round(line.top / 6)


def _foot_notes(page: Page, body: float) -> set[Line]:
    """The lines in small print under all other text of their column."""
    large = [line for line in page.lines if line.size > _NOTE_SIZE * body]
    found = set()
    for line in page.lines:
        above = [one for one in large if one.left < line.right and line.left < one.right]
        if line not in large and above and line.top >= max(one.top for one in above):
            found.add(line)
    return found


def _note_blocks(lines: list[Line], words: Counter[str]) -> Iterator[Block]:
    """One block a note, without the mark that it begins with."""
    notes: list[list[str]] = []
    for line in lines:
        mark = _NOTE_MARK.match(line.text)
        if mark or not notes:
            notes.append([])
        notes[-1].append(line.text[mark.end() :] if mark else line.text)
    for note in notes:
        yield Block(text=join_lines(note, words).replace("\u00ad", ""), style=BlockStyle.LIST_ITEM)


def _heading_levels(lines: list[Line], body: float) -> dict[float, int]:
    """The level of each size that headings are set in, the largest first."""
    sizes = sorted({round(line.size) for line in lines if line.size >= _HEADING_SIZE * body}, reverse=True)
    return {float(size): min(level, 6) for level, size in enumerate(sizes, start=1)}


def _paragraphs(lines: list[Line], levels: dict[float, int], pages: list[Page]) -> Iterator[_Paragraph]:
    edges = _right_edges(pages)
    gap = _usual_gap(lines)
    current: _Paragraph | None = None
    for line in lines:
        style, level = _style(line, levels, current)
        if current and not _begins(current, line, style, level, edges, gap):
            current.lines.append(line)
            continue
        if current:
            yield _settled(current, levels)
        current = _Paragraph(style, [line], level)
    if current:
        yield _settled(current, levels)


def _style(line: Line, levels: dict[float, int], before: _Paragraph | None) -> tuple[BlockStyle, int]:
    if level := levels.get(float(round(line.size)), 0):
        return BlockStyle.HEADING, level
    follows_item = before is not None and before.style is BlockStyle.LIST_ITEM
    is_numbered = _NUMBERED.match(line.text) and (
        follows_item or before is None or bool(_SENTENCE_END.search(before.last.text))
    )
    if _BULLET.match(line.text) or is_numbered:
        return BlockStyle.LIST_ITEM, 0
    return BlockStyle.PARAGRAPH, 0


def _begins(
    current: _Paragraph, line: Line, style: BlockStyle, level: int, edges: dict[tuple[int, int], float], gap: float
) -> bool:
    """Whether a line begins a new paragraph rather than going on with the current one."""
    last = current.last
    if style is BlockStyle.LIST_ITEM or (style, level) != (
        BlockStyle.PARAGRAPH if current.style is BlockStyle.LIST_ITEM else current.style,
        current.level,
    ):
        return True
    if abs(line.size - last.size) > 0.1 * last.size or line.bold != last.bold and (line.bold or _is_bold(current)):
        return True
    ends = bool(_SENTENCE_END.search(last.text))
    is_below = line.page == last.page and line.top >= last.top and line.left < last.right and last.left < line.right
    if not is_below:  # the next column or page: a sentence goes on there, a new one is taken to begin a paragraph
        return ends or style is BlockStyle.HEADING
    if line.top - last.bottom > gap + _GAP * line.size:
        return True
    if style is BlockStyle.HEADING:
        return False
    is_indented = line.left - last.left > _INDENT * line.size and current.style is not BlockStyle.LIST_ITEM
    right = edges[_column(last)]
    is_short = right - last.right > _SHORT_LINE * (right - last.left)
    return ends and (is_indented or is_short)


def _is_bold(paragraph: _Paragraph) -> bool:
    return all(line.bold for line in paragraph.lines)


def _settled(paragraph: _Paragraph, levels: dict[float, int]) -> _Paragraph:
    """A paragraph of bold type that is short and no sentence is a heading under those that are set larger."""
    text = " ".join(line.text for line in paragraph.lines)
    if paragraph.style is BlockStyle.HEADING and len(text) > _HEADING_CHARACTERS:
        return _Paragraph(BlockStyle.PARAGRAPH, paragraph.lines)
    is_short = len(text) <= _HEADING_CHARACTERS / 2 and not _SENTENCE_END.search(text)
    if paragraph.style is BlockStyle.PARAGRAPH and _is_bold(paragraph) and is_short:
        return _Paragraph(BlockStyle.HEADING, paragraph.lines, min(len(levels) + 1, 6))
    return paragraph


def _column(line: Line) -> tuple[int, int]:
    return line.page, round(line.left / 36)  # half an inch: indents stay in their column


def _right_edges(pages: list[Page]) -> dict[tuple[int, int], float]:
    edges: dict[tuple[int, int], float] = {}
    for page in pages:
        for line in page.lines:
            edges[_column(line)] = max(line.right, edges.get(_column(line), 0.0))
    return edges


def _usual_gap(lines: list[Line]) -> float:
    """The white between two lines of one paragraph, in points."""
    gaps = [
        line.top - last.bottom
        for last, line in zip(lines, lines[1:], strict=False)
        if line.page == last.page and last.top < line.top and line.left < last.right and last.left < line.right
    ]
    return statistics.median_low(gaps) if gaps else 0.0


def _block(paragraph: _Paragraph, words: Counter[str]) -> Block:
    text = join_lines((line.text for line in paragraph.lines), words)
    if paragraph.style is BlockStyle.LIST_ITEM:
        text = _BULLET.sub("", text, count=1) if _BULLET.match(text) else text
    return Block(text=text.replace("\u00ad", ""), style=paragraph.style, level=paragraph.level)
