"""Sentences of a model's draft held against the passages that its prompt showed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from twin_data.contracts.datasets import SourceSpan
from twin_data.contracts.documents import Chunk
from twin_data.generate.candidates import MIN_SUPPORT, own_evidence
from twin_data.generate.material import Material
from twin_data.scoring.sentences import content_stems, is_whole, sentence_spans


def chunks_of(material: Material, context: Sequence[SourceSpan], spans: Sequence[SourceSpan]) -> list[Chunk]:
    """The chunks that a prompt shows; for a prompt without passages, those that hold the spans of its answer."""
    if context:
        return [chunk for chunk in material.chunks if any(_holds(chunk, one) for one in context)]
    return [
        chunk
        for chunk in material.chunks
        if any(
            one.document_id == chunk.document_id and one.start < chunk.end and chunk.start < one.end for one in spans
        )
    ]


def _holds(chunk: Chunk, span: SourceSpan) -> bool:
    return chunk.document_id == span.document_id and chunk.start <= span.start and span.end <= chunk.end


def unsupported_sentences(text: str, chunks: Sequence[Chunk], material: Material) -> list[int]:
    """Which sentences of a text, by number, none of the chunks supports; one that says nothing counts, too."""
    return [at for at, one in enumerate(supports(text, chunks, material)) if one.score < MIN_SUPPORT]


@dataclass(frozen=True)
class SentenceSupport:
    """How well the best of some chunks supports a sentence.

    Attributes:
        sentence: The sentence.
        score: 0 to 1; 0 for one that says nothing.
        stretch: The words that support it; empty where nothing does.
    """

    sentence: str
    score: float = 0.0
    stretch: str = ""


def supports(text: str, chunks: Sequence[Chunk], material: Material) -> list[SentenceSupport]:
    """How well the chunks support each sentence of a text."""
    return [_support(sentence, chunks, material) for sentence in sentences(text)]


def _support(sentence: str, chunks: Sequence[Chunk], material: Material) -> SentenceSupport:
    best = SentenceSupport(sentence)
    if len(content_stems(sentence)) < 2:
        return best
    for chunk in chunks:
        found = own_evidence(chunk).support(sentence, material.weights.weight)
        if found is not None and found.score > best.score:
            best = SentenceSupport(sentence, found.score, found.span.of(chunk.text))
    return best


def sentences(text: str) -> list[str]:
    """The sentences of a text."""
    return [span.of(text) for span in sentence_spans(text)]


def whole_sentences(text: str, finish_reason: str) -> str:
    """A draft as far as it got: without the half sentence that its length limit left."""
    text = text.strip()
    spans = sentence_spans(text)
    if finish_reason != "length" or not spans or is_whole(spans[-1].of(text)):
        return text
    return text[: spans[-2].end] if len(spans) > 1 else ""
