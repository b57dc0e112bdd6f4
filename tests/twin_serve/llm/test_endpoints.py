"""A bundle whose drafts an endpoint writes, over real sockets."""

from __future__ import annotations

import socket
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Any

import pytest

from twin_data.contracts.endpoints import ReferenceEndpoint, TokenPrice
from twin_data.contracts.errors import LLMUnavailableError, RegistryError
from twin_data.contracts.releases import GenerationSettings, MachinePrice, ReleaseBundle
from twin_data.prompts.renderer import Message
from twin_data.registry.memory import MemoryRegistry
from twin_serve.answering.cost import cost_of, most_of
from twin_serve.llm.client import ScriptedModel, Usage
from twin_serve.llm.endpoints import (
    EndpointModels,
    ReferenceRefusedError,
    ReferenceUnavailableError,
    RoutedModel,
    endpoint_name,
)
from twin_serve.twins import llm_name

from ...openai_server import Reply, serving
from ..parts import manifest

MESSAGES = (Message(role="system", content="You are Ada."), Message(role="user", content="How many?"))
SETTINGS = GenerationSettings(max_tokens=7, temperature=0.5)
PRICE = TokenPrice(prompt_per_million=2.0, completion_per_million=10.0)


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWIN_REFERENCE_API_KEY", "sesame")


def reference(url: str, **endpoint: Any) -> ReleaseBundle:
    given = ReferenceEndpoint(base_url=url, model="strong", **endpoint)
    return manifest(rung="reference+retrieval", endpoint=given, price=MachinePrice())


class Asked:
    """A registry that holds one such bundle, and what asks its endpoint."""

    def __init__(self, folder: Path, url: str) -> None:
        registry = MemoryRegistry(folder)
        made = registry.register(reference(url), {}, as_candidate=False)
        self.models = EndpointModels(registry, longest_s=5)
        self.name = llm_name(made.manifest)
        self.usage = Usage()

    def stream(self) -> AsyncGenerator[str, None]:
        return self.models.stream(self.name, MESSAGES, SETTINGS, self.usage)

    async def read(self) -> str:
        try:
            return "".join([piece async for piece in self.stream()])
        finally:
            await self.models.close()


async def test_the_endpoint_writes_with_the_bundles_prompts_and_settings(tmp_path: Path) -> None:
    with serving(lambda body: Reply("We found 31 eels.")) as server:
        asked = Asked(tmp_path, server.url)
        assert asked.name.startswith("endpoint:ada@")
        assert await asked.read() == "We found 31 eels."
    assert server.asked == [
        {
            "model": "strong",
            "messages": [one.model_dump() for one in MESSAGES],
            "max_tokens": 7,
            "temperature": 0.5,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
    ], "the server refuses what OpenAI's does not know"
    assert asked.usage == Usage(prompt_tokens=1000, completion_tokens=4, finish_reason="stop")


async def test_a_stream_that_is_left_early_has_an_unknown_cost(tmp_path: Path) -> None:
    with serving(lambda body: Reply("We found 31 eels.")) as server:
        asked = Asked(tmp_path, server.url)
        stream = asked.stream()
        assert await anext(stream) == "We"
        await stream.aclose()
        await asked.models.close()
    assert asked.usage.uncounted == 1
    assert cost_of(reference("http://a/v1", price=PRICE), asked.usage, 1.0, 1.0).amount is None


@pytest.mark.parametrize(
    ("status", "kind", "next_step"),
    [
        (401, ReferenceUnavailableError, "export TWIN_REFERENCE_API_KEY"),
        (429, ReferenceUnavailableError, "wait"),
        (503, ReferenceUnavailableError, "wait"),
        (404, ReferenceRefusedError, "evaluation.reference"),
        (400, ReferenceRefusedError, "evaluation.reference"),
    ],
)
async def test_refusals_name_the_endpoint(tmp_path: Path, status: int, kind: type[Exception], next_step: str) -> None:
    with serving(lambda body: Reply(status=status, message="so it is")) as server:
        with pytest.raises(kind) as raised:
            await Asked(tmp_path, server.url).read()
        assert server.url in str(raised.value) and "so it is" in str(raised.value)
    assert next_step in raised.value.next_step  # type: ignore[attr-defined]
    assert "sesame" not in str(raised.value)


async def test_an_endpoint_that_is_down_is_named(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}/v1"
        with pytest.raises(LLMUnavailableError, match=f"'strong' at {url} broke off"):
            await Asked(tmp_path, url).read()


async def test_a_service_without_the_key_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TWIN_REFERENCE_API_KEY")
    with serving(lambda body: Reply("never")) as server:
        with pytest.raises(ReferenceUnavailableError, match=r"\$TWIN_REFERENCE_API_KEY is not set where the business"):
            await Asked(tmp_path, server.url).read()
        assert server.asked == []


async def test_a_bundle_without_an_endpoint_is_not_asked_as_one(tmp_path: Path) -> None:
    registry = MemoryRegistry(tmp_path)
    plain = registry.register(manifest(), {})
    models = EndpointModels(registry)
    with pytest.raises(RegistryError, match="names no endpoint"):
        await anext(models.stream(endpoint_name(plain.manifest.model_name), MESSAGES, SETTINGS, Usage()))
    assert await models.is_healthy()
    await models.close()


async def test_names_decide_who_is_asked() -> None:
    own, theirs = ScriptedModel(["own"]), ScriptedModel(["theirs"])
    routed = RoutedModel(own, theirs)

    async def said(name: str, messages: Sequence[Message] = MESSAGES) -> str:
        return "".join([one async for one in routed.stream(name, messages, SETTINGS, Usage())])

    assert await said("base:0123") == "own" and await said("endpoint:ada@0123") == "theirs"
    assert await routed.is_healthy()


def test_money_goes_by_tokens_or_is_unknown() -> None:
    usage = Usage(prompt_tokens=1000, completion_tokens=100)
    priced, unpriced = reference("http://a/v1", price=PRICE), reference("http://a/v1")
    cost = cost_of(priced, usage, llm_seconds=9.0, seconds=9.5)
    assert (cost.amount, cost.currency, cost.prompt_tokens) == (pytest.approx(0.003), "EUR", 1000)
    assert cost_of(unpriced, usage, 9.0, 9.5).amount is None
    assert cost_of(manifest(), usage, 10.0, 9.5).amount == pytest.approx(0.01), "ours goes by the second"
    settings = GenerationSettings(max_tokens=100, redrafts=1)
    assert most_of(priced, settings) == pytest.approx(2 * (2048 * 2 + 100 * 10) / 1e6)
    assert most_of(unpriced, settings) is most_of(manifest(), settings) is None
