"""JSONL files whose columns `persona.yaml` names, else `text`, `title`, `date`, `author` and so on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from twin_data.sources.exports import text_of_file
from twin_data.sources.reader import ReadContext, Reading, RecordIds, Skipped
from twin_data.sources.records import json_value
from twin_data.sources.tables import row_document


class JsonlReader:
    """One document a row; whose words it holds is what the author's column says, else the persona's."""

    name = "jsonl"
    reads_folders = False

    def claims(self, path: Path) -> bool:
        """Whether the name ends like a JSONL file's."""
        return path.suffix.lower() in {".jsonl", ".ndjson"}

    def read(self, path: Path, context: ReadContext) -> Iterator[Reading]:
        """Yield a document a row; a row that is not JSON or has no text is passed over."""
        ids = RecordIds()
        for number, line in enumerate(text_of_file(path, context).split("\n"), start=1):
            if line.strip():
                yield _read_row(line, number, path, context, ids)


def _read_row(line: str, number: int, path: Path, context: ReadContext, ids: RecordIds) -> Reading:
    part = f"line-{number}"
    try:
        row = json_value(line)
    except ValueError:
        return Skipped(path=path, reason="not_json", part=part)
    if not isinstance(row, dict):
        return Skipped(path=path, reason="no_columns", part=part)
    return row_document(row, context.options.columns, path, context, ids)
