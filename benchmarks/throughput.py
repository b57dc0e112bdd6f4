"""Tokens a second through the business service beside raw vLLM, the same prompts in the same run.

    python -m benchmarks.throughput sample [--rounds 5] [--requests 16]

Needs the platform (`twin up`) and a persona with a bundle. A round asks the questions through the service at one
concurrency, then sends the very prompts that the service rendered straight to vLLM; the order alternates.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Any

import httpx

from flows.local_key import local_key
from flows.platform.settings import PlatformSettings
from twin_data.configuration.home import TwinHome, cache_folder
from twin_data.contracts.answers import Question
from twin_data.contracts.api_headers import FEATURE_HEADER
from twin_data.contracts.releases import Alias, GenerationSettings, ReleaseBundle
from twin_data.prompts.renderer import Message
from twin_data.registry import open_registry
from twin_serve.answering.pipeline import Answerer
from twin_serve.answering.progress import Progress
from twin_serve.llm.client import Usage, request_body
from twin_serve.search import ElasticPassageSearch
from twin_serve.twins import TwinDirectory

CONCURRENCIES = (1, 8, 32)
TIMEOUT = httpx.Timeout(300.0)


class Recorder:
    """In the model's place: keeps the prompt that the service sends, and says nothing."""

    def __init__(self) -> None:
        self.messages: Sequence[Message] | None = None

    async def stream(
        self, model: str, messages: Sequence[Message], settings: GenerationSettings, usage: Usage
    ) -> AsyncGenerator[str, None]:
        """No pieces."""
        self.messages, usage.finish_reason = messages, "stop"
        for piece in ():
            yield piece

    async def is_healthy(self) -> bool:
        """Always."""
        return True


async def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("persona")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=16, help="requests a round at concurrency 8 and 32")
    arguments = parser.parse_args()
    home, settings = TwinHome.from_environment(), PlatformSettings.from_environment()
    bundle = open_registry(home).resolve(arguments.persona, alias=Alias.CHAMPION).manifest
    questions = _questions(home, arguments.persona)
    headers = {"Authorization": f"Bearer {await local_key(home)}", FEATURE_HEADER: "benchmark"}
    async with (
        httpx.AsyncClient(base_url=settings.business_address, headers=headers, timeout=TIMEOUT) as service,
        httpx.AsyncClient(base_url=settings.llm_address, timeout=TIMEOUT) as raw,
    ):
        prompts = await _prompts(home, settings, bundle, questions)
        print("| concurrency | through the service, tok/s | raw vLLM, tok/s | ratio (median of rounds) |")
        print("|---|---|---|---|")
        for concurrency in CONCURRENCIES:
            await _row(service, raw, bundle, prompts, concurrency, arguments)


async def _row(
    service: httpx.AsyncClient,
    raw: httpx.AsyncClient,
    bundle: ReleaseBundle,
    prompts: list[tuple[str, dict[str, Any]]],
    concurrency: int,
    arguments: argparse.Namespace,
) -> None:
    count = 3 if concurrency == 1 else max(concurrency, arguments.requests)
    work = [prompts[i % len(prompts)] for i in range(count)]

    async def ask(item: tuple[str, dict[str, Any]]) -> int:
        body = {"model": bundle.model_name, "messages": [{"role": "user", "content": item[0]}]}
        response = await service.post("/v1/chat/completions", json=body)
        response.raise_for_status()
        return int(response.json()["usage"]["completion_tokens"])

    async def send(item: tuple[str, dict[str, Any]]) -> int:
        response = await raw.post("/v1/chat/completions", json=item[1])
        response.raise_for_status()
        return int(response.json()["usage"]["completion_tokens"])

    rates: dict[str, list[float]] = {"service": [], "raw": []}
    for number in range(arguments.rounds):
        for name, call in [("service", ask), ("raw", send)][:: 1 if number % 2 else -1]:
            rates[name].append(await _rate(call, work, concurrency))
    ratios = [ours / theirs for ours, theirs in zip(rates["service"], rates["raw"], strict=True)]
    print(
        f"| {concurrency} | {statistics.median(rates['service']):.1f} | {statistics.median(rates['raw']):.1f} | "
        f"{statistics.median(ratios):.2f} |",
        flush=True,
    )


async def _rate(
    call: Callable[[tuple[str, dict[str, Any]]], Awaitable[int]],
    work: list[tuple[str, dict[str, Any]]],
    concurrency: int,
) -> float:
    free = asyncio.Semaphore(concurrency)

    async def limited(item: tuple[str, dict[str, Any]]) -> int:
        async with free:
            return await call(item)

    started = time.monotonic()
    tokens = sum(await asyncio.gather(*map(limited, work)))
    return tokens / (time.monotonic() - started)


async def _prompts(
    home: TwinHome, settings: PlatformSettings, bundle: ReleaseBundle, questions: list[str]
) -> list[tuple[str, dict[str, Any]]]:
    """Questions that reach the model, each with the body the service sends for it."""
    search, found = ElasticPassageSearch(settings.elasticsearch_address), []
    twin = await TwinDirectory(open_registry(home), search, cache_folder() / "models").resolve(bundle.model_name)
    try:
        for question in questions:
            recorder = Recorder()
            async for _ in Answerer(search, recorder).answer(twin, Question(text=question), "benchmark", Progress()):
                continue
            if recorder.messages:
                raw = request_body(twin.llm_model, recorder.messages, bundle.generation)
                found.append((question, {**raw, "stream": False, "stream_options": None}))
    finally:
        await search.close()
    return found


def _questions(home: TwinHome, persona: str) -> list[str]:
    path = home.persona_folder(persona) / "questions.jsonl"
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    return [row["question"] for row in rows if row["expected"] == "answer"][:24]


if __name__ == "__main__":
    asyncio.run(main())
