"""`POST /v1/chat/completions`: one question, answered whole or sentence by sentence, with a ledger row either way."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from twin_data.contracts.answers import Cost, Question, VerifiedAnswer
from twin_data.contracts.errors import ContextLengthError, TwinError
from twin_serve.answering.pipeline import Progress
from twin_serve.api.dependencies import KeyDependency, Service, ServiceDependency
from twin_serve.api.errors import error_body, status_and_code
from twin_serve.api.schemas import ChatRequest, annotations, twin_extras, usage
from twin_serve.ledger.ledger import CLIENT_GONE
from twin_serve.ledger.money import price_of
from twin_serve.ledger.records import KeyRecord, RequestEnd, RequestStart
from twin_serve.llm.client import READ_TIMEOUT_S
from twin_serve.twins import Twin

ENDPOINT = "/v1/chat/completions"
FEATURE_HEADER = "X-Twin-Feature"
MAX_FEATURE_CHARACTERS = 100
WORDS_PER_TOKEN = 0.75

log = logging.getLogger(__name__)
router = APIRouter(tags=["chat"])


@dataclass(frozen=True)
class _Call:
    """One request on its way, with all that its ledger row needs."""

    service: Service
    body: ChatRequest
    twin: Twin
    question: Question
    trace_id: str
    progress: Progress
    started: float
    created: int

    async def pieces(self) -> AsyncIterator[str | VerifiedAnswer]:
        """The answer's pieces; whatever happens, the ledger row is closed."""
        answer: VerifiedAnswer | None = None
        try:
            async for piece in self.service.answerer.answer(self.twin, self.question, self.trace_id, self.progress):
                if isinstance(piece, VerifiedAnswer):
                    answer = piece
                    await self.close("ok", answer=answer)
                yield piece
        except TwinError as error:
            await self.close("failed", error=error)
            raise
        except (asyncio.CancelledError, GeneratorExit):
            if answer is None:
                await self.close("aborted")
            raise
        except Exception as error:
            log.exception("request %s failed", self.trace_id)
            await self.close("failed", error=TwinError(str(error)))
            raise TwinError(
                f"request {self.trace_id} failed inside the service", next_step="see logs/business.log in $TWIN_HOME"
            ) from error

    async def close(
        self, status: str, *, answer: VerifiedAnswer | None = None, error: TwinError | None = None
    ) -> None:
        """Close the ledger row; the texts are kept for finished answers."""
        http_status, code = status_and_code(error) if error else (200, None)
        progress = self.progress
        end = RequestEnd(
            status="ok" if status == "ok" else "failed" if status == "failed" else "aborted",
            http_status=CLIENT_GONE.http_status if status == "aborted" else http_status,
            cost=answer.cost if answer else self._cost_so_far(),
            seconds_by_stage={
                "retrieval": round(progress.retrieval_seconds, 4),
                "llm": round(progress.llm_seconds, 4),
                "verification": round(progress.verify_seconds, 4),
            },
            outcome=answer.outcome if answer else None,
            error_code=CLIENT_GONE.error_code if status == "aborted" else code,
            bundle=self.twin.manifest.bundle_id,
        )
        await self.service.ledger.finish(self.trace_id, end)
        if answer:
            await self.service.ledger.record_interaction(
                self.trace_id, question=self.question.text, answer=answer.content
            )
        self.service.metrics.observe(self.twin.manifest.persona, end)

    def _cost_so_far(self) -> Cost:
        price = self.twin.manifest.price
        amount = price_of(self.progress.llm_seconds, price)
        return Cost(
            prompt_tokens=self.progress.usage.prompt_tokens,
            completion_tokens=self.progress.usage.completion_tokens,
            seconds=round(time.monotonic() - self.started, 4),
            amount=amount,
            currency=price.currency if amount is not None else None,
        )


