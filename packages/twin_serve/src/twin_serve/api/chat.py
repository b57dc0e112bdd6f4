"""`POST /v1/chat/completions`: one question, answered whole or sentence by sentence, in OpenAI's form."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from twin_data.contracts.answers import VerifiedAnswer
from twin_data.contracts.api_headers import FEATURE_HEADER
from twin_data.contracts.errors import TwinError
from twin_serve.api.calls import ENDPOINT, Call, begin
from twin_serve.api.dependencies import KeyDependency, ServiceDependency
from twin_serve.api.errors import error_body
from twin_serve.api.schemas import ChatRequest, finish_reason, url_citations, usage
from twin_serve.ledger.ledger import CLIENT_GONE

MAX_FEATURE_CHARACTERS = 100

router = APIRouter(tags=["chat"])


@router.post(ENDPOINT)
async def chat_completions(
    body: ChatRequest,
    request: Request,
    service: ServiceDependency,
    key: KeyDependency,
    feature: Annotated[str | None, Header(alias=FEATURE_HEADER, max_length=MAX_FEATURE_CHARACTERS)] = None,
) -> Response:
    """Answer the last message of a conversation in the persona's words, with citations."""
    call = await begin(service, body, key, feature and _as_sent(feature))
    return _Events(call) if body.stream else await _whole(call, request)


def _as_sent(header: str) -> str:
    """A header's text: HTTP knows its bytes only, which are read as Latin-1, and most clients mean UTF-8."""
    try:
        return header.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return header


async def _whole(call: Call, request: Request) -> Response:
    """The answer in one piece; the work stops when the client hangs up, also while the model is thinking."""
    answering = asyncio.create_task(_last_piece(call))
    hanging_up = asyncio.create_task(_disconnected(request))
    try:
        await asyncio.wait({answering, hanging_up}, return_when=asyncio.FIRST_COMPLETED)
        if not answering.done():
            return Response(status_code=CLIENT_GONE.http_status or 499)
        return JSONResponse(_completion(call, answering.result()))
    finally:
        for task in (answering, hanging_up):
            task.cancel()
        await asyncio.wait({answering, hanging_up})
        await call.abandon()


async def _last_piece(call: Call) -> VerifiedAnswer:
    async with aclosing(call.pieces()) as pieces:
        async for piece in pieces:
            if isinstance(piece, VerifiedAnswer):
                return piece
    raise AssertionError("an answer ends with a verified answer")


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        continue


class _Events(StreamingResponse):
    """The answer as server-sent events. However the connection ends, the generators and the row are closed."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._events = _events(call)
        super().__init__(self._events, media_type="text/event-stream", headers={"cache-control": "no-store"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._events.aclose()
            await self._call.abandon()  # for a client that was gone before the first event


async def _events(call: Call) -> AsyncGenerator[str, None]:
    """Events in OpenAI's chunk form; the last chunk with a choice carries the twin's extras."""
    yield _event(_chunk(call, {"role": "assistant", "content": ""}))
    try:
        async with aclosing(call.pieces()) as pieces:
            async for piece in pieces:
                if isinstance(piece, VerifiedAnswer):
                    yield _event(_last_chunk(call, piece))
                    if call.body.wants_usage:
                        yield _event(_chunk(call, None) | {"usage": usage(piece)})
                else:
                    yield _event(_chunk(call, {"content": piece}))
    except TwinError as error:
        yield _event(error_body(error))
    yield "data: [DONE]\n\n"


def _event(body: dict[str, Any]) -> str:
    return f"data: {json.dumps(body, ensure_ascii=False)}\n\n"


def _chunk(call: Call, delta: dict[str, Any] | None, reason: str | None = None) -> dict[str, Any]:
    """A chunk with one choice; without a delta, one with none."""
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    return {
        "id": f"chatcmpl-{call.trace_id}",
        "object": "chat.completion.chunk",
        "created": call.created,
        "model": call.twin.manifest.model_name,
        "choices": [] if delta is None else [choice],
    }


def _last_chunk(call: Call, answer: VerifiedAnswer) -> dict[str, Any]:
    citations = url_citations(answer, call.twin.manifest.persona)
    reason = finish_reason(answer, call.progress)
    return _chunk(call, {"annotations": citations}, reason) | {"twin": call.extras(answer)}


def _completion(call: Call, answer: VerifiedAnswer) -> dict[str, Any]:
    message = {
        "role": "assistant",
        "content": answer.content,
        "annotations": url_citations(answer, call.twin.manifest.persona),
    }
    choice = {"index": 0, "message": message, "finish_reason": finish_reason(answer, call.progress)}
    return {
        "id": f"chatcmpl-{call.trace_id}",
        "object": "chat.completion",
        "created": call.created,
        "model": call.twin.manifest.model_name,
        "choices": [choice],
        "usage": usage(answer),
        "twin": call.extras(answer),
    }
