"""Four books as far as cleaned, computed once, and builders of small documents."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from twin_data.configuration.persona import Author, Consent, PersonaConfig
from twin_data.contracts.digests import digest_text
from twin_data.contracts.documents import (
    BLOCK_SEPARATOR,
    Block,
    BlockStyle,
    CleanDocument,
    CorpusDocument,
    DocumentKind,
    Passage,
    RawDocument,
    Role,
    Split,
    block_spans,
)
from twin_data.sources import collect
from twin_data.store.schemas import to_frame
from twin_data.transform import clean

SAMPLE = Path(__file__).parents[3] / "personas" / "sample"
BOOKS = Path(__file__).parents[4] / "shared" / "data" / "personas" / "chesterton"


@pytest.fixture(scope="session")
def planted() -> dict[str, Any]:
    return dict(json.loads((SAMPLE / "planted.json").read_text("utf-8")))


@dataclass(frozen=True)
class Chesterton:
    """Four books, as collected and as cleaned."""

    sources: Path
    raw: tuple[RawDocument, ...]
    cleaned: clean.Cleaned


@pytest.fixture(scope="session")
def chesterton() -> Chesterton:
    """Skips where the books are absent."""
    if not BOOKS.is_dir():
        pytest.skip("the test data ../shared/data/personas/chesterton is absent")
    persona = PersonaConfig(
        name="gkc",
        display_name="G. K. Chesterton",
        author=Author(name="G. K. Chesterton"),
        owner="nobody",
        licence="public domain",
        consent=Consent(statement="in the public domain", given_by="nobody", date=date(2026, 1, 1)),
    )
    raw = collect.run(collect.CollectInputs(persona=persona, sources_folder=BOOKS)).documents
    cleaned = clean.run(clean.CleanInputs(raw, frozenset({persona.author.name})), config=clean.CleanConfig())
    return Chesterton(BOOKS, raw, cleaned)


@pytest.fixture(scope="session")
def raw_document() -> Callable[..., RawDocument]:
    """`raw_document("own paragraph", Block(...), kind=…)`."""

    def build(*blocks: str | Block, **fields: Any) -> RawDocument:
        given = {
            "document_id": "notes/a.md",
            "source": "notes",
            "kind": DocumentKind.ARTICLE,
            "title": "A",
            "date": date(2024, 1, 2),
            "url": None,
            "content_digest": "c",
        }
        held = tuple(Block(text=one) if isinstance(one, str) else one for one in blocks)
        return RawDocument(**{**given, **fields}, blocks=held)

    return build


@pytest.fixture(scope="session")
def corpus_document() -> Callable[..., CorpusDocument]:
    """`corpus_document("own paragraph", ("quoted", Role.QUOTED), ("Heading", BlockStyle.HEADING), …)`."""

    def build(*parts: str | tuple[Any, ...], **fields: Any) -> CorpusDocument:
        listed = [(one,) if isinstance(one, str) else one for one in parts]
        texts = [one[0] for one in listed]
        passages = tuple(
            Passage(
                start=span.start,
                end=span.end,
                role=next((x for x in one[1:] if isinstance(x, Role)), Role.OWN),
                style=next((x for x in one[1:] if isinstance(x, BlockStyle)), BlockStyle.PARAGRAPH),
            )
            for one, span in zip(listed, block_spans(texts), strict=True)
        )
        text = BLOCK_SEPARATOR.join(texts)
        given = {
            "document_id": "notes/a.md",
            "source": "notes",
            "kind": DocumentKind.ARTICLE,
            "title": "A",
            "date": date(2024, 1, 2),
            "url": None,
            "text": text,
            "digest": digest_text(text),
            "passages": passages,
            "split": Split.TRAIN,
        }
        merged = {**given, **fields}
        return CorpusDocument(**{"family": merged["document_id"], **merged})

    return build


@pytest.fixture(scope="session")
def clean_frame(corpus_document: Callable[..., CorpusDocument]) -> Callable[..., pl.DataFrame]:
    """`clean_frame({"a": "text", …})` or with `(text, {field: value})`: rows of `CleanDocument`."""

    def build(texts: dict[str, str | tuple[str, dict[str, Any]]]) -> pl.DataFrame:
        rows = []
        for document_id, given in texts.items():
            text, fields = given if isinstance(given, tuple) else (given, {})
            document = corpus_document(text, document_id=document_id, **fields)
            rows.append(CleanDocument.model_validate(document.model_dump(include=set(CleanDocument.model_fields))))
        return to_frame(rows, CleanDocument)

    return build