@router.post(ENDPOINT)
async def chat_completions(
    body: ChatRequest,
    request: Request,
    service: ServiceDependency,
    key: KeyDependency,
    feature: Annotated[str | None, Header(alias=FEATURE_HEADER, max_length=MAX_FEATURE_CHARACTERS)] = None,
) -> Response:
    """Answer the last message of a conversation in the persona's words, with citations."""
    call = await _begin(service, body, key, feature)
    if body.stream:
        return StreamingResponse(_events(call), media_type="text/event-stream", headers={"cache-control": "no-store"})
    stream = call.pieces()
    answer: VerifiedAnswer | None = None
    async for piece in stream:
        if isinstance(piece, VerifiedAnswer):
            answer = piece
        elif await request.is_disconnected():
            await stream.aclose()  # type: ignore[attr-defined]
            return Response(status_code=CLIENT_GONE.http_status or 499)
    assert answer is not None
    return JSONResponse(_completion(call, answer))


async def _begin(service: Service, body: ChatRequest, key: KeyRecord, feature: str | None) -> _Call:
    """Resolve the twin and open the ledger row; a request that gets no further has its row, too."""
    started, created = time.monotonic(), int(time.time())
    persona = body.model.partition("@")[0]
    start = RequestStart(endpoint=ENDPOINT, persona=persona, key=key, user=body.user, feature=feature)
    try:
        question = body.question()
        twin = _adjusted(await service.twins.resolve(body.model), body)
        _check_length(question, twin)
    except TwinError as error:
        trace = await service.ledger.begin(start)
        status, code = status_and_code(error)
        await service.ledger.finish(trace.trace_id, RequestEnd(status="failed", http_status=status, error_code=code))
        raise
    priced = start.model_copy(
        update={
            "bundle": twin.manifest.bundle_id,
            "price": twin.manifest.price,
            "max_llm_seconds": READ_TIMEOUT_S,
        }
    )
    trace = await service.ledger.begin(priced)
    return _Call(service, body, twin, question, trace.trace_id, Progress(), started, created)


def _adjusted(twin: Twin, body: ChatRequest) -> Twin:
    """The twin with the caller's temperature and length in place of the bundle's."""
    changes: dict[str, Any] = {}
    if body.temperature is not None:
        changes["temperature"] = body.temperature
    if limit := body.max_completion_tokens or body.max_tokens:
        changes["max_tokens"] = limit
    return replace(twin, generation=twin.generation.model_copy(update=changes)) if changes else twin


def _check_length(question: Question, twin: Twin) -> None:
    """Refuse what can never fit before anything is looked up for it."""
    longest = int(twin.manifest.max_model_len * WORDS_PER_TOKEN)
    if (words := len(question.text.split())) > longest:
        raise ContextLengthError(
            f"the question has {words} words; this twin's model reads at most about {longest} in all",
            next_step="shorten the question",
        )


async def _events(call: _Call) -> AsyncIterator[str]:
    """Server-sent events in OpenAI's chunk form; the last chunk carries usage and the twin's extras."""
    yield _event(_chunk(call, {"role": "assistant", "content": ""}))
    try:
        async for piece in call.pieces():
            if isinstance(piece, VerifiedAnswer):
                yield _event(_last_chunk(call, piece))
            else:
                yield _event(_chunk(call, {"content": piece}))
    except TwinError as error:
        yield _event(error_body(error))
    yield "data: [DONE]\n\n"


def _event(body: dict[str, Any]) -> str:
    return f"data: {json.dumps(body, ensure_ascii=False)}\n\n"


def _chunk(call: _Call, delta: dict[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{call.trace_id}",
        "object": "chat.completion.chunk",
        "created": call.created,
        "model": call.twin.manifest.model_name,
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}],
    }


def _last_chunk(call: _Call, answer: VerifiedAnswer) -> dict[str, Any]:
    body = _chunk(call, {"annotations": annotations(answer, call.twin.manifest.persona)}, "stop")
    body["twin"] = twin_extras(answer)
    if call.body.stream_options.include_usage:
        body["usage"] = usage(answer)
    return body


def _completion(call: _Call, answer: VerifiedAnswer) -> dict[str, Any]:
    message = {
        "role": "assistant",
        "content": answer.content,
        "annotations": annotations(answer, call.twin.manifest.persona),
    }
    return {
        "id": f"chatcmpl-{call.trace_id}",
        "object": "chat.completion",
        "created": call.created,
        "model": call.twin.manifest.model_name,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": usage(answer),
        "twin": twin_extras(answer),
    }
