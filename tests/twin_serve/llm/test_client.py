from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from twin_data.contracts.errors import ContextLengthError, LLMError, LLMUnavailableError
from twin_data.contracts.releases import GenerationSettings
from twin_data.prompts.renderer import Message
from twin_serve.llm.client import LanguageModel, ScriptedModel, Usage, VllmModel, request_body

MESSAGES = (Message(role="system", content="You are Ada."), Message(role="user", content="How many?"))
SETTINGS = GenerationSettings(max_tokens=7, temperature=0.5)
Handler = Callable[[httpx.Request], httpx.Response]


def event(content: str | None = None, *, finish: str | None = None, tokens: tuple[int, int] | None = None) -> str:
    body: dict[str, Any] = {"choices": []}
    if content is not None or finish:
        body["choices"] = [{"delta": {"content": content}, "finish_reason": finish}]
    if tokens:
        body["usage"] = {"prompt_tokens": tokens[0], "completion_tokens": tokens[1]}
    return f"data: {json.dumps(body)}\n\n"


GOOD = [
    event("", tokens=(12, 0)),
    event("Thirty", tokens=(12, 1)),
    event("-one.", tokens=(12, 3)),
    event("", finish="stop", tokens=(12, 3)),
    event(tokens=(12, 3)),
    "data: [DONE]\n\n",
]


class Broken(httpx.AsyncByteStream):
    """Sends what it has, then fails, or hangs."""

    def __init__(self, parts: list[str], *, error: Exception | None = None, wait_s: float = 0.0) -> None:
        self.parts, self.error, self.wait_s, self.closed = parts, error, wait_s, False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self.parts:
            await asyncio.sleep(self.wait_s)
            yield part.encode()
        if self.error:
            raise self.error

    async def aclose(self) -> None:
        self.closed = True


def model(handler: Handler, **options: Any) -> VllmModel:
    return VllmModel("http://llm.test", transport=httpx.MockTransport(handler), **options)


def streaming(*parts: str, **how: Any) -> Handler:
    return lambda request: httpx.Response(200, stream=Broken(list(parts), **how))


async def read(handler: Handler, usage: Usage | None = None, **options: Any) -> str:
    one = model(handler, **options)
    try:
        return "".join([piece async for piece in one.stream("base", MESSAGES, SETTINGS, usage or Usage())])
    finally:
        await one.close()


def test_only_these_fields_are_ever_sent() -> None:
    assert request_body("base", MESSAGES, SETTINGS) == {
        "model": "base",
        "messages": [{"role": "system", "content": "You are Ada."}, {"role": "user", "content": "How many?"}],
        "max_tokens": 7,
        "temperature": 0.5,
        "stream": True,
        "stream_options": {"include_usage": True, "continuous_usage_stats": True},
    }


async def test_a_stream_is_read_with_its_counts() -> None:
    usage = Usage()
    assert await read(streaming(*GOOD), usage) == "Thirty-one."
    assert usage == Usage(prompt_tokens=12, completion_tokens=3, finish_reason="stop")


async def test_runs_of_words_to_avoid_are_sent() -> None:
    sent: list[dict[str, Any]] = []

    def handler(request: httpx.Request) -> httpx.Response:
        sent.append(json.loads(request.content))
        return streaming(*GOOD)(request)

    one, runs = model(handler), ["we found 31 eels there"]
    for avoid in ((), runs):
        assert [piece async for piece in one.stream("base", MESSAGES, SETTINGS, Usage(), avoid)]
    await one.close()
    plain, avoiding = sent
    assert "bad_words" not in plain
    assert avoiding == plain | {"bad_words": runs}


async def test_events_may_be_cut_anywhere_on_the_way() -> None:
    whole = "".join(GOOD)
    for size in (1, 3, 7, 50):
        parts = [whole[at : at + size] for at in range(0, len(whole), size)]
        assert await read(streaming(*parts)) == "Thirty-one."


