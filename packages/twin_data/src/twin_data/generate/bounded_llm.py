"""Distilabel's client of OpenAI-compatible endpoints with a bound on the requests that are under way."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from distilabel.models.llms import OpenAILLM
from pydantic import Field


class BoundedOpenAILLM(OpenAILLM):  # type: ignore[misc]  # Distilabel has no types
    """Sends a batch's requests so many at a time, the next one as soon as one is answered.

    Distilabel sends a whole batch at once. With batches as small as the bound, every batch waits for its longest answer
    while the model has next to nothing to do; so batches are large here, and the bound is kept by the client.
    """

    in_flight: int = Field(default=8, ge=1, exclude=True)
    """Requests under way at most."""

    async def _agenerate(self, inputs: Sequence[Any], num_generations: int = 1, **kwargs: Any) -> list[Any]:
        free = asyncio.Semaphore(self.in_flight)

        async def asked(one: Any) -> Any:
            async with free:
                return await self.agenerate(input=one, num_generations=num_generations, **kwargs)

        return await asyncio.gather(*map(asked, inputs))
