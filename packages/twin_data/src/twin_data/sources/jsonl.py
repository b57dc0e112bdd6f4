"""JSONL files with named columns: `text`, and where present `id`, `title`, `date`, `url`, `author`, `kind`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from twin_data.contracts.digests import digest_value
from twin_data.contracts.documents import Block, DocumentKind, RawDocument
from twin_data.sources.dates import parse_date
from twin_data.sources.reader import ReadContext, Reading, RecordIds, Skipped
from twin_data.sources.records import Record, claim_id, person_field, text_field
from twin_data.sources.text import decode, paragraphs, title_from_text


class JsonlReader:
    """One document a row; whose words it holds is what `author` says, else the persona's."""

    name = "jsonl"
    reads_folders = False

    def claims(self, path: Path) -> bool:
        """Whether the name ends like a JSONL file's."""
        return path.suffix.lower() in {".jsonl", ".ndjson"}

    def read(self, path: Path, context: ReadContext) -> Iterator[Reading]:
        """Yield a document a row; a row that is not JSON or has no text is passed over."""
        ids = RecordIds()
        lines = decode(context.read_bytes(path), path).split("\n")
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield _read_row(line, number, path, context, ids)


def _read_row(line: str, number: int, path: Path, context: ReadContext, ids: RecordIds) -> Reading:
    part = f"line-{number}"
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return Skipped(path=path, reason="not_json", part=part)
    if not isinstance(row, dict):
        return Skipped(path=path, reason="no_columns", part=part)
    texts = paragraphs(row["text"]) if isinstance(row.get("text"), str) else []
    if not texts:
        return Skipped(path=path, reason="empty", part=part, digest=digest_value(row))
    claimed = claim_id(ids, text_field(row, "id", "url"), row, path)
    return claimed if isinstance(claimed, Skipped) else _document(row, texts, claimed, path, context)


def _document(row: Record, texts: list[str], row_id: str, path: Path, context: ReadContext) -> RawDocument:
    attribution = context.sole_author(person_field(row, "author"))
    kind = text_field(row, "kind") or ""
    return RawDocument(
        document_id=context.document_id(path, row_id),
        source=context.source,
        kind=DocumentKind(kind) if kind in set(DocumentKind) else DocumentKind.ARTICLE,
        title=text_field(row, "title") or title_from_text(texts[0]),
        date=context.dated(parse_date(row.get("date"))),
        url=text_field(row, "url"),
        blocks=tuple(attribution.apply(Block(text=text)) for text in texts),
        thread=text_field(row, "thread"),
        series=context.series(path),
        content_digest=digest_value(row),
    )
