"""vLLM's routes for adapters, as it answers them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from twin_data.contracts.errors import LLMError, LLMUnavailableError
from twin_serve.llm.adapters import AdapterRefusedError, AdapterServer, MemoryAdapters, Served, VllmAdapters

CARDS: list[dict[str, Any]] = [
    {"id": "base", "root": "/models/base", "parent": None, "max_model_len": 1024},
    {"id": "base:0123456789ab", "root": "/models/base", "parent": None, "max_model_len": 1024},
    {"id": "ada@bbbbbbbbbbbb", "root": "/bundles/ada", "parent": "base"},
]
ADAPTER = Path("/bundles/ada/adapter")
Handler = Callable[[httpx.Request], httpx.Response]


def adapters(handler: Handler) -> VllmAdapters:
    return VllmAdapters("http://llm.test", transport=httpx.MockTransport(handler))


def refusal(status: int, message: str) -> Handler:
    return lambda request: httpx.Response(status, json={"error": {"message": message, "code": status}})


async def test_what_is_served_is_read_off_the_cards() -> None:
    server: AdapterServer = adapters(lambda request: httpx.Response(200, json={"object": "list", "data": CARDS}))
    assert await server.served() == Served(
        names=frozenset({"base", "base:0123456789ab", "ada@bbbbbbbbbbbb"}),
        adapters=frozenset({"ada@bbbbbbbbbbbb"}),
        base_digest="0123456789ab",
    )
    one = adapters(lambda request: httpx.Response(200, json={"data": CARDS[:1]}))
    assert (await one.served()).base_digest is None


@pytest.mark.parametrize("body", ["<html>", "[]", '{"data": null}', '{"data": [{}]}'])
async def test_another_program_on_the_port_serves_nothing(body: str) -> None:
    with pytest.raises(LLMError, match="did not say"):
        await adapters(lambda request: httpx.Response(200, text=body)).served()


async def test_a_server_that_starts_or_is_down_is_unavailable() -> None:
    def down(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    for handler in (down, lambda request: httpx.Response(503)):
        with pytest.raises(LLMUnavailableError):
            await adapters(handler).served()


async def test_an_adapter_is_loaded_and_let_go_by_name() -> None:
    asked: list[tuple[str, Any]] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append((request.url.path, json.loads(request.content)))
        return httpx.Response(200, text="Success")

    server = adapters(handler)
    await server.load("ada@1", ADAPTER)
    await server.unload("ada@1")
    await server.close()
    assert asked == [
        ("/v1/load_lora_adapter", {"lora_name": "ada@1", "lora_path": str(ADAPTER)}),
        ("/v1/unload_lora_adapter", {"lora_name": "ada@1"}),
    ]


async def test_what_is_there_or_gone_already_is_no_error() -> None:
    await adapters(refusal(400, "The lora adapter 'ada@1' has already been loaded. If you …")).load("ada@1", ADAPTER)
    await adapters(refusal(404, "The lora adapter 'ada@1' cannot be found.")).unload("ada@1")
    with pytest.raises(LLMError, match="ada@1 \\(status 500\\)"):
        await adapters(refusal(500, "no")).unload("ada@1")


@pytest.mark.parametrize(
    ("handler", "reason", "step"),
    [
        (
            refusal(500, "LoRA rank 64 is greater than max_lora_rank 32.\nTraceback"),
            "LoRA rank 64 is greater than max_lora_rank 32.",
            "TWIN_MAX_LORA_RANK=64 twin up llm --restart",
        ),
        (refusal(404, f"No adapter found for {ADAPTER}"), "No adapter found for its folder", "train the bundle again"),
        (
            lambda request: httpx.Response(404, json={"detail": "Not Found"}),
            "no adapters while it runs",
            "--enable-lora",
        ),
        (lambda request: httpx.Response(500, text="oops"), "status 500", "llm.log"),
    ],
    ids=["rank", "not found", "not allowed", "no JSON"],
)
async def test_a_refusal_names_the_bundle_and_the_reason(handler: Handler, reason: str, step: str) -> None:
    with pytest.raises(AdapterRefusedError) as refused:
        await adapters(handler).load("ada@bbbbbbbbbbbb", ADAPTER)
    assert "ada@bbbbbbbbbbbb" in refused.value.message and reason in refused.value.message
    assert str(ADAPTER) not in refused.value.message and "Traceback" not in refused.value.message
    assert step in refused.value.next_step


async def test_the_fake_keeps_names() -> None:
    fake = MemoryAdapters(base_digest="0123456789ab")
    server: AdapterServer = fake
    await server.load("ada@1", ADAPTER)
    assert (await server.served()).names == {"base", "base:0123456789ab", "ada@1"}
    await server.unload("ada@1")
    assert (await server.served()).adapters == frozenset()
    fake.down = LLMUnavailableError("down")
    with pytest.raises(LLMUnavailableError):
        await server.served()
