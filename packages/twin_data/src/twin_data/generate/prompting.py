"""Prompts of training rows, rendered by the one renderer, with the passages that serving would show."""

from __future__ import annotations

from typing import Protocol

from twin_data.contracts.answers import Turn
from twin_data.contracts.base import Span
from twin_data.contracts.datasets import SourceSpan, TaskKind
from twin_data.contracts.digests import digest_text
from twin_data.contracts.documents import Chunk
from twin_data.generate.balance import Chosen
from twin_data.generate.material import Material, Neighbours, source_span
from twin_data.prompts.renderer import render_answer, render_write
from twin_data.scoring.excerpts import Excerpt, excerpt_around, nearest_excerpt
from twin_data.scoring.support import held_numbers, names, numbers

GOLD_PLACES = (0, 0, 0, 0, 0, 1, 1, 2, 2, 3)
"""Where the passage that answers stands among the others: first about as often as retrieval ranks it first."""
ALONE_SHARE = 0.35
"""Of answers made of stretches: those whose prompt shows the one that answers alone, as further drafts see it."""
MAX_UNSEEN_NAMES = 2
"""A text to be written may name so many that its passages do not: the prompt forbids facts from elsewhere."""


class ContextConfig(Protocol):
    """Settings of the passages in prompts."""

    @property
    def seed(self) -> int:
        """Chooses which rows have passages."""

    @property
    def passages(self) -> int:
        """How many a prompt shows."""

    @property
    def excerpts(self) -> int:
        """How many stretches the prompt of an answer shows in their place; 0 for none."""

    @property
    def with_context_share(self) -> float:
        """Of answers."""

    @property
    def write_context_share(self) -> float:
        """Of texts to be written."""


class PromptWriter:
    """Renders the prompt of a chosen row."""

    def __init__(self, material: Material, neighbours: Neighbours, config: ContextConfig) -> None:
        """Take the material, its neighbours and the settings."""
        self._material = material
        self._neighbours = neighbours
        self._config = config

    def prompt(self, chosen: Chosen) -> tuple[tuple[Turn, ...], tuple[SourceSpan, ...]]:
        """The messages of a row's prompt and where the passages in it stand."""
        one, material = chosen.candidate, self._material
        chunks = [material.chunks[at] for at in self._shown(chosen)]
        if one.task is TaskKind.WRITE:
            messages = render_write(
                display_name=material.display_name,
                style_notes=material.style_notes,
                brief=chosen.asked.text,
                passages=chunks,
            )
            spans = [source_span(chunk, chunk.start, chunk.end) for chunk in chunks]
        else:
            read = self._read(chosen, chunks)
            messages = render_answer(
                display_name=material.display_name,
                style_notes=material.style_notes,
                question=chosen.asked.text,
                passages=read,
            )
            spans = [source_span(chunks[part.passage], part.span.start, part.span.end) for part in read]
        turns = tuple(Turn(role=message.role, content=message.content) for message in messages)
        return turns, tuple(spans)

    def _read(self, chosen: Chosen, chunks: list[Chunk]) -> list[Excerpt]:
        """What an answer's prompt shows of its chunks: all of each, or a stretch, that of the answer whole."""
        one, material = chosen.candidate, self._material
        if not self._config.excerpts:
            return [
                Excerpt(chunk.context, chunk.text, Span(start=chunk.start, end=chunk.end), at)
                for at, chunk in enumerate(chunks)
            ]
        gold = material.chunks[one.chunk] if one.task is TaskKind.ANSWER else None
        read = [
            excerpt_around(chunk, Span(start=one.spans[0].start, end=one.spans[-1].end), at, chosen.key)
            if chunk is gold
            else nearest_excerpt(chunk, chosen.asked.text, material.weights, at)
            for at, chunk in enumerate(chunks)
        ]
        return [part for part in read if part]

    def _shown(self, chosen: Chosen) -> list[int]:
        one, config = chosen.candidate, self._config
        count = config.excerpts or config.passages
        lot = self._lot("context", chosen)
        if one.task is TaskKind.WRITE:
            return self._for_writing(chosen) if lot < config.write_context_share else []
        if one.task is TaskKind.DECLINE:
            return self._neighbours.nearest(chosen.asked.text, one.chunk, count, without={one.family})
        if lot >= config.with_context_share:
            return []
        if config.excerpts and self._lot("alone", chosen) < ALONE_SHARE:
            return [one.chunk]
        others = self._neighbours.nearest(chosen.asked.text, one.chunk, count - 1)
        place = GOLD_PLACES[int(lot * 1000) % len(GOLD_PLACES)]
        return [*others[:place], one.chunk, *others[place:]]

    def _lot(self, purpose: str, chosen: Chosen) -> float:
        """A number from 0 to 1 that is the same for the same row."""
        return int(digest_text(f"{self._config.seed}:{purpose}:{chosen.key}")[:8], 16) / 16**8

    def _for_writing(self, chosen: Chosen) -> list[int]:
        """Passages on the same matter from other families, unless the text says what they cannot have told it."""
        one, material = chosen.candidate, self._material
        first = next(
            (
                at
                for at in material.trainable
                if material.chunks[at].document_id == one.spans[0].document_id
                and material.chunks[at].start < one.spans[0].end
                and one.spans[0].start < material.chunks[at].end
            ),
            None,
        )
        if first is None:
            return []
        shown = self._neighbours.nearest(chosen.asked.text, first, self._config.passages, without={one.family})
        told = "\n".join(f"{material.chunks[at].context}\n{material.chunks[at].text}" for at in shown)
        unseen = {name for name in names(one.response) if name not in told}
        if numbers(one.response) - held_numbers(told) or len(unseen) > MAX_UNSEEN_NAMES:
            return []
        return shown
