"""Distilabel's client of OpenAI-compatible endpoints: a bound on what is under way, and words to avoid by request."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple

from distilabel.models.llms import OpenAILLM
from distilabel.steps.tasks import ChatGeneration
from pydantic import Field


class AvoidingInput(NamedTuple):
    """One request: its messages, and the runs of words that its answer may not hold."""

    messages: list[dict[str, str]]
    avoid: Sequence[str]


class AvoidingChat(ChatGeneration):  # type: ignore[misc]  # Distilabel has no types
    """Chat whose rows say, beside their `messages`, which runs of words to `avoid`."""

    @property
    def inputs(self) -> list[str]:
        """Columns that it reads."""
        return ["messages", "avoid"]

    def format_input(self, input: dict[str, Any]) -> AvoidingInput:
        """What `BoundedOpenAILLM` takes."""
        return AvoidingInput(super().format_input(input), input["avoid"])


class BoundedOpenAILLM(OpenAILLM):  # type: ignore[misc]  # Distilabel has no types
    """Sends a batch's requests so many at a time, the next one as soon as one is answered.

    Distilabel sends a whole batch at once. With batches as small as the bound, every batch waits for its longest answer
    while the model has next to nothing to do; so batches are large here, and the bound is kept by the client.
    """

    in_flight: int = Field(default=8, ge=1, exclude=True)
    """Requests under way at most."""

    async def _agenerate(self, inputs: Sequence[AvoidingInput], num_generations: int = 1, **kwargs: Any) -> list[Any]:
        free = asyncio.Semaphore(self.in_flight)

        async def asked(one: AvoidingInput) -> Any:
            body = {"extra_body": {"bad_words": list(one.avoid)}} if one.avoid else {}
            async with free:
                return await self.agenerate(input=one.messages, num_generations=num_generations, **body, **kwargs)

        return await asyncio.gather(*map(asked, inputs))
