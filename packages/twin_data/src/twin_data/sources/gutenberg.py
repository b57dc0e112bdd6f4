"""Plain texts of Project Gutenberg: the licence around a book goes, and each chapter is a document of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import regex

from twin_data.configuration.names import named_author
from twin_data.contracts.digests import digest_value
from twin_data.contracts.documents import Block, BlockStyle, DocumentKind, RawDocument, Role
from twin_data.sources.html_blocks import HGROUP_SEPARATOR
from twin_data.sources.quotations import QUOTED_BASIS
from twin_data.sources.reader import ReadContext
from twin_data.sources.text import fold, join_lines, normalise_newlines, title_from_name

_START = regex.compile(
    r"(?m)^\s*\*{3}\s*START OF (?:THE|THIS) PROJECT GUTENBERG E-?BOOK\b[^\n]*(?:\n[^\n]+)*?\*{3}\s*$"
)
_END = regex.compile(r"(?mi)^\s*(?:\*{3}\s*END OF (?:THE|THIS)|End of (?:the )?)\s*PROJECT GUTENBERG\b[^\n]*$")
_FIELD = r"(?m)^{}:[ \t]*(?P<value>\S[^\n]*(?:\n[ \t]+\S[^\n]*)*)"
_TITLE, _AUTHOR = regex.compile(_FIELD.format("Title")), regex.compile(_FIELD.format("Author"))
_LEAST_BLANK_LINES = 2
"""So many stand above a heading, one between paragraphs."""
_CHAPTER_BLANK_LINES = 3
_FEWEST_CHAPTERS = 2
_MOST_HEADING_LINES, _MOST_HEADING_CHARACTERS = 4, 120
_ENDS_A_SENTENCE = regex.compile(r"[.!?,;:—][\"'”’)\]]*$")
_NUMBERED = regex.compile(
    r"(?i:chapter|book|part|canto|letter|section|volume|act|scene|essay)\b|[IVXLC]+(?:\.?$|\.\s|\s+\p{Lu})|\d+\.?$"
)
_CREDITS = regex.compile(
    r"(?i)(?:produced by|e-?text prepared by|this e-?(?:text|book) was|transcribed (?:from|by)"
    r"|\[?transcriber['’]?s? notes?)\b"
)
_FURNITURE = regex.compile(
    r"(?is)\[(?:illustration|image|cover|frontispiece)\b[^\]]*\]|[\s*•·+~—–-]+|cover|\[?blank page\]?"
)
_NOTE = regex.compile(
    r"(?is)\[(?:footnote|note|sidenote)\s*(?:[\w*†‡]{1,4}\s*)?:\s*(?P<text>.*)\]|\[\w{1,3}\]\s+(?P<text>\S.*)"
)
_NOTE_MARK = regex.compile(r"\s?\[(?:\d{1,3}|[*†‡]{1,3}|[A-Z])\](?!\w)")
_EMPHASIS = regex.compile(r"(?s)(?<![\w_])_(?=\S)([^_]*\S)_(?![\w_])|(?<!\w)=(?=\S)([^=]*\S)=(?!\w)")
_OPENS_VERSE = regex.compile(r"[\p{P}\s]*\p{Lu}")
_MATTER = {
    "toc": regex.compile(r"(?i)(?:table of )?contents\b.*"),
    "loi": regex.compile(r"(?i)(?:list of )?illustrations\b.*"),
    "index": regex.compile(r"(?i)index\b.*"),
    "imprint": regex.compile(r"(?i)(?:books )?by the same author\b.*|(?:other )?works by\b.*|advertisements?\W*"),
}
_PROSE_WORDS = 40
"""A paragraph of so many is text, also on the pages before the first chapter."""
_MOST_INDENTED = 0.5
"""Share of the words from which on indented lines are how the book is set: poems, plays."""


@dataclass(frozen=True)
class _Paragraph:
    lines: tuple[str, ...]
    blank_before: int

    @property
    def text(self) -> str:
        lines = [fold(_plain(line)) for line in self.lines]
        is_verse = self.is_indented and all(map(_OPENS_VERSE.match, lines))
        return "\n".join(lines) if is_verse else join_lines(lines)

    @property
    def is_indented(self) -> bool:
        return all(line.startswith("  ") for line in self.lines)


@dataclass
class _Chapter:
    title: str = ""
    blocks: list[Block] = field(default_factory=list)


def is_gutenberg(text: str) -> bool:
    """Whether a text says of itself that it is one of Project Gutenberg's."""
    return _START.search(normalise_newlines(text)) is not None


