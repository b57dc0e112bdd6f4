"""CSV and TSV files whose columns `persona.yaml` names, else `text`, `title`, `date`, `author` and so on."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from twin_data.configuration.persona import Columns
from twin_data.contracts.digests import digest_value
from twin_data.contracts.documents import Block, DocumentKind, RawDocument
from twin_data.sources.dates import parse_date
from twin_data.sources.exports import text_of_file
from twin_data.sources.reader import ReadContext, Reading, RecordIds, Skipped, Unreadable
from twin_data.sources.records import Record, Table, claim_id, csv_table, person_field, text_field
from twin_data.sources.text import normalise_newlines, paragraphs, title_from_text

_DELIMITERS = (",", ";", "\t", "|")
_EXCEL_DELIMITER = re.compile(r"\Asep=.\n")
"""A line above the head, by which Excel knows the delimiter."""


class TableReader:
    """One document a row; whose words it holds is what the author's column says, else the persona's."""

    name = "table"
    reads_folders = False

    def claims(self, path: Path) -> bool:
        """Whether the name ends like a table's."""
        return path.suffix.lower() in {".csv", ".tsv"}

    def read(self, path: Path, context: ReadContext) -> Iterator[Reading]:
        """Yield a document a row; rows without text and torn ones are passed over."""
        columns, ids = context.options.columns, RecordIds()
        table = _table(text_of_file(path, context), path, columns)
        for row in table.rows:
            yield row_document(row, columns, path, context, ids)
        for line in table.torn:
            yield Skipped(path=path, reason="torn_row: more cells than columns; quote its text", part=f"line-{line}")


def row_document(row: Record, columns: Columns, path: Path, context: ReadContext, ids: RecordIds) -> Reading:
    """The document of a row of any file with columns, or why it has none."""
    value = row.get(columns.text)
    texts = row_blocks(value, columns) if isinstance(value, str) else ()
    if not texts:
        return Skipped(path=path, reason="empty", part=text_field(row, columns.id), digest=digest_value(row))
    claimed = claim_id(ids, text_field(row, columns.id, columns.url), row, path)
    if isinstance(claimed, Skipped):
        return claimed
    attribution = context.sole_author(person_field(row, columns.author, *_spelt_otherwise(row, columns.author)))
    kind = text_field(row, columns.kind) or ""
    return RawDocument(
        document_id=context.document_id(path, claimed),
        source=context.source,
        kind=DocumentKind(kind) if kind in set(DocumentKind) else columns.default_kind,
        title=text_field(row, columns.title) or title_from_text(texts[0].text),
        date=context.dated(parse_date(row.get(columns.date))),
        url=text_field(row, columns.url),
        blocks=tuple(attribution.apply(block) for block in texts),
        thread=text_field(row, columns.thread),
        series=context.series(path),
        content_digest=digest_value(row),
    )


def _spelt_otherwise(row: Record, column: str) -> list[str]:
    """Columns such as `Author` for `author`: a name in it must not be missed, or another's words would be own."""
    return [name for name in row if name.strip().lower() == column.strip().lower()]


def row_blocks(text: str, columns: Columns) -> tuple[Block, ...]:
    """The blocks of a cell, in the markup that the options name."""
    match columns.markup:
        case "markdown":
            from twin_data.sources.markdown_blocks import markdown_blocks

            return markdown_blocks(normalise_newlines(text))
        case "html":
            from twin_data.sources.html_blocks import fragment_blocks

            return fragment_blocks(text)
        case _:
            return tuple(Block(text=paragraph) for paragraph in paragraphs(text))


def _check_named(columns: Columns, names: list[str], path: Path) -> None:
    """Refuse a table without a column that the options name: a misspelt one would silently say nothing."""
    missing = [f"{field} {name!r}" for field, name in columns.named if name not in names]
    if missing:
        raise Unreadable(path, f"missing_columns: {', '.join(missing)}; its columns are {', '.join(names[:20])}")


def _table(text: str, path: Path, columns: Columns) -> Table:
    """The table, read with the delimiter under which its head has the column of the text."""
    text = _EXCEL_DELIMITER.sub("", normalise_newlines(text))
    head = text.partition("\n")[0]
    found: list[str] = []
    for delimiter in _DELIMITERS:
        names = next(csv.reader([head], delimiter=delimiter), [])
        found = max(found, names, key=len)
        if columns.text in names:
            _check_named(columns, names, path)
            return csv_table(text, path, delimiter=delimiter)
    named = ", ".join(found[:20])
    reason = f"none of its columns ({named}) is {columns.text!r}; name it as columns.text of the source"
    raise Unreadable(path, f"no_text_column: {reason}")
