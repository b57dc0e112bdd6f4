"""Texts of other authors, against which a voice is measured: one folder an author, in any format that can be read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from twin_data.configuration.persona import Author
from twin_data.contracts.documents import BlockStyle, RawDocument, Role
from twin_data.contracts.errors import SourceError
from twin_data.sources.formats import default_readers
from twin_data.sources.reader import ReadContext, Unreadable

_PROSE = frozenset({BlockStyle.PARAGRAPH, BlockStyle.LIST_ITEM, BlockStyle.TURN})


def read_contrast(folder: Path) -> dict[str, tuple[str, ...]]:
    """The prose of each author, by the name of the author's folder.

    Raises:
        SourceError: There is no folder with a text that can be read.
    """
    authors = {child.name: tuple(_texts(child)) for child in sorted(folder.glob("*/")) if child.is_dir()}
    if not (found := {name: texts for name, texts in authors.items() if texts}):
        raise SourceError(
            f"{folder} holds no texts of other authors",
            next_step="put one folder an author into it, with Markdown, HTML, text or JSONL files",
        )
    return found


def _texts(folder: Path) -> Iterator[str]:
    readers = default_readers()
    context = ReadContext(source=folder.name, root=folder, author=Author(name=folder.name))
    for path in sorted(folder.rglob("*")):
        reader = next((one for one in readers if path.is_file() and not one.reads_folders and one.claims(path)), None)
        if reader is None:
            continue
        try:
            readings = list(reader.read(path, context))
        except Unreadable:
            continue  # a text more or less of another author decides nothing
        for reading in readings:
            if isinstance(reading, RawDocument) and (prose := _prose(reading)):
                yield prose


def _prose(document: RawDocument) -> str:
    kept = [block.text for block in document.blocks if block.role is not Role.QUOTED and block.style in _PROSE]
    return "\n\n".join(kept)
