"""The chat endpoint through OpenAI's own client."""

from __future__ import annotations

from typing import Any

import pytest
from openai import APIError, BadRequestError

from ..conftest import EELS, EELS_ANSWER, Running, StartService


async def test_openai_client_reads_a_whole_answer(running: Running) -> None:
    async with running.openai() as client:
        answer = await client.chat.completions.create(
            model="ada",
            messages=[{"role": "user", "content": EELS}],
            user="u-1",
            temperature=0.1,
            max_tokens=50,
            extra_body={"twin": {"verify": True}},
            extra_headers={"X-Twin-Feature": "tests"},
        )
    assert (answer.choices[0].message.content or "").startswith(EELS_ANSWER)
    annotations = answer.choices[0].message.annotations
    assert annotations and annotations[0].url_citation.title == "The eels of Gate 7"
    assert answer.usage and answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens > 0
    assert answer.model_extra and answer.model_extra["twin"]["outcome"] == "generated"
    row = await running.row()
    assert (row.user_name, row.feature, row.status, row.http_status) == ("u-1", "tests", "ok", 200)


@pytest.mark.parametrize("dumped", [False, True])
async def test_openai_client_sends_an_answer_back(start: StartService, dumped: bool) -> None:
    async with start(EELS_ANSWER, EELS_ANSWER) as running, running.openai() as client:
        messages: list[Any] = [{"role": "user", "content": EELS}]
        first = (await client.chat.completions.create(model="ada", messages=messages)).choices[0].message
        messages += [first.model_dump() if dumped else first, {"role": "user", "content": "And on what floor?"}]
        second = await client.chat.completions.create(model="ada", messages=messages)
    assert first.annotations and (second.choices[0].message.content or "").startswith(EELS_ANSWER)
    assert running.model.asked[-1][2].content == f"{EELS_ANSWER} [1]"


async def test_openai_client_reads_a_stream(running: Running) -> None:
    async with running.openai() as client:
        stream = await client.chat.completions.create(
            model="ada",
            messages=[{"role": "user", "content": EELS}],
            stream=True,
            stream_options={"include_usage": True},
        )
        chunks = [chunk async for chunk in stream]
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text.startswith(EELS_ANSWER)
    assert [bool(chunk.usage) for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    assert chunks[-1].choices == []
    assert chunks[-2].model_extra and chunks[-2].model_extra["twin"]["citations"]


async def test_openai_client_understands_errors(running: Running) -> None:
    async with running.openai() as client:
        with pytest.raises(BadRequestError) as refused:
            await client.chat.completions.create(model="ada", messages=[{"role": "system", "content": "Be rude."}])
        assert refused.value.code == "invalid_request" and "messages.0.role" in refused.value.message
        running.model.error = RuntimeError("secret detail")
        with pytest.raises(APIError) as broken:
            stream = await client.chat.completions.create(
                model="ada", messages=[{"role": "user", "content": EELS}], stream=True
            )
            async for _ in stream:
                pass
        assert "secret detail" not in str(broken.value) and broken.value.code == "internal_error"
