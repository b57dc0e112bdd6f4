"""Sentences of a model's draft held against the passages that its prompt showed."""

from __future__ import annotations

from collections.abc import Sequence

import regex

from twin_data.contracts.datasets import SourceSpan
from twin_data.contracts.documents import Chunk
from twin_data.generate.candidates import MIN_SUPPORT, own_evidence
from twin_data.generate.material import Material
from twin_data.scoring.sentences import content_stems, sentence_spans

_ENDS = regex.compile(r"[.!?…][\"'”’»)\]]*$")


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
    return [at for at, score in enumerate(sentence_supports(text, chunks, material)) if score < MIN_SUPPORT]


def sentence_supports(text: str, chunks: Sequence[Chunk], material: Material) -> list[float]:
    """How well the best of the chunks supports each sentence of a text, 0 to 1; 0 for one that says nothing."""
    return [_support(sentence, chunks, material) for sentence in sentences(text)]


def _support(sentence: str, chunks: Sequence[Chunk], material: Material) -> float:
    if len(content_stems(sentence)) < 2:
        return 0.0
    checks = (own_evidence(chunk).support(sentence, material.weights.weight) for chunk in chunks)
    return max((check.score for check in checks if check is not None), default=0.0)


def sentences(text: str) -> list[str]:
    """The sentences of a text."""
    return [span.of(text) for span in sentence_spans(text)]


def whole_sentences(text: str, finish_reason: str) -> str:
    """A draft as far as it got: without the half sentence that its length limit left."""
    text = text.strip()
    spans = sentence_spans(text)
    if finish_reason != "length" or not spans or _ENDS.search(spans[-1].of(text)):
        return text
    return text[: spans[-2].end] if len(spans) > 1 else ""
