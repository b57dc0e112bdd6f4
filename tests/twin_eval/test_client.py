from __future__ import annotations

import json
from collections.abc import Callable

import httpx
import pytest

from twin_data.contracts.answers import AnswerOutcome, TwinOptions
from twin_eval import client as client_module
from twin_eval.client import BusinessClient, EndpointFailure
from twin_eval.errors import EvaluationError
from twin_eval.fake_service import FakeService, citation, completion, passage, refusal

BUNDLE = "0123456789ab"
TEXT = "It was high water at Ferrier's."
OPTIONS = TwinOptions()


def opened(handler: Callable[[httpx.Request], httpx.Response]) -> BusinessClient:
    return BusinessClient(
        "http://twin.test/", "key-1", persona="ada", bundle=BUNDLE, timeout_s=5, transport=httpx.MockTransport(handler)
    )


async def failure_of(handler: Callable[[httpx.Request], httpx.Response]) -> EndpointFailure:
    async with opened(handler) as client:
        with pytest.raises(EndpointFailure) as caught:
            await client.ask("When?", OPTIONS)
    return caught.value


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that the client would have slept."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(client_module.asyncio, "sleep", sleep)
    return slept


async def test_it_asks_as_any_user_would_and_reads_the_whole_answer() -> None:
    response = completion(
        "High water. [1]",
        bundle=BUNDLE,
        outcome="repaired",
        citations=[citation(1, "notes/a.md", TEXT, TEXT)],
        passages=[passage("notes/a.md", TEXT, 0, len(TEXT))],
        a_field_of_tomorrow=1,
    )
    service = FakeService("ada", lambda _: response)
    async with opened(service._handle) as client:
        answer = await client.ask("When?", TwinOptions(retrieval=False))
    (request,) = service.requests
    assert str(request.url) == "http://twin.test/v1/chat/completions"
    assert request.headers["Authorization"] == "Bearer key-1"
    assert request.headers["X-Twin-Feature"] == "evaluation"
    assert json.loads(request.content) == {
        "model": f"ada@{BUNDLE}",
        "messages": [{"role": "user", "content": "When?"}],
        "stream": False,
        "twin": {"mode": "answer", "retrieval": False, "verify": True, "agentic": False},
    }
    assert answer.content == "High water. [1]"
    assert answer.twin.outcome is AnswerOutcome.REPAIRED
    assert answer.twin.citations[0].quote == TEXT
    assert answer.twin.passages[0].text == TEXT
    assert answer.twin.cost.amount is None
    assert answer.seconds >= 0


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (httpx.ConnectError("refused"), "unreachable"),
        (httpx.ReadTimeout("slow"), "timeout"),
        (httpx.RemoteProtocolError("gone"), "connection_lost"),
    ],
)
async def test_faults_of_the_network_are_told_apart(error: httpx.HTTPError, code: str) -> None:
    def handler(_: httpx.Request) -> httpx.Response:
        raise error

    failure = await failure_of(handler)
    assert failure.error.code == code
    assert (failure.gone == "the service") is (code == "unreachable")


@pytest.mark.parametrize(
    ("response", "code", "message"),
    [
        (refusal(503, "llm_unavailable", "the model is away"), "llm_unavailable", "the model is away"),
        (refusal(400, "context_length", "too long"), "context_length", "too long"),
        (httpx.Response(502, text="<html>"), "http_error", "502 Bad Gateway"),
        (httpx.Response(200, text="not json"), "unreadable_response", "not a twin's answer"),
        (httpx.Response(200, json={"choices": []}), "unreadable_response", "IndexError"),
        (httpx.Response(200, json=[]), "unreadable_response", "TypeError"),
        (completion("x", bundle=BUNDLE, outcome="sung"), "unreadable_response", "twin.outcome"),
    ],
)
async def test_responses_that_are_no_answer_are_errors(response: httpx.Response, code: str, message: str) -> None:
    failure = await failure_of(lambda _: response)
    assert failure.error.code == code
    assert message in failure.error.message
    assert failure.error.status == response.status_code


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_a_wrong_key_or_bundle_ends_the_run(status: int) -> None:
    async with opened(lambda _: refusal(status, "no", "there is no such thing")) as client:
        with pytest.raises(EvaluationError, match=f"status {status}: there is no such thing") as caught:
            await client.ask("When?", OPTIONS)
    assert "twin keys" in caught.value.next_step


async def test_another_bundles_answer_is_not_taken_for_this_ones() -> None:
    async with opened(lambda _: completion("x", bundle="another")) as client:
        with pytest.raises(EvaluationError, match="bundle 'another' answered"):
            await client.ask("When?", OPTIONS)


async def test_a_busy_service_is_asked_again_after_the_time_it_names(waits: list[float]) -> None:
    responses = iter(
        [
            refusal(429, "rate_limit", "slow down", headers={"Retry-After": "7"}),
            refusal(429, "rate_limit", "slow down"),
            completion("At last.", bundle=BUNDLE),
        ]
    )
    async with opened(lambda _: next(responses)) as client:
        assert (await client.ask("When?", OPTIONS)).content == "At last."
    assert waits == [7.0, 2.0]


async def test_a_service_that_stays_busy_is_an_error(waits: list[float]) -> None:
    failure = await failure_of(lambda _: refusal(429, "rate_limit", "slow down"))
    assert failure.error.code == "rate_limit"
    assert len(waits) == 2


async def test_documents_are_fetched_by_id() -> None:
    service = FakeService("ada", lambda _: refusal(500, "x", "x"), documents={"mail/a.mbox#1 & 2": TEXT})
    async with opened(service._handle) as client:
        assert await client.document_text("mail/a.mbox#1 & 2") == TEXT
        assert await client.document_text("mail/a.mbox#2") is None
    assert service.requests[0].url.path == "/api/documents/ada"


async def test_a_document_that_is_no_json_is_none() -> None:
    async with opened(lambda _: httpx.Response(200, text="<html>")) as client:
        assert await client.document_text("a") is None


async def test_a_service_that_is_away_is_noticed_before_the_first_question() -> None:
    def handler(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    async with opened(handler) as client:
        with pytest.raises(EvaluationError, match="cannot be evaluated: refused") as caught:
            await client.check()
    assert "twin up" in caught.value.next_step
