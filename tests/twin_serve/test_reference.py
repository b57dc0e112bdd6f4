"""The business service over a reference bundle: same retrieval, checks and citations, drafts from an endpoint."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import pytest

from twin_data.contracts.endpoints import ReferenceEndpoint, TokenPrice
from twin_data.contracts.releases import MachinePrice, ReleaseBundle
from twin_serve.answering.pipeline import Answerer
from twin_serve.llm.endpoints import EndpointModels, RoutedModel

from ..openai_server import OpenAIServer, Reply, serving
from .conftest import EELS, EELS_ANSWER, Running
from .parts import manifest

PRICE = TokenPrice(prompt_per_million=2.0, completion_per_million=10.0)


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIServer]:
    monkeypatch.setenv("TWIN_REFERENCE_API_KEY", "sesame")
    with serving(lambda body: Reply(f"{EELS_ANSWER} Dragons ate the museum.")) as server:
        yield server


def registered(running: Running, url: str, price: TokenPrice | None) -> ReleaseBundle:
    given = ReferenceEndpoint(base_url=url, model="strong", price=price)
    made = manifest(rung="reference+retrieval", endpoint=given, price=MachinePrice())
    return running.registry.register(made, {}, as_candidate=False).manifest


@pytest.fixture
async def routed(running: Running) -> AsyncIterator[Running]:
    """The same service with endpoints beside its own model, as `open_service` puts it together."""
    endpoints = EndpointModels(running.registry)
    llm = RoutedModel(running.model, endpoints)
    service = replace(running.service, llm=llm, answerer=Answerer(running.search, llm))
    running.app.state.service = running.service = service
    yield running
    await endpoints.close()


async def test_drafts_come_from_the_endpoint_and_are_checked_and_cited(routed: Running, endpoint: OpenAIServer) -> None:
    bundle = registered(routed, endpoint.url, PRICE)
    response = await routed.ask(EELS, model=bundle.model_name)
    body: dict[str, Any] = response.json()
    assert response.status_code == 200, body
    twin = body["twin"]
    assert twin["bundle"] == bundle.bundle_id and twin["outcome"] == "repaired"
    outcomes = {one["text"]: one["outcome"] for one in twin["sentences"]}
    assert outcomes[EELS_ANSWER] == "supported" and outcomes["Dragons ate the museum."] == "dropped"
    assert twin["citations"] and "31 eels" in twin["citations"][0]["quote"]
    assert EELS in endpoint.asked[0]["messages"][-1]["content"] and endpoint.asked[0]["model"] == "strong"
    assert routed.model.asked == [], "our own server is not asked"
    tokens = twin["cost"]
    assert tokens["amount"] == pytest.approx(PRICE.amount(tokens["prompt_tokens"], tokens["completion_tokens"]))


async def test_a_budget_takes_tokens_with_a_price_and_refuses_unknown_ones(
    routed: Running, endpoint: OpenAIServer
) -> None:
    key = await routed.new_key("rich", budget_amount=1.0)
    priced, unpriced = registered(routed, endpoint.url, PRICE), registered(routed, endpoint.url, None)
    assert (await routed.ask(EELS, key, model=priced.model_name)).status_code == 200
    refused = await routed.ask(EELS, key, model=unpriced.model_name)
    assert refused.status_code == 403 and "evaluation.reference.price" in refused.text


async def test_an_endpoint_that_is_down_is_told_as_such(routed: Running, endpoint: OpenAIServer) -> None:
    bundle = registered(routed, "http://127.0.0.1:9/v1", PRICE)
    response = await routed.ask(EELS, model=bundle.model_name)
    assert response.status_code == 503
    error = response.json()["error"]
    assert error["code"] == "llm_unavailable" and "'strong' at http://127.0.0.1:9/v1" in error["message"]
    async with routed.client() as client:
        listed = [one["id"] for one in (await client.get("/v1/models")).json()["data"]]
    assert listed == ["ada"], "nobody is offered a yardstick"
