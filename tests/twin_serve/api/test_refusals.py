"""Requests that are not served: the status, OpenAI's error form, and a row in the ledger all the same."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from openai import NotFoundError, RateLimitError

from twin_data.contracts.releases import ModelReference
from twin_serve import twins
from twin_serve.api.body_limit import MAX_BODY_BYTES
from twin_serve.ledger.keys import LOCAL_KEY

from ..conftest import EELS, EELS_ANSWER, Running, StartService
from ..parts import manifest, memory_index

QUESTION = {"role": "user", "content": EELS}
BODY: dict[str, Any] = {"model": "ada", "messages": [QUESTION]}


def error(response: httpx.Response) -> dict[str, Any]:
    found: dict[str, Any] = response.json()["error"]
    assert set(found) == {"message", "type", "param", "code", "next_step"}
    assert found["message"] and found["code"]
    return found


async def post(running: Running, body: Any, **headers: str) -> httpx.Response:
    async with running.client() as client:
        return await client.post("/v1/chat/completions", json=body, headers=headers)


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"twin": {"agentic": True}}, "agentic"),
        ({"twin": {"mode": "sing"}}, "twin.mode"),
        ({"twin": {"verfy": True}}, "twin.verfy"),
        ({"messages": [{"role": "system", "content": "Be rude."}, QUESTION]}, "messages.0.role"),
        ({"messages": [{"role": "developer", "content": "Be rude."}, QUESTION]}, "messages.0.role"),
        ({"messages": [QUESTION, {"role": "assistant", "content": "No."}]}, "last message"),
        ({"messages": [{"role": "user", "content": "  "}]}, "last message"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": "x"}]}]}, "messages.0.content"),
        ({"messages": [QUESTION | {"annotations": []}]}, "annotations"),
        ({"messages": [{"role": "assistant", "content": "", "tool_calls": [{}]}, QUESTION]}, "messages.0.tool_calls"),
        ({"tools": []}, "tools"),
        ({"seed": 1}, "seed"),
        ({"n": 2}, "n"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"temperature": 3}, "temperature"),
        ({"user": "u" * 201}, "user"),
        ({"model": ""}, "model"),
    ],
)
async def test_what_is_not_served_is_400_and_named(running: Running, changes: dict[str, Any], names: str) -> None:
    response = await post(running, BODY | changes)
    assert response.status_code == 400
    assert names in error(response)["message"]
    assert error(response)["type"] == "invalid_request_error"
    row = await running.row()
    assert (row.status, row.http_status, row.error_code) == ("failed", 400, "invalid_request")
    assert row.amount_nano == 0  # no work was done: that is known, and poisons no sum
    assert running.model.asked == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"ada"'])
async def test_a_body_that_is_no_request_is_400_with_a_row(running: Running, body: bytes) -> None:
    async with running.client() as client:
        response = await client.post("/v1/chat/completions", content=body, headers={"content-type": "application/json"})
    assert response.status_code == 400 and error(response)["code"] == "invalid_request"
    assert (await running.row()).persona == "unknown"


async def test_a_body_that_is_not_sent_as_json_is_told_so(running: Running) -> None:
    async with running.client() as client:
        sent = {"content-type": "application/x-www-form-urlencoded"}  # what curl says unless it is told otherwise
        response = await client.post("/v1/chat/completions", content=json.dumps(BODY), headers=sent)
    assert response.status_code == 400 and error(response)["message"] == "the body is not sent as JSON"
    assert error(response)["next_step"] == "send Content-Type: application/json"


@pytest.mark.parametrize("field", ["nested", "twin", "messages"])
async def test_what_is_nested_without_end_is_400_with_a_row(running: Running, field: str) -> None:
    nested: Any = {}
    for _ in range(600):
        nested = {"a": nested}
    changes = {"messages": [{"role": "assistant", "annotations": nested}]} if field == "messages" else {field: nested}
    response = await post(running, BODY | changes)
    assert response.status_code == 400 and error(response)["code"] == "invalid_request"
    assert (await running.row()).http_status == 400


async def test_a_wrong_request_to_nobody_stands_as_unknown(running: Running) -> None:
    assert (await post(running, BODY | {"model": "@x", "n": 2})).status_code == 400
    assert (await running.row()).persona == "unknown"


async def test_a_feature_that_is_too_long_is_400_with_a_row(running: Running) -> None:
    response = await post(running, BODY, **{"x-twin-feature": "f" * 101})
    assert response.status_code == 400
    assert (await running.row()).status == "failed"


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer twin_wrong", "Basic abc", "bearer  "])
@pytest.mark.parametrize("body", [b'{"model":"ada","messages":[]}', b"{"])
async def test_without_a_key_nothing_is_told_and_nothing_is_written(
    running: Running, authorization: str, body: bytes
) -> None:
    headers = {"authorization": authorization, "content-type": "application/json"}
    async with running.client() as client:
        response = await client.post("/v1/chat/completions", content=body, headers=headers)
    assert response.status_code == 401
    assert error(response)["code"] == "invalid_api_key"
    assert response.headers["www-authenticate"] == "Bearer"
    assert await running.rows() == []


@pytest.mark.parametrize("model", ["bob", "ada@000000000000", "ada@", "Ada", "../ada", "ada/../bob@x", "@x"])
async def test_an_unknown_model_is_404(running: Running, model: str) -> None:
    response = await post(running, BODY | {"model": model})
    assert response.status_code == 404 and error(response)["code"] == "model_not_found"
    row = await running.row()
    assert (row.status, row.http_status, row.persona) == ("failed", 404, model.partition("@")[0] or "unknown")


async def test_openai_client_raises_not_found(running: Running) -> None:
    async with running.openai() as client:
        with pytest.raises(NotFoundError):
            await client.chat.completions.create(model="bob", messages=[{"role": "user", "content": "x"}])


async def test_a_persona_without_champion_is_404_but_its_bundle_can_be_asked(start: StartService) -> None:
    async with start(EELS_ANSWER, champion=False) as running:
        response = await running.ask()
        assert response.status_code == 404 and "champion" in error(response)["message"]
        assert error(response)["next_step"] == "twin evaluate ada"
        assert (await running.ask(model=manifest().model_name)).status_code == 200
        assert [row.status for row in await running.rows()] == ["failed", "ok"]


@pytest.mark.parametrize("question", ["eel " * 1600, "e" * 30_000])
async def test_a_question_over_the_context_is_400_before_any_work(running: Running, question: str) -> None:
    response = await running.ask(question)
    assert response.status_code == 400 and error(response)["code"] == "context_length_exceeded"
    assert running.encoder.encoded == [] and running.search.searched == []
    assert (await running.row()).error_code == "context_length_exceeded"


@pytest.mark.parametrize("long", ["eel " * 1600, "e" * 30_000])
async def test_a_conversation_over_the_context_is_400_before_any_work(running: Running, long: str) -> None:
    turns = [{"role": "user", "content": long}, {"role": "assistant", "content": "Well."}]
    response = await post(running, BODY | {"messages": [*turns, {"role": "user", "content": "And why?"}]})
    assert response.status_code == 400 and error(response)["code"] == "context_length_exceeded"
    assert "1536 words or 24576 characters" in error(response)["message"]
    assert running.encoder.encoded == [] and running.search.searched == []


async def test_what_the_bundle_does_not_remember_may_be_long(running: Running) -> None:
    short = [{"role": role, "content": "Well."} for role in ("assistant", "user", "assistant", "user")]
    turns = [{"role": "user", "content": "eel " * 1600}, *short]
    response = await post(running, BODY | {"messages": [*turns, {"role": "assistant", "content": "So?"}, QUESTION]})
    assert response.status_code == 200


async def test_a_huge_body_is_413(running: Running) -> None:
    async def endless() -> Any:
        for _ in range(MAX_BODY_BYTES // 65536 + 2):
            yield b" " * 65536

    async with running.client() as client:
        declared = await client.post("/v1/chat/completions", content=b" " * (MAX_BODY_BYTES + 1))
        streamed = await client.post("/v1/chat/completions", content=endless())
    assert (declared.status_code, streamed.status_code) == (413, 413)
    assert error(declared)["code"] == "request_entity_too_large"


async def test_prompts_of_another_template_are_refused(start: StartService) -> None:
    async with start(EELS_ANSWER, bundle=manifest(prompt_digest="d" * 64)) as running:
        response = await running.ask()
        assert response.status_code == 503 and error(response)["code"] == "bundle_mismatch"
        assert running.model.asked == []
        assert (await running.row()).error_code == "bundle_mismatch"


async def test_an_index_of_another_embedding_is_refused(running: Running) -> None:
    other = ModelReference(name="other", source="x", digest="f" * 64, licence="MIT")
    running.search.indices["ada"] = memory_index(embedding=other)
    response = await running.ask()
    assert response.status_code == 503 and error(response)["code"] == "bundle_mismatch"
    assert "other" in error(response)["message"] and running.search.searched == []


async def test_a_key_for_another_persona_learns_nothing(running: Running) -> None:
    key = await running.new_key("bobs", personas=("bob",))
    for model in ("ada", "nobody"):
        response = await running.ask(key=key, model=model)
        assert response.status_code == 403 and error(response)["code"] == "persona_not_allowed"
    assert "ada" not in error(await running.ask(key=key, model="bob"))["message"]
    assert (await running.ask(key=key, n=2)).status_code == 400
    rows = await running.rows()
    assert [row.http_status for row in rows] == [403, 403, 404, 400]


async def test_a_rate_limit_is_429_with_when_to_come_back(running: Running) -> None:
    key = await running.new_key("slow", requests_per_minute=1)
    assert (await running.ask("Are you an AI?", key=key)).status_code == 200
    refused = await running.ask(key=key)
    assert refused.status_code == 429 and error(refused)["code"] == "rate_limit_exceeded"
    assert 1 <= int(refused.headers["retry-after"]) <= 61
    assert (await running.ask(key=key, n=2)).status_code == 429  # a wrong request is no way around it
    async with running.openai(key) as client:
        with pytest.raises(RateLimitError):
            await client.chat.completions.create(model="ada", messages=[{"role": "user", "content": "x"}])
    rows = await running.rows()
    assert [(row.status, row.http_status, row.admitted) for row in rows] == [("ok", 200, True)] + [
        ("failed", 429, False)
    ] * 3


async def test_a_spent_budget_is_429_that_is_not_worth_a_retry(running: Running) -> None:
    key = await running.new_key("poor", budget_calls=1)
    await running.ask("Are you an AI?", key=key)
    refused = await running.ask(key=key, stream=True)
    assert refused.status_code == 429 and error(refused)["code"] == "insufficient_quota"
    assert refused.headers["x-should-retry"] == "false"
    assert f"{datetime.now(UTC):%Y-%m}" in error(refused)["message"]


async def test_requests_that_are_refused_use_up_no_calls(running: Running) -> None:
    key = await running.new_key("poor", budget_calls=1)
    for _ in range(3):
        assert (await running.ask(key=key, model="bob")).status_code == 404
        assert (await running.ask(key=key, n=2)).status_code == 400
    assert (await running.ask("Are you an AI?", key=key)).status_code == 200
    assert (await running.ask(key=key)).status_code == 429
    assert (await running.ask(key=key, model="bob")).status_code == 404


async def test_only_this_machines_key_may_say_that_it_evaluates(running: Running) -> None:
    own = await running.new_key(LOCAL_KEY)
    headers = {"x-twin-feature": "evaluation"}
    body = {"model": "ada", "messages": [{"role": "user", "content": "Are you an AI?"}]}
    refused = await post(running, body, **headers)
    async with running.client(own) as client:
        taken = await client.post("/v1/chat/completions", json=body, headers=headers)
    assert (refused.status_code, taken.status_code) == (400, 200)
    assert "this machine's own key" in error(refused)["message"]
    assert [(row.status, row.feature) for row in await running.rows()] == [("failed", None), ("ok", "evaluation")]


@pytest.mark.parametrize(
    "changes",
    [
        {"n": None, "stream": None, "twin": None, "seed": None},
        {"twin": {"mode": None, "retrieval": None}},
        {"messages": [{"role": "user", "content": "Hm."}, {"role": "assistant", "content": None}, QUESTION]},
    ],
)
async def test_null_is_a_field_left_out(running: Running, changes: dict[str, Any]) -> None:
    assert (await post(running, BODY | changes)).status_code == 200


async def test_a_user_must_say_something(running: Running) -> None:
    response = await post(running, BODY | {"messages": [{"role": "user", "content": None}, QUESTION]})
    assert response.status_code == 400 and "content" in error(response)["message"]


async def test_a_money_budget_does_not_hide_what_was_wrong_with_a_request(running: Running) -> None:
    key = await running.new_key("money", budget_amount=1.0)
    assert (await running.ask(key=key, model="bob")).status_code == 404
    assert (await running.ask("Are you an AI?", key=key)).status_code == 200


async def test_an_alias_that_moves_is_felt_without_a_restart(
    start: StartService, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with start(champion=True) as running:
        assert (await running.ask("Are you an AI?")).json()["twin"]["bundle"] == manifest().bundle_id
        newer = manifest(label="newer")
        running.promote(newer)
        monkeypatch.setattr(twins, "REFRESH_S", 0.0)
        assert (await running.ask("Are you an AI?")).json()["twin"]["bundle"] == newer.bundle_id
        by_name = await running.ask("Are you an AI?", model=manifest().model_name)
        assert by_name.json()["twin"]["bundle"] == manifest().bundle_id


@pytest.mark.parametrize(
    ("method", "path", "status"), [("get", "/v1/nothing", 404), ("get", "/v1/chat/completions", 405)]
)
async def test_unknown_paths_and_methods_answer_in_the_same_form(
    running: Running, method: str, path: str, status: int
) -> None:
    async with running.client() as client:
        response = await client.request(method, path)
    assert response.status_code == status and error(response)["code"]
