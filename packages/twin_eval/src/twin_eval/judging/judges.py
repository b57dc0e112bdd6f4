"""A judge as the run asks it, and the one behind an OpenAI-compatible endpoint."""

from __future__ import annotations

import asyncio
import re
from types import TracebackType
from typing import Any, Protocol, Self

import httpx

from twin_data.contracts.endpoints import endpoint_key
from twin_eval.client import status_error
from twin_eval.connections import connections, wait_s
from twin_eval.judging.config import EndpointJudge
from twin_eval.judging.items import JudgeItem
from twin_eval.judging.prompts import PROMPTS_DIGEST, messages_of, verdict_in

_LONGEST_MESSAGE = 300
_DIGEST_END = re.compile(r":[0-9a-f]{12,64}$")
_BUSY = httpx.codes.TOO_MANY_REQUESTS
_REFUSED_FOR_GOOD = frozenset({401, 403, 404})
"""The key or the model's name is wrong: every other request would fail in the same way."""


class JudgeFailure(Exception):
    """A request that brought no reply: a fault of the judge, which says nothing about the text."""

    def __init__(self, message: str, *, is_final: bool = False, is_away: bool = False) -> None:
        """Say what happened.

        Args:
            message: In words.
            is_final: Whether every other request would fail alike.
            is_away: Whether nothing answers there, perhaps only now.
        """
        super().__init__(message)
        self.is_final = is_final
        self.is_away = is_away


class Judge(Protocol):
    """Whatever gives an opinion on a text."""

    @property
    def name(self) -> str:
        """Who it is, for people."""
        ...

    @property
    def identity(self) -> str:
        """Two judges of one identity say the same."""
        ...

    @property
    def concurrency(self) -> int:
        """How many texts it is given at a time."""
        ...

    async def verdict(self, item: JudgeItem) -> bool | None:
        """Yes or no; None where it said neither. Raises JudgeFailure if it said nothing."""
        ...


class EndpointClient:
    """`Judge` over an OpenAI-compatible endpoint. Use it as an asynchronous context manager."""

    def __init__(self, config: EndpointJudge, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        """Prepare; no request is made yet.

        Args:
            config: Where and how.
            transport: Replaces the network, for tests.

        Raises:
            ConfigurationError: The key is not in the environment.
        """
        self._config = config
        headers = {"Authorization": f"Bearer {endpoint_key(config, 'the judge')}"}
        self._http = connections(f"{config.base_url}/", headers, config.timeout_s, transport)
        self._stands_for = f"{config.model} at {config.base_url}"

    async def __aenter__(self) -> Self:
        """Open the connection pool, and ask what the model's name stands for there."""
        await self._http.__aenter__()
        if told := await self._digest_name():
            self._stands_for = told
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        await self._http.__aexit__(kind, error, trace)

    @property
    def name(self) -> str:
        """The model's name."""
        return self._config.model

    @property
    def identity(self) -> str:
        """The model and what it is asked.

        A model is named by its weights where the server tells them, as the product's own does beside `base`; else by
        its name and where it is: one name is given to many models.
        """
        return f"{self._stands_for} prompts {PROMPTS_DIGEST} max_tokens {self._config.max_tokens}"

    @property
    def concurrency(self) -> int:
        """As configured."""
        return self._config.concurrency

    async def verdict(self, item: JudgeItem) -> bool | None:
        """See `Judge`."""
        body = {
            "model": self._config.model,
            "messages": messages_of(item),
            "temperature": 0,
            "max_tokens": self._config.max_tokens,
        }
        return verdict_in(_text_in(await self._send(body)), item.task)

    async def _digest_name(self) -> str:
        """The name with a digest, `<model>:<digest>`, that the server lists beside the model's; empty if it lists none.

        A server that is away or lists nothing is no failure here: the first question tells.
        """
        try:
            listed = (await self._http.get("models")).raise_for_status().json()["data"]
            names = [str(one["id"]) for one in listed]
        except (httpx.HTTPError, ValueError, KeyError, TypeError):
            return ""
        told = [one for one in names if one.startswith(f"{self._config.model}:") and _DIGEST_END.search(one)]
        return told[0] if self._config.model in names and len(told) == 1 else ""

    async def _send(self, body: dict[str, Any]) -> httpx.Response:
        for attempt in range(1, self._config.max_attempts + 1):
            try:
                response = await self._http.post("chat/completions", json=body)
            except httpx.HTTPError as error:
                away = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
                said = str(error) or type(error).__name__
                raise JudgeFailure(f"the judge {self._config.described}: {said}", is_away=away) from error
            if response.status_code != _BUSY or attempt == self._config.max_attempts:
                break
            await asyncio.sleep(wait_s(response, attempt))
        if response.is_success:
            return response
        refusal = status_error(response)
        raise JudgeFailure(
            f"the judge {self._config.described} refused with status {response.status_code}: "
            f"{refusal.message[:_LONGEST_MESSAGE]}",
            is_final=response.status_code in _REFUSED_FOR_GOOD,
        )


def _text_in(response: httpx.Response) -> str:
    """The reply's text; a reply that holds none is an error of the endpoint."""
    try:
        content = response.json()["choices"][0]["message"].get("content")
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise JudgeFailure("the judge's reply is no chat completion") from error
    return content if isinstance(content, str) else ""
