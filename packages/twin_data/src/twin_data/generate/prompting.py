"""Prompts of training rows, rendered by the one renderer, with the passages that serving would show."""

from __future__ import annotations

from typing import Protocol

from twin_data.contracts.answers import Turn
from twin_data.contracts.datasets import SourceSpan, TaskKind
from twin_data.contracts.digests import digest_text
from twin_data.generate.balance import Chosen
from twin_data.generate.material import Material, Neighbours, source_span
from twin_data.prompts.renderer import render_answer, render_write
from twin_data.scoring.support import names, numbers

GOLD_PLACES = (0, 0, 0, 0, 0, 1, 1, 2, 2, 3)
"""Where the passage that answers stands among the others: first about as often as retrieval ranks it first."""
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
        shown = self._shown(chosen)
        passages = [material.chunks[at] for at in shown]
        if one.task is TaskKind.WRITE:
            messages = render_write(
                display_name=material.display_name,
                style_notes=material.style_notes,
                brief=chosen.asked.text,
                passages=passages,
            )
        else:
            messages = render_answer(
                display_name=material.display_name,
                style_notes=material.style_notes,
                question=chosen.asked.text,
                passages=passages,
            )
        turns = tuple(Turn(role=message.role, content=message.content) for message in messages)
        return turns, tuple(source_span(one, one.start, one.end) for one in passages)

    def _shown(self, chosen: Chosen) -> list[int]:
        one, config = chosen.candidate, self._config
        lot = int(digest_text(f"{config.seed}:context:{chosen.key}")[:8], 16) / 16**8
        if one.task is TaskKind.WRITE:
            return self._for_writing(chosen) if lot < config.write_context_share else []
        if one.task is TaskKind.DECLINE:
            return self._neighbours.nearest(chosen.asked.text, one.chunk, config.passages, without={one.family})
        if lot >= config.with_context_share:
            return []
        others = self._neighbours.nearest(chosen.asked.text, one.chunk, config.passages - 1)
        place = GOLD_PLACES[int(lot * 1000) % len(GOLD_PLACES)]
        return [*others[:place], one.chunk, *others[place:]]

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
        if numbers(one.response) - numbers(told) or len(unseen) > MAX_UNSEEN_NAMES:
            return []
        return shown
