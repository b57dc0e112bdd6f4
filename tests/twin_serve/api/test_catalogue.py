"""Models, documents, examples, status, health, metrics, and the headers of the page."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from twin_data.contracts.api_headers import CODE_HEADER
from twin_data.contracts.errors import SearchUnavailableError
from twin_serve.version import answering_code

from ..conftest import EELS_ANSWER, URL, Running, StartService
from ..parts import DOCUMENTS, manifest


async def get(running: Running, path: str, key: str | None = None) -> Any:
    async with running.client(key) as client:
        return await client.get(path)


async def test_models_are_listed_for_openai_client(running: Running) -> None:
    async with running.openai() as client:
        (model,) = (await client.models.list()).data
        one = await client.models.retrieve("ada")
        by_bundle = await client.models.retrieve(manifest().model_name)
    assert (model.id, model.owned_by, one.id, by_bundle.id) == ("ada", "ada", "ada", manifest().model_name)
    assert model.model_extra and model.model_extra["twin"]["alias"] == "champion"
    assert model.created == 1767312000  # the consent's date at midnight UTC, on any machine


async def test_the_list_of_models_names_the_code_that_answers(running: Running) -> None:
    response = await get(running, "/v1/models")
    assert len(response.headers[CODE_HEADER]) == 12 and answering_code() == response.headers[CODE_HEADER]


async def test_a_persona_without_champion_is_listed_by_its_bundle(start: StartService) -> None:
    async with start(champion=False) as running:
        (model,) = (await get(running, "/v1/models")).json()["data"]
    assert (model["id"], model["twin"]["alias"]) == (manifest().model_name, "candidate")


async def test_a_key_sees_its_personas_only(running: Running) -> None:
    key = await running.new_key("bobs", personas=("bob",))
    assert (await get(running, "/v1/models", key)).json()["data"] == []
    for path in ("/v1/models/ada", "/api/documents/ada?id=blog/eels.md", "/api/examples/ada"):
        assert (await get(running, path, key)).status_code == 403
        assert (await get(running, path, "twin_wrong")).status_code == 401


async def test_a_document_is_opened_where_a_citation_points(running: Running) -> None:
    body = (await get(running, "/api/documents/ada?id=blog/eels.md")).json()
    assert set(body) == {"document_id", "title", "date", "url", "text", "passages"}
    assert body["text"] == DOCUMENTS["blog/eels.md"][1]


async def test_what_is_not_there_is_404(running: Running) -> None:
    for path in (
        "/api/documents/ada?id=nothing",
        "/api/documents/..%2Fada?id=x",
        "/api/examples/Bad%20Name",
        "/v1/models/bob",
        "/api/documents/bob?id=x",
        "/api/examples/bob",
    ):
        response = await get(running, path)
        assert response.status_code == 404 and response.json()["error"]["message"]


async def test_examples_come_from_the_personas_questions(running: Running) -> None:
    assert (await get(running, "/api/examples/ada")).json() == {"questions": []}
    folder = running.service.home.persona_folder("ada")
    folder.mkdir(parents=True)
    rows = [{"question": f"Q{number}\u2028?", "expected": "answer" if number % 2 else "refuse"} for number in range(12)]
    text = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    (folder / "questions.jsonl").write_text(text + "\n", "utf-8")
    assert (await get(running, "/api/examples/ada")).json() == {"questions": ["Q1\u2028?", "Q5\u2028?", "Q9\u2028?"]}
    (folder / "questions.jsonl").write_text(text + "\n{broken\n", "utf-8")
    response = await get(running, "/api/examples/ada")
    assert response.status_code == 500 and "questions.jsonl:13" in response.json()["error"]["message"]


async def test_status_names_twins_and_servers(running: Running) -> None:
    record = {"name": "elasticsearch", "url": "http://127.0.0.1:9200", "pid": 1}
    (running.service.home.run / "elasticsearch.json").write_text(json.dumps(record))
    (running.service.home.run / "mlflow.json").write_text(
        json.dumps({"name": "mlflow", "url": "http://127.0.0.1:5000"})
    )
    (running.service.home.run / "half.json").write_text('{"name":')
    (running.service.home.run / "list.json").write_text("[]")
    body = (await get(running, "/api/status")).json()
    assert body["twins"][0]["documents"] == len(DOCUMENTS)
    assert {one["name"]: one["state"] for one in body["services"]} == {
        "elasticsearch": "running",
        "mlflow": "running",
        "llm": "external",
    }
    assert body["links"] == [{"name": "mlflow", "url": "http://127.0.0.1:5000"}]
    running.search.error = SearchUnavailableError("down")
    body = (await get(running, "/api/status")).json()
    assert body["twins"][0]["documents"] == 0 and body["services"][0]["state"] == "not answering"


async def test_status_names_only_twins_that_the_key_opens(running: Running) -> None:
    assert (await get(running, "/api/status", "twin_wrong")).status_code == 401
    key = await running.new_key("bobs", personas=("bob",))
    body = (await get(running, "/api/status", key)).json()
    assert body["twins"] == [] and {one["name"] for one in body["services"]} == {"elasticsearch", "llm"}


async def test_metrics_are_for_this_machine_or_a_key_that_opens_all(running: Running) -> None:
    limited = await running.new_key("bobs", personas=("bob",))
    statuses = []
    for key in ("twin_wrong", limited, running.key):
        from_elsewhere = httpx.ASGITransport(running.app, client=("203.0.113.7", 4711))
        async with httpx.AsyncClient(
            transport=from_elsewhere, base_url=URL, headers={"authorization": f"Bearer {key}"}
        ) as client:
            statuses.append((await client.get("/metrics")).status_code)
    assert statuses == [401, 401, 200]


async def test_health_and_readiness(running: Running) -> None:
    assert (await get(running, "/healthz")).json() == {"status": "ok"}
    assert (await get(running, "/readyz")).status_code == 200
    running.search.error = SearchUnavailableError("down")
    response = await get(running, "/readyz")
    assert response.status_code == 503 and response.json() == {"elasticsearch": False, "llm": True}
    assert (await get(running, "/healthz")).status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/", "/status"])
async def test_a_monitor_may_ask_whether_a_page_is_there(running: Running, path: str) -> None:
    async with running.client() as client:
        assert (await client.head(path)).status_code == 200


async def test_metrics_count_by_twin_and_never_by_what_a_caller_made_up(running: Running) -> None:
    await running.ask()
    await running.ask(model="made-up-name")
    text = (await get(running, "/metrics", "twin_wrong")).text  # this machine needs no key
    assert 'twin_requests_total{outcome="generated",persona="ada",status="ok"} 1.0' in text
    assert 'twin_requests_total{outcome="none",persona="unknown",status="failed"} 1.0' in text
    assert f'twin_tokens_total{{direction="completion",persona="ada"}} {float(len(EELS_ANSWER.split()))}' in text
    assert 'twin_seconds_count{persona="ada",stage="total"} 1.0' in text
    assert "made-up-name" not in text


async def test_metrics_count_what_a_limit_refused(running: Running) -> None:
    poor, slow = await running.new_key("poor", budget_calls=1), await running.new_key("slow", requests_per_minute=1)
    for key in (poor, slow):
        assert [(await running.ask("Thanks.", key=key)).status_code for _ in range(2)] == [200, 429]
    assert (await running.ask(key=slow, n=2)).status_code == 429
    text = (await get(running, "/metrics", "twin_wrong")).text
    assert 'twin_requests_total{outcome="none",persona="ada",status="failed"} 2.0' in text
    assert 'twin_requests_total{outcome="none",persona="unknown",status="failed"} 1.0' in text


async def test_a_name_that_a_key_does_not_open_is_no_label(running: Running) -> None:
    key = await running.new_key("bobs", personas=("bob",))
    assert (await running.ask(key=key, model="made-up-name")).status_code == 403
    text = (await get(running, "/metrics", "twin_wrong")).text
    assert 'persona="unknown",status="failed"} 1.0' in text and "made-up-name" not in text


async def test_pages_allow_nothing_from_elsewhere(running: Running) -> None:
    for path in ("/", "/status"):
        response = await get(running, path, "twin_wrong")
        policy = response.headers["content-security-policy"]
        assert response.status_code == 200 and "default-src 'none'" in policy and "script-src 'self'" in policy
        assert "unsafe" not in policy and "http" not in policy
        assert response.headers["x-content-type-options"] == "nosniff"
    assert (await get(running, "/page/app.js")).status_code == 200
    assert (await get(running, "/page/../app.py")).status_code == 404


async def test_the_schema_lists_the_chat_endpoint(running: Running) -> None:
    schema = (await get(running, "/openapi.json")).json()
    body = schema["paths"]["/v1/chat/completions"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body == {"$ref": "#/components/schemas/ChatRequest"}
    assert {"model", "messages", "stream", "twin"} <= schema["components"]["schemas"]["ChatRequest"][
        "properties"
    ].keys()
