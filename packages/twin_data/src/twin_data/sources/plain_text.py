"""Plain text files: one document a file, paragraphs by blank lines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from twin_data.contracts.digests import digest_bytes
from twin_data.contracts.documents import Block, DocumentKind
from twin_data.sources.dates import date_from_name
from twin_data.sources.reader import ReadContext, Reading, single_document
from twin_data.sources.text import decode, paragraphs, title_from_name


class PlainTextReader:
    """A text file names no author, so it holds the persona's own words."""

    name = "plain_text"
    reads_folders = False

    def claims(self, path: Path) -> bool:
        """Whether the name ends like a text file's."""
        return path.suffix.lower() in {".txt", ".text"}

    def read(self, path: Path, context: ReadContext) -> Iterator[Reading]:
        """Yield the file's document."""
        data = context.read_bytes(path)
        attribution = context.sole_author(None)
        yield single_document(
            path,
            context,
            kind=DocumentKind.ARTICLE,
            title=title_from_name(path),
            blocks=tuple(attribution.apply(Block(text=text)) for text in paragraphs(decode(data, path))),
            digest=digest_bytes(data),
            found_date=date_from_name(path),
        )
