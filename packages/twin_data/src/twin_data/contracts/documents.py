"""Documents on their way from a source to the search index.

`RawDocument → CleanDocument | Rejection → CorpusDocument → Chunk`
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from functools import cached_property

from pydantic import Field

from twin_data.contracts.base import Contract, Span

BLOCK_SEPARATOR = "\n\n"


class Role(StrEnum):
    """Whose words a block holds. Only `OWN` may ever train the voice or be quoted as the persona's."""

    OWN = "own"
    QUOTED = "quoted"
    OTHER = "other"


class BlockStyle(StrEnum):
    """What a block is on the page."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    LIST_ITEM = "list_item"
    QUOTATION = "quotation"
    CODE = "code"
    TURN = "turn"


class DocumentKind(StrEnum):
    """The genre of a document; short forms are held to other quality rules than articles."""

    ARTICLE = "article"
    TRANSCRIPT = "transcript"
    REVIEW = "review"
    CHAT = "chat"
    MAIL = "mail"
    POST = "post"

    @property
    def is_short_form(self) -> bool:
        """Whether a text of a few words is normal for this kind."""
        return self in {DocumentKind.REVIEW, DocumentKind.CHAT, DocumentKind.MAIL, DocumentKind.POST}


class Split(StrEnum):
    """Which side of the wall a family stands on. `TEST` may be in the index, never in training."""

    TRAIN = "train"
    TEST = "test"


class Block(Contract):
    """One paragraph, heading, list item, quotation, code block or turn, as the reader found it."""

    text: str = Field(min_length=1)
    role: Role = Role.OWN
    style: BlockStyle = BlockStyle.PARAGRAPH
    author: str | None = None
    """Who wrote it, where the source says so."""
    basis: str = "document author"
    """How the authorship is known: document author, speaker label, mail header, blockquote, …"""
    level: int = 0
    """Heading level, 1 the highest; 0 for what is no heading."""


class RawDocument(Contract):
    """A document as a reader found it, before any cleaning.

    `document_id` is `<source>/<path or message id within the source>` and stays the same over re-ingestion.
    """

    document_id: str
    source: str
    kind: DocumentKind
    title: str
    date: date | None
    url: str | None
    blocks: tuple[Block, ...]
    thread: str | None = None
    """Conversation it belongs to: a mail thread, a chat thread, one pull request."""
    series: str | None = None
    """Declared parts of one work; a book's chapters are not a series."""
    matter: str | None = None
    """The source's own word for what the page is, where it gives one (`colophon`, `titlepage`, …)."""
    content_digest: str
    """SHA-256 of the bytes it was read from."""
    correspondents: tuple[str, ...] = ()
    """Names of the others whom a mail is from and to, whether or not they write anything."""

    @cached_property
    def text(self) -> str:
        """The blocks joined by a blank line."""
        return BLOCK_SEPARATOR.join(block.text for block in self.blocks)

    @cached_property
    def spans(self) -> tuple[Span, ...]:
        """Where each block lies in `text`."""
        return block_spans([block.text for block in self.blocks])


def block_spans(texts: list[str]) -> tuple[Span, ...]:
    """The spans of texts once they are joined by the block separator."""
    spans, at = [], 0
    for text in texts:
        spans.append(Span(start=at, end=at + len(text)))
        at += len(text) + len(BLOCK_SEPARATOR)
    return tuple(spans)


class Passage(Span):
    """A block of a clean document, by its offsets."""

    role: Role
    style: BlockStyle
    author: str | None = None
    basis: str = "document author"
    """How the authorship is known; see `Block.basis`."""
    level: int = 0


class CleanDocument(Contract):
    """A document after cleaning. Every later offset is one into `text`, named by `digest`."""

    document_id: str
    source: str
    kind: DocumentKind
    title: str
    date: date | None
    url: str | None
    text: str
    digest: str
    passages: tuple[Passage, ...]
    thread: str | None = None
    series: str | None = None


class CorpusDocument(CleanDocument):
    """A clean document that was kept, with the family it belongs to and the side of the split that family is on."""

    family: str
    split: Split


class Rejection(Contract):
    """Something a stage removed: where, why, and what it looked like with private values blanked."""

    stage: str
    document_id: str
    text_digest: str
    """Digest of the text that the offsets count in."""
    start: int
    end: int
    reason: str
    redacted_text: str
    """At most 200 characters; a removed secret or identifier is never among them."""


class Chunk(Contract):
    """A stretch of a document that is embedded and searched as one unit."""

    chunk_id: str
    document_id: str
    document_digest: str
    start: int
    end: int
    text: str
    own: tuple[Span, ...]
    """Spans of the document, inside this chunk, that are the persona's own words."""
    section: str
    context: str
    """A line that places the chunk: title, section and date."""
    title: str
    date: date | None
    url: str | None
    source: str
    kind: DocumentKind
    family: str
    split: Split
