"""Reference models behind endpoints of others: they write the drafts of bundles that the ladder measures against."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import httpx

from twin_data.contracts.endpoints import ReferenceEndpoint, endpoint_key
from twin_data.contracts.errors import ConfigurationError, LLMError, LLMUnavailableError, RegistryError
from twin_data.contracts.releases import GenerationSettings
from twin_data.prompts.renderer import Message
from twin_data.registry.port import BundleRegistry
from twin_serve.llm import client
from twin_serve.llm.client import KEEPALIVE_S, READ_TIMEOUT_S, LanguageModel, Usage, streamed

PREFIX = "endpoint:"
CONNECT_TIMEOUT_S = 10.0
"""The way is longer than to a server on this machine."""
_LONGEST_MESSAGE = 200
_KEY_REFUSED = frozenset({401, 403})
_AWAY = frozenset({429, 500, 502, 503, 504})


class ReferenceUnavailableError(LLMUnavailableError):
    """A reference model cannot be reached, or does not take the key."""


class ReferenceRefusedError(LLMError):
    """A reference model refused a request."""


def endpoint_name(bundle: str) -> str:
    """What the model of a bundle is called whose drafts an endpoint writes: `endpoint:<persona>@<bundle>`."""
    return f"{PREFIX}{bundle}"


@dataclass(frozen=True)
class ReferenceServer:
    """An endpoint as an `Upstream`: its errors name it."""

    endpoint: ReferenceEndpoint

    @property
    def _named(self) -> str:
        return f"the reference model {self.endpoint.described}"

    def broke_off(self, how: str) -> ReferenceUnavailableError:
        """See `Upstream`."""
        return ReferenceUnavailableError(
            f"{self._named} broke off ({how})",
            next_step="see whether it is up, or correct evaluation.reference in the recipe",
        )

    def refusal(self, status: int, body: str) -> LLMError:
        """See `Upstream`."""
        said = f"{self._named} refused with status {status}: {_message(body)}"
        if status in _KEY_REFUSED:
            return self.keyless(said)
        if status in _AWAY:
            return ReferenceUnavailableError(said, next_step="wait, or see with whoever runs it what is wrong")
        return ReferenceRefusedError(said, next_step="correct evaluation.reference in the recipe")

    def keyless(self, said: str) -> ReferenceUnavailableError:
        """The error where the service has no key that opens it."""
        return ReferenceUnavailableError(
            said,
            next_step=f"export {self.endpoint.api_key_variable}=… where the business service is started, then "
            "twin up business --restart",
        )


class EndpointModels:
    """`LanguageModel` for bundles whose drafts an endpoint writes; which one, and its key's name, the bundle says."""

    def __init__(
        self,
        registry: BundleRegistry,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        longest_s: float = READ_TIMEOUT_S,
    ) -> None:
        """Connect nothing yet.

        Args:
            registry: Where the bundles are.
            transport: Replaces the network, for tests.
            longest_s: Longest wait for a model within one answer.
        """
        self._registry = registry
        self._longest_s = longest_s
        self._known: dict[str, ReferenceEndpoint] = {}
        self._client = httpx.AsyncClient(
            transport=transport,
            timeout=httpx.Timeout(longest_s, connect=CONNECT_TIMEOUT_S),
            limits=httpx.Limits(max_connections=64, keepalive_expiry=KEEPALIVE_S),
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def is_healthy(self) -> bool:
        """Always: whether one of them is there is seen when it is asked, since asking costs money."""
        return True

    async def stream(
        self,
        model: str,
        messages: Sequence[Message],
        settings: GenerationSettings,
        usage: Usage,
        avoid: Sequence[str] = (),
    ) -> AsyncGenerator[str, None]:
        """Stream one completion; tokens are counted when it has ended, and uncounted if it is left early.

        No run of words is avoided: that is no part of the API that these endpoints share.

        Raises:
            ReferenceUnavailableError: It cannot be reached, broke off, took too long, or there is no key that it takes.
            ReferenceRefusedError: It refused for another reason.
            RegistryError: There is no such bundle.
        """
        endpoint = await self._endpoint(model)
        server = ReferenceServer(endpoint)
        headers = {"Authorization": f"Bearer {_key(server)}"}
        body = request_body(endpoint.model, messages, settings)
        request = self._client.build_request(
            "POST", f"{endpoint.base_url}/chat/completions", json=body, headers=headers
        )
        try:
            async with aclosing(streamed(self._client, request, usage, server, longest_s=self._longest_s)) as pieces:
                async for piece in pieces:
                    yield piece
        finally:
            usage.uncounted += usage.prompt_tokens == 0

    async def _endpoint(self, model: str) -> ReferenceEndpoint:
        """A bundle never changes, so it is looked up once."""
        if model not in self._known:
            persona, _, bundle_id = model.removeprefix(PREFIX).partition("@")
            bundle = await asyncio.to_thread(self._registry.resolve, persona, bundle_id=bundle_id)
            if bundle.manifest.endpoint is None:
                raise RegistryError(f"{model.removeprefix(PREFIX)} names no endpoint", next_step="ask it by its name")
            self._known[model] = bundle.manifest.endpoint
        return self._known[model]


class RoutedModel:
    """A `LanguageModel` that asks endpoints for the bundles that name one, and our own server for all others."""

    def __init__(self, own: LanguageModel, endpoints: LanguageModel) -> None:
        self._own = own
        self._endpoints = endpoints

    async def stream(
        self,
        model: str,
        messages: Sequence[Message],
        settings: GenerationSettings,
        usage: Usage,
        avoid: Sequence[str] = (),
    ) -> AsyncGenerator[str, None]:
        """Stream one completion; raises what the one that is asked raises."""
        asked = self._endpoints if model.startswith(PREFIX) else self._own
        async with aclosing(asked.stream(model, messages, settings, usage, avoid)) as pieces:
            async for piece in pieces:
                yield piece

    async def is_healthy(self) -> bool:
        """Whether our own server answers."""
        return await self._own.is_healthy()


def request_body(model: str, messages: Sequence[Message], settings: GenerationSettings) -> dict[str, Any]:
    """The only fields that are ever passed on: OpenAI refuses those that vLLM has added."""
    return client.request_body(model, messages, settings) | {"stream_options": {"include_usage": True}}


def _key(server: ReferenceServer) -> str:
    try:
        return endpoint_key(server.endpoint, "the reference model")
    except ConfigurationError as error:
        raise server.keyless(f"{error.message} where the business service runs") from error


def _message(body: str) -> str:
    """What the endpoint says, in short."""
    try:
        error = json.loads(body)["error"]
        return str(error["message"] if isinstance(error, dict) else error)[:_LONGEST_MESSAGE]
    except (ValueError, KeyError, TypeError):
        return "no reason given"
