"""PDF files with a text layer. Scans are refused; what is set as a quotation cannot be told from the page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from twin_data.configuration.names import named_author
from twin_data.contracts.digests import digest_bytes
from twin_data.contracts.documents import Block, BlockStyle, DocumentKind
from twin_data.sources.dates import date_from_name, parse_date
from twin_data.sources.interviews import written_by
from twin_data.sources.pdf_pages import read_pages, unmapped_share
from twin_data.sources.pdf_text import page_blocks
from twin_data.sources.reader import ReadContext, Reading, Skipped, Unreadable, single_document
from twin_data.sources.text import title_from_name

_MOST_UNMAPPED = 0.02
# What programs write for a title: the file they printed.
_FILE_AS_TITLE = re.compile(
    r"\(.*\)|microsoft (?:word|powerpoint) - .*|untitled.*|.*\.(?:docx?|odt|tex|indd|pages|html?|pdf)", re.I
)


class PdfReader:
    """One document a file; whose words it holds is what the file says of its author, else the persona's."""

    name = "pdf"
    reads_folders = False

    def claims(self, path: Path) -> bool:
        """Whether the name ends like a PDF's."""
        return path.suffix.lower() == ".pdf"

    def read(self, path: Path, context: ReadContext) -> Iterator[Reading]:
        """Yield the file's document, and the pages that hold but a picture."""
        data = context.read_bytes(path)
        pages, information = read_pages(data, path)
        pictures = [page for page in pages if page.has_image and not page.lines]
        if pages and len(pictures) == len(pages):
            raise Unreadable(path, f"image_only: {len(pages)} pages without text; run OCR over it, such as ocrmypdf")
        if (share := unmapped_share(pages)) > _MOST_UNMAPPED:
            raise Unreadable(path, f"no_letters: of {share:.0%} of the glyphs the file does not say what they mean")
        blocks = page_blocks(pages)
        attribution = context.sole_author(named_author(information.get("author")))
        yield single_document(
            path,
            context,
            kind=DocumentKind.ARTICLE,
            title=_title(information, blocks, path),
            blocks=written_by(attribution, blocks, context),
            digest=digest_bytes(data),
            found_date=parse_date(information.get("creationdate", "").removeprefix("D:")[:8]) or date_from_name(path),
        )
        for page in pictures:
            yield Skipped(path=path, reason="image_only_page", part=f"page-{page.number}")


def _title(information: dict[str, str], blocks: tuple[Block, ...], path: Path) -> str:
    given = information.get("title", "")
    if given and not _FILE_AS_TITLE.fullmatch(given):
        return given
    headings = (block.text for block in blocks if block.style is BlockStyle.HEADING and block.level == 1)
    return next(headings, None) or title_from_name(path)
