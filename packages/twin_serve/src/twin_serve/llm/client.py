"""The LLM microservice as the business microservice sees it: messages in, text out as it comes."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx

from twin_data.contracts.errors import ContextLengthError, LLMError, LLMUnavailableError
from twin_data.contracts.releases import GenerationSettings
from twin_data.prompts.renderer import Message

CONNECT_TIMEOUT_S = 3.0
READ_TIMEOUT_S = 120.0


@dataclass
class Usage:
    """Filled in while a stream is read."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    finish_reason: str = ""


class LanguageModel(Protocol):
    """A chat model that streams."""

    def stream(
        self, model: str, messages: Sequence[Message], settings: GenerationSettings, usage: Usage
    ) -> AsyncIterator[str]:
        """Pieces of the completion; `usage` is complete when the stream ends."""

    async def is_healthy(self) -> bool:
        """Whether requests can be sent."""


def request_body(model: str, messages: Sequence[Message], settings: GenerationSettings) -> dict[str, Any]:
    """The only fields that are ever passed on to the LLM microservice."""
    return {
        "model": model,
        "messages": [message.model_dump() for message in messages],
        "max_tokens": settings.max_tokens,
        "temperature": settings.temperature,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


class VllmModel:
    """`LanguageModel` over vLLM's OpenAI-compatible server."""

    def __init__(self, url: str, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._client = httpx.AsyncClient(
            base_url=url,
            transport=transport,
            timeout=httpx.Timeout(READ_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
            limits=httpx.Limits(max_connections=256, max_keepalive_connections=64),
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def is_healthy(self) -> bool:
        """Whether the server answers its health check."""
        try:
            return (await self._client.get("/health", timeout=CONNECT_TIMEOUT_S)).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    async def stream(
        self, model: str, messages: Sequence[Message], settings: GenerationSettings, usage: Usage
    ) -> AsyncIterator[str]:
        """Stream one completion.

        Raises:
            LLMUnavailableError: The server cannot be reached, or broke off.
            ContextLengthError: The prompt does not fit.
            LLMError: The server refused for another reason.
        """
        body = request_body(model, messages, settings)
        try:
            async with self._client.stream("POST", "/v1/chat/completions", json=body) as response:
                if response.status_code != httpx.codes.OK:
                    raise _refusal(response.status_code, (await response.aread()).decode("utf-8", "replace"))
                async for line in response.aiter_lines():
                    if piece := _piece(line, usage):
                        yield piece
        except httpx.TransportError as error:
            raise LLMUnavailableError(
                f"the LLM microservice broke off ({type(error).__name__})", next_step="twin status, then twin up llm"
            ) from error
        if not usage.finish_reason:
            raise LLMUnavailableError("the LLM microservice ended the answer early", next_step="ask again; see logs/llm.log in $TWIN_HOME")


def _piece(line: str, usage: Usage) -> str:
    """The text in one server-sent line; counts and the reason to stop go into `usage`."""
    data = line.removeprefix("data: ")
    if data == line or data == "[DONE]":
        return ""
    event = json.loads(data)
    if "error" in event:
        raise _refusal(500, data)
    if counts := event.get("usage"):
        usage.prompt_tokens = counts["prompt_tokens"]
        usage.completion_tokens = counts.get("completion_tokens") or 0
    if not event.get("choices"):
        return ""
    choice = event["choices"][0]
    usage.finish_reason = choice.get("finish_reason") or usage.finish_reason
    return str(choice["delta"].get("content") or "")


def _refusal(status: int, body: str) -> LLMError:
    """The error for a response that is none. The server's own words stay in its log."""
    if "maximum context length" in body or "max_model_len" in body:
        return ContextLengthError(
            "the conversation and the retrieved passages do not fit the model's context",
            next_step="shorten the question or the conversation",
        )
    if status == httpx.codes.NOT_FOUND:
        return LLMError("the LLM microservice does not serve this bundle's model", next_step="twin up llm --restart")
    return LLMError(f"the LLM microservice refused with status {status}", next_step="see logs/llm.log in $TWIN_HOME")


@dataclass
class ScriptedModel:
    """A fake for tests: streams prepared answers word by word, and remembers what it was asked."""

    answers: list[str]
    asked: list[tuple[Message, ...]] = field(default_factory=list)
    error: Exception | None = None

    async def stream(
        self, model: str, messages: Sequence[Message], settings: GenerationSettings, usage: Usage
    ) -> AsyncIterator[str]:
        """Stream the next prepared answer; raise `error`, if set, after its first word."""
        self.asked.append(tuple(messages))
        words = self.answers.pop(0).split(" ")
        usage.prompt_tokens = sum(len(message.content.split()) for message in messages)
        for index, word in enumerate(words):
            yield word if index == 0 else f" {word}"
            usage.completion_tokens = index + 1
            if self.error:
                raise self.error
        usage.finish_reason = "stop"

    async def is_healthy(self) -> bool:
        """Always."""
        return True
