"""LinkedIn's archive: the member's own posts in `Shares.csv`. Its other tables are not writing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from twin_data.contracts.digests import digest_value
from twin_data.contracts.documents import Block, DocumentKind, RawDocument, Role
from twin_data.sources.dates import parse_date
from twin_data.sources.reader import ReadContext, Reading, RecordIds, Skipped, Unreadable
from twin_data.sources.records import claim_id, csv_records
from twin_data.sources.text import decode, paragraphs, title_from_text

_SHARES = "shares.csv"
_TEXT_COLUMN = "ShareCommentary"


class LinkedInReader:
    """One document a share. The archive is the member's own, so every comment on a share is."""

    name = "linkedin"
    reads_folders = False

    def claims(self, path: Path) -> bool:
        """Whether this is `Shares.csv`, or a table that lies beside one."""
        if path.suffix.lower() != ".csv":
            return False
        return any(sibling.name.lower() == _SHARES for sibling in path.parent.iterdir())

    def read(self, path: Path, context: ReadContext) -> Iterator[Reading]:
        """Yield the shares; any other table is unreadable, with that as the reason."""
        if path.name.lower() != _SHARES:
            raise Unreadable(path, "not_writing: a LinkedIn table without posts")
        ids = RecordIds()
        text = decode(context.read_bytes(path), path)
        for row in csv_records(text, path, required=_TEXT_COLUMN):
            yield _read_share(row, path, context, ids)


def _read_share(row: dict[str, str], path: Path, context: ReadContext, ids: RecordIds) -> Reading:
    link = row.get("ShareLink", "").strip()
    share_id = unquote(urlsplit(link).path.rstrip("/").rpartition("/")[2]) or None
    texts = paragraphs(unquote_lines(row[_TEXT_COLUMN]))
    if not texts:
        return Skipped(path=path, reason="empty", part=share_id, digest=digest_value(row))
    claimed = claim_id(ids, share_id, row, path)
    if isinstance(claimed, Skipped):
        return claimed
    return RawDocument(
        document_id=context.document_id(path, claimed),
        source=context.source,
        kind=DocumentKind.POST,
        title=title_from_text(texts[0]),
        date=context.dated(parse_date(row.get("Date"))),
        url=link or None,
        blocks=tuple(
            Block(text=text, role=Role.OWN, author=context.author.name, basis="archive owner") for text in texts
        ),
        series=context.series(path),
        content_digest=digest_value(row),
    )


def unquote_lines(text: str) -> str:
    """Undo what the export does to line breaks: it ends the quotation before each and begins it again after.

    So a break reads as quotation mark, line feed, quotation mark. Text where one break has no such marks
    was not written that way and is left alone.
    """
    lines = text.split("\n")
    opened, closed = lines[1:], lines[:-1]
    if not opened or not all(line.startswith('"') for line in opened) or not all(line.endswith('"') for line in closed):
        return text
    starts = [lines[0], *(line[1:] for line in opened)]
    return "\n".join([*(line.removesuffix('"') for line in starts[:-1]), starts[-1]])
