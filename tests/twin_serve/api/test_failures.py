"""Servers that fail and clients that go: a typed error, a closed row, and nothing left running."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import Any

import httpx
import pytest
import uvicorn

from twin_data.contracts.errors import LLMUnavailableError, SearchUnavailableError
from twin_serve.llm.client import VllmModel

from ..conftest import EELS, EELS_ANSWER, Running, StartService
from .asgi import StuckModel, call

BODY: dict[str, Any] = {"model": "ada", "messages": [{"role": "user", "content": EELS}]}
SEARCH_DOWN = SearchUnavailableError("the search engine did not answer", next_step="twin up elasticsearch")


def last_event(response: httpx.Response) -> dict[str, Any]:
    lines = [line for line in response.text.split("\n\n") if line]
    assert lines[-1] == "data: [DONE]"
    event: dict[str, Any] = json.loads(lines[-2].removeprefix("data: "))
    return event


@pytest.mark.parametrize("stream", [False, True])
async def test_a_search_engine_that_is_down_is_503(running: Running, stream: bool) -> None:
    running.search.error = SEARCH_DOWN
    response = await running.ask(stream=stream)
    assert response.status_code == 503
    assert response.json()["error"]["code"] == "search_unavailable"
    assert response.json()["error"]["next_step"] == "twin up elasticsearch"
    row = await running.row()
    assert (row.status, row.http_status, row.error_code, row.amount_nano) == ("failed", 503, "search_unavailable", 0)


async def test_a_search_engine_that_dies_once_the_twin_is_loaded_is_503_or_an_event(start: StartService) -> None:
    async with start(EELS_ANSWER, EELS_ANSWER) as running:
        await running.ask(
            "Are you an AI?"
        )  # fits the judge of forbidden questions, which can outlast a look at the index
        await running.ask("Are you an AI?")
        running.search.error = SEARCH_DOWN
        whole, streamed = await running.ask(), await running.ask(stream=True)
        assert whole.status_code == 503 and whole.json()["error"]["code"] == "search_unavailable"
        assert streamed.status_code == 200 and last_event(streamed)["error"]["code"] == "search_unavailable"
        assert [row.status for row in await running.rows()] == ["ok", "ok", "failed", "failed"]


async def test_a_model_that_is_down_is_503_or_an_event(start: StartService) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    model = VllmModel("http://llm.test", transport=httpx.MockTransport(refuse))
    async with start(llm=model) as running:
        whole, streamed = await running.ask(), await running.ask(stream=True)
        assert whole.status_code == 503 and whole.json()["error"]["code"] == "llm_unavailable"
        assert last_event(streamed)["error"]["code"] == "llm_unavailable"
        assert [row.status for row in await running.rows()] == ["failed", "failed"]
        assert await running.interactions() == []
    await model.close()


async def test_a_model_that_breaks_off_ends_the_stream_with_an_error_and_counts_its_tokens(running: Running) -> None:
    running.model.error = LLMUnavailableError("the LLM microservice broke off", next_step="twin up llm")
    response = await running.ask(stream=True)
    assert last_event(response)["error"]["code"] == "llm_unavailable"
    assert '"twin"' not in response.text
    row = await running.row()
    assert (row.status, row.http_status, row.completion_tokens) == ("failed", 503, 1)
    assert row.prompt_tokens > 0 and row.amount_nano is not None


@pytest.mark.parametrize("stream", [False, True])
async def test_what_nobody_foresaw_is_500_without_its_details(
    running: Running, stream: bool, caplog: pytest.LogCaptureFixture
) -> None:
    running.model.error = ZeroDivisionError("secret detail")
    response = await running.ask(stream=stream)
    error = last_event(response)["error"] if stream else response.json()["error"]
    assert response.status_code == (200 if stream else 500)
    assert error["code"] == "internal_error" and "secret" not in response.text
    assert "secret detail" in caplog.text
    row = await running.row()
    assert (row.status, row.http_status, row.error_code) == ("failed", 500, "internal_error")


async def test_an_unforeseen_error_before_the_row_has_a_row(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(persona: str) -> Any:
        raise KeyError("_meta")

    monkeypatch.setattr(running.search, "identity", broken)
    response = await running.ask()
    assert response.status_code == 500 and response.json()["error"]["code"] == "internal_error"
    assert (await running.row()).status == "failed"


async def test_a_client_that_goes_while_the_answer_streams_aborts_it(start: StartService) -> None:
    model, gone = StuckModel(f"{EELS_ANSWER} And then"), asyncio.Event()
    async with start(llm=model) as running:

        def hang_up(message: dict[str, Any]) -> None:
            if b"31 eels" in message.get("body", b""):
                gone.set()

        await call(running.app, running.key, BODY | {"stream": True}, gone=gone, sent=hang_up)
        assert model.closed.is_set()
        row = await running.row()
    assert (row.status, row.http_status, row.error_code) == ("aborted", 499, "client_disconnected")
    assert row.prompt_tokens == 50
    assert row.completion_tokens in {11, 12}  # the sentence ended with the first word after it
    assert row.seconds > 0 and row.seconds_by_stage["llm"] >= 0 and row.amount_nano is not None


async def test_a_client_that_goes_while_the_model_thinks_aborts_a_whole_answer(start: StartService) -> None:
    model, gone = StuckModel("We found"), asyncio.Event()
    async with start(llm=model) as running:
        asking = asyncio.create_task(call(running.app, running.key, BODY, gone=gone))
        await model.thinking.wait()
        await asyncio.sleep(0.05)
        gone.set()
        await asking
        assert model.closed.is_set()
        row = await running.row()
    assert (row.status, row.completion_tokens) == ("aborted", 2)
    assert row.seconds_by_stage["llm"] >= 0.05 and row.amount_nano >= 0.05 * 1e6


async def test_a_client_that_is_gone_before_the_first_event_leaves_no_open_row(start: StartService) -> None:
    model, gone = StuckModel("We found"), asyncio.Event()
    gone.set()
    async with start(llm=model) as running:
        await call(running.app, running.key, BODY | {"stream": True}, gone=gone)
        row = await running.row()
    assert row.status == "aborted"


async def test_aborted_requests_are_counted_in_the_metrics(start: StartService) -> None:
    model, gone = StuckModel("We found"), asyncio.Event()
    async with start(llm=model) as running:
        asking = asyncio.create_task(call(running.app, running.key, BODY | {"stream": True}, gone=gone))
        await model.thinking.wait()
        gone.set()
        await asking
        metrics = running.service.metrics.text().decode()
    assert 'twin_requests_total{outcome="none",persona="ada",status="aborted"} 1.0' in metrics
    assert 'twin_tokens_total{direction="completion",persona="ada"} 2.0' in metrics


async def test_fifty_requests_at_once_have_fifty_rows_and_fifty_answers(start: StartService) -> None:
    async with start(*[EELS_ANSWER] * 50) as running:
        responses = await asyncio.gather(*(running.ask(stream=number % 2 == 0) for number in range(50)))
        assert {response.status_code for response in responses} == {200}
        assert all("31 eels" in response.text for response in responses)
        rows = await running.rows()
        assert [row.status for row in rows] == ["ok"] * 50
        assert len({row.trace_id for row in rows}) == 50
        assert running.search.identified == 1  # one look at the alias serves them all
        assert running.model.closed == 50


@pytest.mark.parametrize("stream", [False, True])
async def test_a_connection_that_drops_is_noticed_by_the_real_server(start: StartService, stream: bool) -> None:
    model = StuckModel(EELS_ANSWER)
    async with start(llm=model) as running:
        server = uvicorn.Server(uvicorn.Config(running.app, log_level="error", lifespan="off"))
        with socket.create_server(("127.0.0.1", 0)) as listening:
            serving = asyncio.create_task(server.serve(sockets=[listening]))
            port = listening.getsockname()[1]
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            body = json.dumps(BODY | {"stream": stream}).encode()
            head = f"Host: x\r\nAuthorization: Bearer {running.key}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
            writer.write(f"POST /v1/chat/completions HTTP/1.1\r\n{head}\r\n\r\n".encode() + body)
            await asyncio.wait_for(model.thinking.wait(), 20)
            writer.close()
            await asyncio.wait_for(model.closed.wait(), 20)
            server.should_exit = True
            await serving
        row = await running.row()
    assert (row.status, row.error_code, row.completion_tokens) == ("aborted", "client_disconnected", 10)
