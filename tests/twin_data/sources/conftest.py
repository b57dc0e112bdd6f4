"""What the tests of the sources share: an invented author, and a context to read files in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from twin_data.configuration.persona import Author, Consent, PersonaConfig, SourceOptions
from twin_data.contracts.documents import RawDocument
from twin_data.sources.reader import ReadContext, Reader, Skipped

ReadFile = Callable[..., tuple[list[RawDocument], list[Skipped]]]


@pytest.fixture
def author() -> Author:
    return Author(name="Nora Fenwick", aliases=("nfenwick", "nora@harbour.example", "U01NORA"))


@pytest.fixture
def persona(author: Author) -> PersonaConfig:
    consent = Consent(statement="I agree to a twin of myself.", given_by="Nora Fenwick", date=date(2026, 1, 2))
    return PersonaConfig(
        name="nora", display_name="Nora", author=author, owner="Nora Fenwick", consent=consent, licence="CC0-1.0"
    )


@pytest.fixture
def read_file(tmp_path: Path, author: Author) -> ReadFile:
    """Write a file of a source named `notes`, and read it."""

    def read(
        reader: Reader, name: str, content: str | bytes, *, options: SourceOptions | None = None
    ) -> tuple[list[RawDocument], list[Skipped]]:
        path = tmp_path / "notes" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        context = ReadContext("notes", tmp_path / "notes", author, options or SourceOptions())
        assert reader.claims(path)
        readings = list(reader.read(path, context))
        documents = [one for one in readings if isinstance(one, RawDocument)]
        return documents, [one for one in readings if isinstance(one, Skipped)]

    return read
