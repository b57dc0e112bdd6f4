"""Chunks that respect structure and carry what places them: title, section, date, and exact offsets."""

from __future__ import annotations

import re
from collections.abc import Iterator

import polars as pl
from pydantic import Field, model_validator

from twin_data.contracts.base import Contract, Span
from twin_data.contracts.digests import digest_value, short
from twin_data.contracts.documents import BlockStyle, Chunk, CorpusDocument, Passage, Role
from twin_data.scoring.sentences import sentence_spans
from twin_data.store.schemas import to_frame, to_rows

STAGE = "chunk"
_DOCUMENTS_A_BATCH = 1_000  # rows as Python objects take many times what they take in a table
_WORD = re.compile(r"\S+")


class ChunkConfig(Contract):
    """Sizes in words of white-space separated text. The default encoder reads about 190 words."""

    target_words: int = Field(default=120, ge=20)
    max_words: int = Field(default=170, ge=30)
    overlap_sentences: int = Field(default=1, ge=0)
    """Sentences repeated where a long paragraph had to be cut."""

    @model_validator(mode="after")
    def _ordered(self) -> ChunkConfig:
        if self.max_words < self.target_words:
            raise ValueError(f"max_words {self.max_words} is less than target_words {self.target_words}")
        return self


def run(inputs: pl.DataFrame, *, config: ChunkConfig) -> pl.DataFrame:
    """Rows of the contract `Chunk` for rows of the contract `CorpusDocument`."""
    batches = (inputs[at : at + _DOCUMENTS_A_BATCH] for at in range(0, max(1, inputs.height), _DOCUMENTS_A_BATCH))
    return pl.concat([_batch(batch, config) for batch in batches], rechunk=False)


def _batch(inputs: pl.DataFrame, config: ChunkConfig) -> pl.DataFrame:
    return to_frame(
        (chunk for document in to_rows(inputs, CorpusDocument) for chunk in chunks(document, config)), Chunk
    )


def chunks(document: CorpusDocument, config: ChunkConfig) -> Iterator[Chunk]:
    """The chunks of one document, in order. Every character of its own paragraphs lies in at least one."""
    section = ""
    pending: list[Span] = []
    for passage in document.passages:
        if passage.style is BlockStyle.HEADING:
            yield from _flush(document, section, pending)
            pending = []
            heading = passage.of(document.text)
            section = "" if heading == document.title else heading
            continue
        for piece in _pieces(document, passage, config):
            if pending and _words(document, pending[0].start, piece.end) > config.max_words:
                yield from _flush(document, section, pending)
                pending = []
            pending.append(piece)
            if _words(document, pending[0].start, pending[-1].end) >= config.target_words:
                yield from _flush(document, section, pending)
                pending = []
    yield from _flush(document, section, pending)


def _pieces(document: CorpusDocument, passage: Passage, config: ChunkConfig) -> Iterator[Span]:
    """The passage itself, or runs of its sentences if it is longer than a chunk may be."""
    if _words(document, passage.start, passage.end) <= config.max_words:
        yield Span(start=passage.start, end=passage.end)
        return
    sentences = list(_sentences(document, passage, config))
    first = 0
    for last in range(len(sentences)):
        begins = sentences[first].start
        if last + 1 == len(sentences):
            yield Span(start=begins, end=sentences[last].end)
        elif _words(document, begins, sentences[last + 1].end) > config.target_words:
            yield Span(start=begins, end=sentences[last].end)
            first = max(first + 1, last + 1 - config.overlap_sentences)
            # A repeated sentence may not push the next one over the limit.
            while (
                first <= last and _words(document, sentences[first].start, sentences[last + 1].end) > config.max_words
            ):
                first += 1


def _sentences(document: CorpusDocument, passage: Passage, config: ChunkConfig) -> Iterator[Span]:
    """The sentences of a passage in the document's offsets; one longer than a chunk may be is cut between words."""
    for sentence in sentence_spans(passage.of(document.text)):
        start, end = sentence.start + passage.start, sentence.end + passage.start
        if _words(document, start, end) <= config.max_words:
            yield Span(start=start, end=end)
            continue
        found = [match.span() for match in _WORD.finditer(document.text, start, end)]
        for at in range(0, len(found), config.target_words):
            part = found[at : at + config.target_words]
            yield Span(start=part[0][0], end=part[-1][1])


def _flush(document: CorpusDocument, section: str, pieces: list[Span]) -> Iterator[Chunk]:
    if not pieces:
        return
    span = Span(start=pieces[0].start, end=pieces[-1].end)
    own = _own_spans(document, span)
    if not own:
        return  # others' words alone: context of nothing
    text = span.of(document.text)
    yield Chunk(
        chunk_id=short(digest_value([document.document_id, document.digest, span.start, span.end])),
        document_id=document.document_id,
        document_digest=document.digest,
        start=span.start,
        end=span.end,
        text=text,
        own=own,
        section=section,
        context=context_line(document, section),
        title=document.title,
        date=document.date,
        url=document.url,
        source=document.source,
        kind=document.kind,
        family=document.family,
        split=document.split,
    )


def context_line(document: CorpusDocument, section: str) -> str:
    """One line that says where a chunk stands."""
    place = " — ".join(part for part in (document.title, section) if part)
    return f"{place} ({document.date:%d %B %Y})" if document.date else place


def _own_spans(document: CorpusDocument, span: Span) -> tuple[Span, ...]:
    return tuple(
        Span(start=max(one.start, span.start), end=min(one.end, span.end))
        for one in document.passages
        if one.role is Role.OWN
        and one.style not in {BlockStyle.HEADING, BlockStyle.CODE}
        and one.start < span.end
        and one.end > span.start
    )


def _words(document: CorpusDocument, start: int, end: int) -> int:
    return len(document.text[start:end].split())
