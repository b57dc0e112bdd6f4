"""Adapters of the LLM microservice, which come and go while it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import httpx
import regex

from twin_data.contracts.errors import LLMError, LLMUnavailableError, ModelError
from twin_serve.llm.client import CONNECT_TIMEOUT_S, OWN_SERVER
from twin_serve.llm.vllm_command import BASE_NAME

LOAD_TIMEOUT_S = 60.0
LONGEST_REASON = 300
_RANK = regex.compile(r"(?i)rank (\d+) is greater than")
_KNOWN_ALREADY = "already been loaded"


class AdapterRefusedError(ModelError):
    """The LLM microservice does not take a bundle's adapter."""


@dataclass(frozen=True)
class Served:
    """What the LLM microservice serves just now.

    Attributes:
        names: Every name that can be asked.
        adapters: Those of adapters.
        base_digest: The first twelve digits of the base model's digest; None if the server does not tell.
    """

    names: frozenset[str] = frozenset()
    adapters: frozenset[str] = frozenset()
    base_digest: str | None = None


class AdapterServer(Protocol):
    """Whatever serves adapters on a base model."""

    async def served(self) -> Served:
        """What it serves just now."""

    async def load(self, name: str, folder: Path) -> None:
        """Serve the adapter in a folder under this name; nothing happens if it is served already."""

    async def unload(self, name: str) -> None:
        """Forget a name; requests under way are answered to their end. Nothing happens if it is not served."""


class VllmAdapters:
    """`AdapterServer` over vLLM, which must allow changes at run time."""

    def __init__(self, url: str, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        """Connect nothing yet.

        Args:
            url: The server's address without `/v1`.
            transport: Replaces the network, for tests.
        """
        timeout = httpx.Timeout(LOAD_TIMEOUT_S, connect=CONNECT_TIMEOUT_S)
        self._client = httpx.AsyncClient(base_url=url, transport=transport, timeout=timeout)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def served(self) -> Served:
        """What it serves just now.

        Raises:
            LLMUnavailableError: It cannot be reached.
            LLMError: It answers with something else than a list of models.
        """
        response = await self._send("GET", "/v1/models")
        if not response.is_success:
            raise _no_list(response.status_code)
        try:
            return _served(response.json()["data"])
        except (ValueError, KeyError, TypeError) as error:
            raise _no_list(response.status_code) from error

    async def load(self, name: str, folder: Path) -> None:
        """Serve the adapter in a folder under this name.

        Raises:
            AdapterRefusedError: It is refused, for its rank or because it does not fit the base model.
            LLMUnavailableError: The server cannot be reached.
        """
        response = await self._send("POST", "/v1/load_lora_adapter", {"lora_name": name, "lora_path": str(folder)})
        if not response.is_success and _KNOWN_ALREADY not in response.text:
            raise _refused(name, folder, response)

    async def unload(self, name: str) -> None:
        """Forget a name.

        Raises:
            LLMError: The server does not do so.
            LLMUnavailableError: It cannot be reached.
        """
        response = await self._send("POST", "/v1/unload_lora_adapter", {"lora_name": name})
        if not response.is_success and response.status_code != httpx.codes.NOT_FOUND:
            raise LLMError(
                f"the LLM microservice did not unload {name} (status {response.status_code})",
                next_step="see logs/llm.log in $TWIN_HOME",
            )

    async def _send(self, method: str, path: str, body: Mapping[str, str] | None = None) -> httpx.Response:
        try:
            return await self._client.request(method, path, json=body)
        except httpx.TransportError as error:
            raise OWN_SERVER.broke_off(type(error).__name__) from error


def _served(models: list[dict[str, Any]]) -> Served:
    """From vLLM's model cards: an adapter's names its base model as its parent."""
    base = [str(one["id"]) for one in models if not one.get("parent")]
    told = [name.removeprefix(f"{BASE_NAME}:") for name in base if name.startswith(f"{BASE_NAME}:")]
    names = frozenset(str(one["id"]) for one in models)
    return Served(names=names, adapters=names - frozenset(base), base_digest=told[0] if told else None)


def _no_list(status: int) -> LLMError:
    kind = LLMUnavailableError if status == httpx.codes.SERVICE_UNAVAILABLE else LLMError
    return kind(f"the LLM microservice did not say what it serves (status {status})", next_step="twin status")


def _refused(name: str, folder: Path, response: httpx.Response) -> AdapterRefusedError:
    """The error in words for the caller: no path, and no more of the server's own than the reason."""
    reason = _reason(response)
    if response.status_code == httpx.codes.NOT_FOUND and not reason:
        reason = "it takes no adapters while it runs"
        step = "start it by `twin up llm --restart`, or with VLLM_ALLOW_RUNTIME_LORA_UPDATING=True and --enable-lora"
    elif rank := _RANK.search(reason):
        step = f"TWIN_MAX_LORA_RANK={rank[1]} twin up llm --restart"
    else:
        step = "see logs/llm.log in $TWIN_HOME; train the bundle again if its adapter does not fit the base model"
    said = reason.replace(str(folder), "its folder")[:LONGEST_REASON]
    return AdapterRefusedError(f"the LLM microservice refused the adapter of {name}: {said}", next_step=step)


def _reason(response: httpx.Response) -> str:
    try:
        error = response.json().get("error") or {}
        return str(error.get("message") or "").split("\n", 1)[0]
    except (ValueError, AttributeError):
        return f"status {response.status_code}"


@dataclass
class MemoryAdapters:
    """A fake for tests: keeps names, and remembers what it was told to do."""

    base_digest: str | None = None
    adapters: dict[str, Path] = field(default_factory=dict)
    refuses: dict[str, Exception] = field(default_factory=dict)
    """By name, what is raised when that adapter is to be loaded."""
    down: Exception | None = None
    """Raised by every call, if set."""
    done: list[tuple[str, str]] = field(default_factory=list)

    async def served(self) -> Served:
        """See `AdapterServer`."""
        self._note("served", "")
        told = [f"{BASE_NAME}:{self.base_digest}"] if self.base_digest else []
        names = frozenset({BASE_NAME, *told, *self.adapters})
        return Served(names=names, adapters=frozenset(self.adapters), base_digest=self.base_digest)

    async def load(self, name: str, folder: Path) -> None:
        """See `AdapterServer`."""
        self._note("load", name)
        if name in self.refuses:
            raise self.refuses[name]
        self.adapters[name] = folder

    async def unload(self, name: str) -> None:
        """See `AdapterServer`."""
        self._note("unload", name)
        self.adapters.pop(name, None)

    def _note(self, what: str, name: str) -> None:
        self.done.append((what, name))
        if self.down is not None:
            raise self.down