async def test_a_stream_that_is_left_early_has_counted_and_is_closed() -> None:
    body, usage = Broken(GOOD), Usage()
    one = model(lambda request: httpx.Response(200, stream=body))
    stream = one.stream("base", MESSAGES, SETTINGS, usage)
    assert await anext(stream) == "Thirty"
    await stream.aclose()
    assert body.closed and (usage.prompt_tokens, usage.completion_tokens) == (12, 1)
    await one.close()


@pytest.mark.parametrize(
    "handler",
    [
        streaming(*GOOD[:2]),
        streaming(*GOOD[:2], error=httpx.ReadError("reset")),
        streaming(*GOOD[:2], error=httpx.RemoteProtocolError("closed")),
        streaming(*GOOD[:2], 'data: {"choices": [{"del'),
        streaming(),
        lambda request: httpx.Response(503, text="starting"),
    ],
    ids=["no end", "reset", "closed", "half an event", "nothing", "503"],
)
async def test_a_server_that_breaks_off_is_unavailable(handler: Handler) -> None:
    with pytest.raises(LLMUnavailableError) as raised:
        await read(handler)
    assert "twin" in raised.value.next_step or "llm.log" in raised.value.next_step


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    one = VllmModel("http://127.0.0.1:9")
    with pytest.raises(LLMUnavailableError):
        await anext(one.stream("base", MESSAGES, SETTINGS, Usage()))
    assert await one.is_healthy() is False
    await one.close()


async def test_an_answer_without_an_end_in_sight_is_cut() -> None:
    """Each piece comes in time, all of them together do not; a reader who takes his time is not to blame."""
    with pytest.raises(LLMUnavailableError, match="no end after"):
        await read(streaming(*[event("very ")] * 100, wait_s=0.05), longest_s=1)
    one = model(streaming(*GOOD, wait_s=0.001), longest_s=1)
    async for _ in one.stream("base", MESSAGES, SETTINGS, Usage()):
        await asyncio.sleep(0.4)  # four pieces: longer than the model may take, with all of a busy machine's waits
    await one.close()


@pytest.mark.parametrize(
    "message",
    [
        "This model's maximum context length is 2048 tokens. However, you requested 3000 tokens",
        "The decoder prompt (length 3000) is longer than the maximum model length of 2048.",
        "Make sure that `max_model_len` is no smaller than the number of text tokens.",
        "max_tokens must not exceed the context length (2048).",
    ],
)
async def test_a_prompt_that_does_not_fit_is_told_apart(message: str) -> None:
    for handler in (
        lambda request: httpx.Response(400, json={"error": {"message": message}}),
        streaming(f"data: {json.dumps({'error': {'message': message}})}\n\n"),
    ):
        with pytest.raises(ContextLengthError) as raised:
            await read(handler)
        assert "2048" not in raised.value.message


async def test_other_refusals_keep_the_servers_words_to_themselves() -> None:
    cases: list[tuple[Handler, str]] = [
        (lambda request: httpx.Response(404, text="secret"), "does not serve this bundle"),
        (lambda request: httpx.Response(500, text="secret"), "status 500"),
        (streaming('data: {"error": {"message": "secret"}}\n\n'), "status 500"),
    ]
    for handler, words in cases:
        with pytest.raises(LLMError, match=words) as raised:
            await read(handler)
        assert "secret" not in str(raised.value) and not isinstance(raised.value, LLMUnavailableError)


async def test_health_is_what_the_server_says() -> None:
    for status, healthy in ((200, True), (503, False)):
        one = model(lambda request, status=status: httpx.Response(status))  # type: ignore[misc]
        assert await one.is_healthy() is healthy
        await one.close()


async def test_the_fake_plays_its_script() -> None:
    fake, usage = ScriptedModel(["Thirty one."]), Usage()
    as_model: LanguageModel = fake
    assert [piece async for piece in as_model.stream("base", MESSAGES, SETTINGS, usage)] == ["Thirty", " one."]
    assert usage == Usage(prompt_tokens=5, completion_tokens=2, finish_reason="stop")
    assert fake.asked == [MESSAGES] and fake.closed == 1
