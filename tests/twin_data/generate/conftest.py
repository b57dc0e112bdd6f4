"""The sample persona's features, and a dataset made of them, computed once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twin_data.configuration.persona import PersonaConfig
from twin_data.contracts.digests import digest_text
from twin_data.contracts.documents import (
    BLOCK_SEPARATOR,
    BlockStyle,
    CorpusDocument,
    DocumentKind,
    Passage,
    Rejection,
    Role,
    Split,
    block_spans,
)
from twin_data.contracts.evaluation import HeldOutQuestion
from twin_data.generate.instructions import InstructionConfig, InstructionInputs, InstructionSet
from twin_data.generate.instructions import run as make_instructions
from twin_data.generate.material import Material
from twin_data.scoring.sentences import content_stems
from twin_data.store.schemas import to_rows
from twin_data.transform import chunk

SAMPLE = Path(__file__).parents[3] / "personas" / "sample"


@pytest.fixture(scope="session")
def persona(sample: Any) -> PersonaConfig:
    found: PersonaConfig = sample.persona
    return found


@pytest.fixture(scope="session")
def questions() -> tuple[HeldOutQuestion, ...]:
    lines = (SAMPLE / "questions.jsonl").read_text("utf-8").splitlines()
    return tuple(HeldOutQuestion.model_validate_json(line) for line in lines if line)


@pytest.fixture(scope="session")
def material(sample: Any, questions: tuple[HeldOutQuestion, ...]) -> Material:
    return Material(
        display_name=sample.persona.display_name,
        style_notes=sample.persona.style_notes,
        documents=to_rows(sample.filtered.documents.select(list(CorpusDocument.model_fields)), CorpusDocument),
        chunks=sample.chunks,
        vectors=hashed_vectors([one.text for one in sample.chunks]),
        exclusions=to_rows(sample.exclusions, Rejection),
        questions=tuple(one.question for one in questions),
    )


def hashed_vectors(texts: Sequence[str], dimensions: int = 64) -> np.ndarray:
    """Bags of stems, hashed into unit vectors, shape (N, D): alike texts are near each other."""
    vectors = np.full((len(texts), dimensions), 1e-3, dtype=np.float32)
    for row, text in enumerate(texts):
        for stem in content_stems(text):
            vectors[row, int(digest_text(stem)[:8], 16) % dimensions] += 1.0
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture(scope="session")
def made(material: Material) -> InstructionSet:
    return make_instructions(InstructionInputs(material), config=InstructionConfig())


@pytest.fixture(scope="session")
def small_material() -> Callable[..., Material]:
    """`small_material({"notes/a.md": ["paragraph", …]}, test=("notes/b.md",))`."""

    def build(texts: dict[str, list[str]], *, test: Sequence[str] = (), **fields: Any) -> Material:
        documents = tuple(
            corpus_document(name, paragraphs, Split.TEST if name in test else Split.TRAIN)
            for name, paragraphs in texts.items()
        )
        chunks = tuple(one for each in documents for one in chunk.chunks(each, chunk.ChunkConfig()))
        given: dict[str, Any] = {
            "display_name": "Ann",
            "style_notes": "",
            "documents": documents,
            "chunks": chunks,
            "vectors": None,
            "exclusions": (),
        }
        return Material(**{**given, **fields})

    return build


def corpus_document(name: str, paragraphs: list[str], side: Split) -> CorpusDocument:
    text = BLOCK_SEPARATOR.join(paragraphs)
    return CorpusDocument(
        document_id=name,
        source=name.split("/")[0],
        kind=DocumentKind.ARTICLE,
        title=f"The {Path(name).stem} papers",
        date=None,
        url=None,
        text=text,
        digest=digest_text(text),
        passages=tuple(
            Passage(start=one.start, end=one.end, role=Role.OWN, style=BlockStyle.PARAGRAPH)
            for one in block_spans(paragraphs)
        ),
        family=name,
        split=side,
    )