def gutenberg_documents(text: str, path: Path, context: ReadContext, *, digest: str) -> Iterator[RawDocument]:
    """The book's chapters in their order, as the author that its header names wrote them.

    Verse, letters and other quotations are known by their indentation. What stands before the first chapter and says
    nothing, and lists of contents, are marked as such, for cleaning to remove.
    """
    whole = normalise_newlines(text)
    start = _START.search(whole)
    assert start is not None  # the caller has asked `is_gutenberg`
    end = _END.search(whole, start.end())
    head, body = whole[: start.start()], whole[start.end() : end.start() if end else len(whole)]
    book = _header(_TITLE, head) or title_from_name(path)
    attribution = context.sole_author(named_author(_header(_AUTHOR, head)))
    ids: dict[str, int] = {}
    for number, chapter in enumerate(_chapters(_paragraphs(body))):
        if not chapter.blocks:
            continue
        part = regex.sub(r"[^\p{L}\p{N}]+", "-", chapter.title.lower()).strip("-")[:60] or "front"
        ids[part] = ids.get(part, 0) + 1
        yield RawDocument(
            document_id=context.document_id(path, part if ids[part] == 1 else f"{part}-{ids[part]}"),
            source=context.source,
            kind=context.genre(DocumentKind.ARTICLE),
            title=chapter.title or book,
            date=context.dated(None),
            url=context.url(path),
            blocks=tuple(map(attribution.apply, chapter.blocks)),
            series=context.series(path),
            matter=_matter(chapter, is_first=number == 0),
            content_digest=digest_value([digest, number]),
        )


def _header(wanted: regex.Pattern[str], head: str) -> str:
    found = wanted.search(head)
    return fold(found["value"]) if found else ""


def _paragraphs(body: str) -> list[_Paragraph]:
    found, lines, blank = list[_Paragraph](), list[str](), 0
    for line in [*body.split("\n"), ""]:
        if line.strip():
            lines.append(line.rstrip())
            continue
        if lines:
            found.append(_Paragraph(tuple(lines), blank))
            lines, blank = [], 0
        blank += 1
    return [one for one in found if not _FURNITURE.fullmatch(one.text) and not _CREDITS.match(one.text)]


def _chapters(paragraphs: Sequence[_Paragraph]) -> Iterator[_Chapter]:
    """The chapters, and first what stands before them. A number and a name above each other are one heading."""
    words = [len(one.text.split()) for one in paragraphs]
    indented = sum(count for one, count in zip(paragraphs, words, strict=True) if one.is_indented)
    quotes = indented <= _MOST_INDENTED * sum(words)
    fewest = _blank_lines_above_chapters(paragraphs)
    chapter = _Chapter()
    for at, paragraph in enumerate(paragraphs):
        heads_only = bool(chapter.blocks) and all(one.style is BlockStyle.HEADING for one in chapter.blocks)
        if not _is_heading(paragraph, paragraphs[at + 1 : at + 2], is_below_another=heads_only):
            chapter.blocks += _blocks(paragraph, is_quoted=quotes and paragraph.is_indented)
            continue
        text = paragraph.text.replace("\n", " ")
        if heads_only and paragraph.blank_before < fewest:
            chapter.title = f"{chapter.title}{HGROUP_SEPARATOR}{text}"
            chapter.blocks = [Block(text=chapter.title, style=BlockStyle.HEADING, level=1)]
        elif paragraph.blank_before >= fewest:
            yield chapter
            chapter = _Chapter(text, [Block(text=text, style=BlockStyle.HEADING, level=1)])
        else:
            chapter.blocks.append(Block(text=text, style=BlockStyle.HEADING, level=2))
    yield chapter


def _blank_lines_above_chapters(paragraphs: Sequence[_Paragraph]) -> int:
    """Four or so as Gutenberg asks for; in books that set but two above any heading, these are the chapters'."""
    headings = [one for at, one in enumerate(paragraphs) if _is_heading(one, paragraphs[at + 1 : at + 2])]
    deep = sum(one.blank_before >= _CHAPTER_BLANK_LINES for one in headings)
    return _CHAPTER_BLANK_LINES if deep >= _FEWEST_CHAPTERS else _LEAST_BLANK_LINES


def _is_heading(paragraph: _Paragraph, after: Sequence[_Paragraph], *, is_below_another: bool = False) -> bool:
    """Whether a short paragraph heads what follows: below some blank lines, or below a heading and above such lines."""
    text = paragraph.text.replace("\n", " ")
    if not after or len(paragraph.lines) > _MOST_HEADING_LINES or len(text) > _MOST_HEADING_CHARACTERS:
        return False
    is_below_gap = paragraph.blank_before >= _LEAST_BLANK_LINES
    is_apart = is_below_gap or (is_below_another and after[0].blank_before >= _LEAST_BLANK_LINES)
    is_named = text.isupper() or _NUMBERED.match(text) is not None
    return is_apart and (is_named or not (_ENDS_A_SENTENCE.search(text) or paragraph.is_indented))


def _blocks(paragraph: _Paragraph, *, is_quoted: bool) -> list[Block]:
    text = paragraph.text
    if note := _NOTE.fullmatch(text):
        text = note["text"].strip()
    text = _NOTE_MARK.sub("", text).strip()
    if not text:
        return []
    if is_quoted:
        return [Block(text=text, role=Role.QUOTED, style=BlockStyle.QUOTATION, basis=QUOTED_BASIS)]
    return [Block(text=text)]


def _plain(line: str) -> str:
    return _EMPHASIS.sub(lambda match: match[1] or match[2], line)


def _matter(chapter: _Chapter, *, is_first: bool) -> str | None:
    title = chapter.title.strip("[]_. ")
    named = next((matter for matter, pattern in _MATTER.items() if pattern.fullmatch(title)), None)
    if named is None and is_first and all(len(one.text.split()) < _PROSE_WORDS for one in chapter.blocks):
        return "titlepage"
    return named
