"""The sample persona as far as each stage, computed once, and builders of small documents."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from twin_data.configuration.persona import PersonaConfig
from twin_data.configuration.yaml_files import load_yaml
from twin_data.contracts.digests import digest_text
from twin_data.contracts.documents import (
    BLOCK_SEPARATOR,
    Block,
    BlockStyle,
    Chunk,
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
from twin_data.store.schemas import to_frame, to_rows
from twin_data.transform import chunk, clean, dedupe, quality, split

SAMPLE = Path(__file__).parents[3] / "personas" / "sample"


@dataclass(frozen=True)
class Sample:
    """The shipped persona, stage by stage."""

    persona: PersonaConfig
    raw: tuple[RawDocument, ...]
    cleaned: clean.Cleaned
    unique: dedupe.Deduplicated
    separated: pl.DataFrame
    filtered: quality.Filtered
    chunks: tuple[Chunk, ...]


@pytest.fixture(scope="session")
def planted() -> dict[str, Any]:
    return dict(json.loads((SAMPLE / "planted.json").read_text("utf-8")))


@pytest.fixture(scope="session")
def sample() -> Sample:
    persona = load_yaml(SAMPLE / "persona.yaml", PersonaConfig)
    raw = collect.run(collect.CollectInputs(persona=persona, sources_folder=SAMPLE / "sources")).documents
    own_names = frozenset({persona.author.name, *persona.author.aliases})
    cleaned = clean.run(clean.CleanInputs(raw, own_names), config=clean.CleanConfig())
    unique = dedupe.run(to_frame(cleaned.documents, CleanDocument), config=dedupe.DedupeConfig())
    separated = split.run(unique.documents, config=split.SplitConfig())
    filtered = quality.run(separated, config=quality.QualityConfig())
    chunks = chunk.run(filtered.documents, config=chunk.ChunkConfig())
    return Sample(persona, raw, cleaned, unique, separated, filtered, to_rows(chunks, Chunk))


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
