"""Whose verdicts may stand for whose: one name is given to many models."""

from __future__ import annotations

import httpx
import pytest

from twin_eval.judging.judges import EndpointClient

from .test_items import judge


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWIN_JUDGE_API_KEY", "sesame")


async def identity(respond: httpx.Response | Exception, model: str = "base", port: int = 9) -> str:
    def handle(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/v1/models"
        if isinstance(respond, Exception):
            raise respond
        return respond

    config = judge(model=model, base_url=f"http://127.0.0.1:{port}/v1")
    async with EndpointClient(config, transport=httpx.MockTransport(handle)) as client:
        return client.identity


def listing(*names: str) -> httpx.Response:
    return httpx.Response(200, json={"object": "list", "data": [{"id": one} for one in names]})


async def test_a_model_is_named_by_its_weights_where_the_server_tells_them() -> None:
    first = await identity(listing("base", "base:0123456789ab", "ada@fedcba987654"))
    assert first.startswith("base:0123456789ab ")
    assert first == await identity(listing("base", "base:0123456789ab"), port=10), "wherever it stands"
    assert first != await identity(listing("base", "base:ba9876543210")), "another model of the same name"


@pytest.mark.parametrize(
    "respond",
    [
        listing("base"),
        listing("base", "base:8b", "base:70b"),
        httpx.Response(404, json={"error": "no such path"}),
        httpx.Response(200, text="no JSON"),
        httpx.Response(200, json={"data": None}),
        httpx.ConnectError("refused"),
    ],
)
async def test_else_by_its_name_and_address(respond: httpx.Response | Exception) -> None:
    assert (await identity(respond)).startswith("base at http://127.0.0.1:9/v1 ")
