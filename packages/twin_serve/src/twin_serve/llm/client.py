"""The LLM microservice as the business microservice sees it: messages in, text out as it comes."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx

from twin_data.contracts.errors import ContextLengthError, LLMError, LLMUnavailableError
from twin_data.contracts.releases import GenerationSettings
from twin_data.prompts.renderer import Message

CONNECT_TIMEOUT_S = 3.0
READ_TIMEOUT_S = 120.0
"""Longest wait for the model within one answer, as a whole and for each piece; what a budget reserves is its price."""
KEEPALIVE_S = 2.0
"""Uvicorn closes a connection that was idle for 5 s. A request sent at that very moment fails, so ours go earlier."""
_TOO_LONG = ("context length", "maximum model length", "max_model_len")
"""How vLLM says, in its several places, that a prompt does not fit."""


class ModelNotServedError(LLMError):
    """The LLM microservice does not know the model's name."""


@dataclass
class Usage:
    """Filled in while a stream is read."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    finish_reason: str = ""
    uncounted: int = 0
    """Streams of which the server did not say how many tokens they took."""

    def add(self, other: Usage) -> None:
        """Count another stream's tokens to this one's."""
        self.prompt_tokens += other.prompt_tokens
        self.completion_tokens += other.completion_tokens
        self.uncounted += other.uncounted


class Upstream(Protocol):
    """Whatever streams, as errors speak of it."""

    def broke_off(self, how: str) -> LLMUnavailableError:
        """The error for a connection that could not be made or did not last."""

    def refusal(self, status: int, body: str) -> LLMError:
        """The error for a response that is none."""


class OwnServer:
    """The LLM microservice as an `Upstream`."""

    def broke_off(self, how: str) -> LLMUnavailableError:
        """See `Upstream`."""
        return LLMUnavailableError(
            f"the LLM microservice broke off ({how})",
            next_step="twin status, then twin up llm; see logs/llm.log in $TWIN_HOME",
        )

    def refusal(self, status: int, body: str) -> LLMError:
        """See `Upstream`. The server's own words stay in its log."""
        if any(phrase in body for phrase in _TOO_LONG):
            return ContextLengthError(
                "the conversation, the retrieved passages and max_tokens together do not fit the model's context",
                next_step="shorten the question or the conversation, or ask for fewer tokens",
            )
        if status == httpx.codes.NOT_FOUND:
            return ModelNotServedError(
                "the LLM microservice does not serve this bundle's model", next_step="twin up llm --restart"
            )
        kind = LLMUnavailableError if status == httpx.codes.SERVICE_UNAVAILABLE else LLMError
        return kind(f"the LLM microservice refused with status {status}", next_step="see logs/llm.log in $TWIN_HOME")


OWN_SERVER = OwnServer()


class LanguageModel(Protocol):
    """A chat model that streams."""

    def stream(
        self,
        model: str,
        messages: Sequence[Message],
        settings: GenerationSettings,
        usage: Usage,
        avoid: Sequence[str] = (),
    ) -> AsyncGenerator[str, None]:
        """Pieces of the completion, without the runs of words to avoid if the server can do without them.

        `usage` holds what was used so far, also if the stream is left early.
        """

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
        # Counts with every piece: a stream that is left early is paid for, too.
        "stream_options": {"include_usage": True, "continuous_usage_stats": True},
    }


