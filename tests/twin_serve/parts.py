"""A small persona, its index, and an encoder that needs no model: what the tests of serving stand on."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twin_data.contracts.answers import RetrievedPassage
from twin_data.contracts.base import Span
from twin_data.contracts.digests import digest_text
from twin_data.contracts.documents import BlockStyle, Chunk, CorpusDocument, DocumentKind, Passage, Role, Split
from twin_data.contracts.releases import (
    MachinePrice,
    ModelReference,
    ReleaseBundle,
    RetrievalSettings,
    VerificationSettings,
)
from twin_data.prompts.renderer import prompt_digest
from twin_data.scoring.late_interaction import Pieces, quantised
from twin_data.scoring.sentences import content_stems
from twin_data.scoring.weights import term_weights
from twin_data.store.search import IndexIdentity
from twin_serve.search import MemoryIndex

from ..bundles import bundle, lineage

DIMENSIONS = 512
EMBEDDING = ModelReference(name="hashing", source="tests", digest="e" * 64, licence="Apache-2.0")
DISCLOSURE = "I am a digital twin of Ada Ferrier: a language model that answers from her pages."
DOCUMENTS = {
    "blog/eels.md": (
        "The eels of Gate 7",
        "Gate 7 was drained in March 2022. We found 31 eels on the floor and carried them out in a tin bath. "
        "The museum did not want the bath. Nobody closed the upper paddle that night.",
    ),
    "blog/clocks.md": (
        "Two clocks",
        "Two clocks must agree before a gate may move. In 2021 the clocks at Marl stood 8 seconds apart, and the gate "
        "stayed still. I asked Ruth to wind the leaf by hand.\n\nThree clocks would only outvote the one that is right.",
    ),
    "mail/answer.md": (
        "Answer to Halcyon",
        "Halcyon Berths wrote that every lock can be automated by winter. I wrote back that our keepers are not for "
        "sale. The letter [2] hangs in the shed.",
    ),
}
QUOTED_BY_OTHERS = "Halcyon Berths wrote that every lock can be automated by winter."


class HashingEncoder:
    """Stems hashed into a vector: texts with the same words are near, others are not."""

    def __init__(self) -> None:
        self.encoded: list[str] = []

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)  # what is fitted for one is fitted for all

    def __hash__(self) -> int:
        return hash(type(self))

    def encode(self, texts: list[str]) -> NDArray[np.float32]:
        self.encoded += texts
        return np.stack([self._vector(text) for text in texts])

    def encode_passages(self, texts: list[str]) -> tuple[NDArray[np.float32], list[Pieces]]:
        stems = [content_stems(text) or [text] for text in texts]
        return self.encode(texts), [quantised(np.stack([self._vector(one) for one in found])) for found in stems]

    def _vector(self, text: str) -> NDArray[np.float32]:
        vector = np.zeros(DIMENSIONS, dtype=np.float32)
        for one in set(content_stems(text)) or {text}:
            vector[zlib.crc32(one.encode()) % DIMENSIONS] += 1
        return vector / np.linalg.norm(vector)


def manifest(**changes: object) -> ReleaseBundle:
    fields: dict[str, object] = {
        "display_name": "Ada Ferrier",
        "embedding_model": EMBEDDING,
        "prompt_digest": prompt_digest(),
        "retrieval": RetrievalSettings(passages=3),
        "verification": VerificationSettings(min_answerability=0.1, min_held=0),
        "price": MachinePrice(per_hour=3.6, currency="EUR"),
        "disclosure": DISCLOSURE,
        "style_notes": "short sentences",
        "lineage": lineage(features_digest="2" * 64, consent_date=date(2026, 1, 2)),
    }
    return bundle(**fields | changes)


def document(document_id: str) -> CorpusDocument:
    title, text = DOCUMENTS[document_id]
    return CorpusDocument(
        document_id=document_id,
        source="blog",
        kind=DocumentKind.ARTICLE,
        title=title,
        date=date(2022, 4, 1),
        url=f"https://ada.example/{document_id}" if document_id.startswith("blog") else None,
        text=text,
        digest=digest_text(text),
        passages=tuple(
            Passage(start=span.start, end=span.end, role=Role.OWN, style=BlockStyle.PARAGRAPH)
            for span in own_spans(text)
        ),
        family=document_id,
        split=Split.TRAIN,
    )


def own_spans(text: str) -> tuple[Span, ...]:
    """Everything but what others are quoted with."""
    at = text.find(QUOTED_BY_OTHERS)
    return (Span(start=0, end=len(text)),) if at < 0 else (Span(start=at + len(QUOTED_BY_OTHERS), end=len(text)),)


def chunk(document_id: str, number: int = 0) -> Chunk:
    one = document(document_id)
    return Chunk(
        chunk_id=f"{document_id}#{number}",
        document_id=document_id,
        document_digest=one.digest,
        start=0,
        end=len(one.text),
        text=one.text,
        own=own_spans(one.text),
        section="",
        context=f"{one.title}, 1 April 2022",
        title=one.title,
        date=one.date,
        url=one.url,
        source=one.source,
        kind=one.kind,
        family=one.family,
        split=one.split,
    )


def passage(document_id: str, *, fused: float = 0.5) -> RetrievedPassage:
    fields = {name: value for name, value in chunk(document_id) if name in RetrievedPassage.model_fields}
    return RetrievedPassage(**fields, bm25=1.0, cosine=0.5, fused=fused)


def memory_index(
    persona: str = "ada",
    *,
    name: str = "twin-ada-000001",
    embedding: ModelReference = EMBEDDING,
    ids: Iterable[str] = DOCUMENTS,
) -> MemoryIndex:
    chunks = tuple(chunk(one) for one in ids)
    return MemoryIndex(
        name=name,
        identity=IndexIdentity(
            persona=persona,
            features_digest="2" * 64,
            embedding_model=embedding,
            dimensions=DIMENSIONS,
            chunks=len(chunks),
            documents=len(chunks),
        ),
        weights=term_weights(one.text for one in chunks),
        chunks=chunks,
        vectors=HashingEncoder().encode([one.text for one in chunks]),
        documents=tuple(document(one) for one in ids),
    )


def no_models(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    folder.mkdir(exist_ok=True)
    return folder