class VllmModel:
    """`LanguageModel` over vLLM's OpenAI-compatible server."""

    def __init__(
        self, url: str, *, transport: httpx.AsyncBaseTransport | None = None, longest_s: float = READ_TIMEOUT_S
    ) -> None:
        """Connect nothing yet.

        Args:
            url: The server's address without `/v1`.
            transport: Replaces the network, for tests.
            longest_s: Longest wait for the model within one answer.
        """
        self._longest_s = longest_s
        self._client = httpx.AsyncClient(
            base_url=url,
            transport=transport,
            timeout=httpx.Timeout(longest_s, connect=CONNECT_TIMEOUT_S),
            limits=httpx.Limits(max_connections=256, max_keepalive_connections=64, keepalive_expiry=KEEPALIVE_S),
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

    def stream(
        self,
        model: str,
        messages: Sequence[Message],
        settings: GenerationSettings,
        usage: Usage,
        avoid: Sequence[str] = (),
    ) -> AsyncGenerator[str, None]:
        """Stream one completion.

        Raises:
            LLMUnavailableError: The server cannot be reached, broke off, or took too long.
            ContextLengthError: The prompt does not fit.
            ModelNotServedError: The server does not serve the model.
            LLMError: The server refused for another reason.
        """
        body = request_body(model, messages, settings)
        if avoid:
            body["bad_words"] = list(avoid)
        request = self._client.build_request("POST", "/v1/chat/completions", json=body)
        return streamed(self._client, request, usage, OWN_SERVER, longest_s=self._longest_s)


async def streamed(
    client: httpx.AsyncClient, request: httpx.Request, usage: Usage, upstream: Upstream, *, longest_s: float
) -> AsyncGenerator[str, None]:
    """The text of one completion, piece by piece.

    Args:
        client: Sends the request.
        request: Asks for a stream of server-sent events in OpenAI's form.
        usage: Filled in on the way.
        upstream: Words the errors.
        longest_s: Longest wait for the model in all.

    Raises:
        LLMError: As `upstream` words it.
    """
    try:
        response = await client.send(request, stream=True)
        try:
            if response.status_code != httpx.codes.OK:
                raise upstream.refusal(response.status_code, (await response.aread()).decode("utf-8", "replace"))
            async with aclosing(_pieces(response, usage, upstream, longest_s)) as pieces:
                async for piece in pieces:
                    yield piece
        finally:
            await response.aclose()
    except httpx.TransportError as error:
        raise upstream.broke_off(type(error).__name__) from error
    if not usage.finish_reason:
        raise upstream.broke_off("the answer has no end")


async def _pieces(
    response: httpx.Response, usage: Usage, upstream: Upstream, longest_s: float
) -> AsyncGenerator[str, None]:
    """The text in a streamed response, as long as waiting for its lines takes no longer than allowed in all."""
    waited, asked_at = 0.0, time.monotonic()
    async for line in response.aiter_lines():
        waited += time.monotonic() - asked_at
        if waited > longest_s:
            raise upstream.broke_off(f"no end after {waited:.0f} s")
        if piece := _piece(line, usage, upstream):
            yield piece
        asked_at = time.monotonic()


def _piece(line: str, usage: Usage, upstream: Upstream) -> str:
    """The text in one server-sent line; counts and the reason to stop go into `usage`."""
    if not line.startswith("data:") or (data := line.removeprefix("data:").strip()) == "[DONE]":
        return ""
    try:
        event = json.loads(data)
    except ValueError as error:  # the connection was cut inside a line
        raise upstream.broke_off("half an event") from error
    if "error" in event:
        raise upstream.refusal(httpx.codes.INTERNAL_SERVER_ERROR, data)
    if counts := event.get("usage"):
        usage.prompt_tokens = counts["prompt_tokens"]
        usage.completion_tokens = counts.get("completion_tokens") or 0
    if not event.get("choices"):
        return ""
    choice = event["choices"][0]
    usage.finish_reason = choice.get("finish_reason") or usage.finish_reason
    return str(choice["delta"].get("content") or "")


@dataclass
class ScriptedModel:
    """A fake for tests: streams prepared answers word by word, and remembers what it was asked."""

    answers: list[str]
    asked: list[tuple[Message, ...]] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    settings: list[GenerationSettings] = field(default_factory=list)
    avoided: list[tuple[str, ...]] = field(default_factory=list)
    error: Exception | None = None
    finish_reason: str = "stop"
    closed: int = 0
    """Streams that have ended, read to the end or not."""

    async def stream(
        self,
        model: str,
        messages: Sequence[Message],
        settings: GenerationSettings,
        usage: Usage,
        avoid: Sequence[str] = (),
    ) -> AsyncGenerator[str, None]:
        """Stream the next prepared answer; raise `error`, if set, after its first word."""
        self.asked.append(tuple(messages))
        self.models.append(model)
        self.settings.append(settings)
        self.avoided.append(tuple(avoid))
        words = self.answers.pop(0).split(" ")
        usage.prompt_tokens = sum(len(message.content.split()) for message in messages)
        try:
            for index, word in enumerate(words):
                usage.completion_tokens = index + 1
                yield word if index == 0 else f" {word}"
                if self.error:
                    raise self.error
            usage.finish_reason = self.finish_reason
        finally:
            self.closed += 1

    async def is_healthy(self) -> bool:
        """Always."""
        return True
