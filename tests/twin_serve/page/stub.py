"""A stand-in for the business service's API: it says what a test tells it to, and keeps what it was sent."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse, Response, StreamingResponse
from fastapi.staticfiles import StaticFiles
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from twin_data.contracts.answers import AnswerOutcome, Citation, Cost, Mode, SentenceCheck
from twin_data.contracts.documents import CleanDocument

PAGE = Path(str(resources.files("twin_serve") / "page"))
KEY = "twin_test-key+1/2="
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
POLL_SECONDS = 0.01
UNAUTHORIZED = {
    "message": "The API key is unknown.",
    "type": "authentication_error",
    "code": "invalid_api_key",
    "next_step": "make one with `twin keys`.",
}


def error_body(message: str, next_step: str, code: str = "failed") -> dict[str, Any]:
    """An error as the service words it."""
    return {"error": {"message": message, "type": "twin_error", "code": code, "next_step": next_step}}


def account(
    *,
    outcome: AnswerOutcome = AnswerOutcome.GENERATED,
    citations: tuple[Citation, ...] = (),
    sentences: tuple[SentenceCheck, ...] = (),
    passages: tuple[dict[str, Any], ...] = (),
    decline_reason: str | None = None,
    cost: Cost | None = None,
    mode: Mode = "answer",
) -> dict[str, Any]:
    """The `twin` object of the last chunk, in the form of the contracts."""
    cost = cost or Cost(prompt_tokens=1240, completion_tokens=86, seconds=14.23)
    return {
        "mode": mode,
        "citations": [citation.model_dump(mode="json") for citation in citations],
        "outcome": outcome.value,
        "decline_reason": decline_reason,
        "sentences": [sentence.model_dump(mode="json") for sentence in sentences],
        "passages": list(passages),
        "bundle": "3fa9c01b",
        "cost": cost.model_dump(mode="json"),
        "trace_id": "7c1e44d0a9b2",
    }


@dataclass
class Reply:
    """One scripted answer. With `hold_after`, the stream waits after that many sentences until `release` is set."""

    sentences: tuple[str, ...] = ()
    twin: dict[str, Any] | None = None
    status: int = 200
    error: dict[str, Any] | None = None
    hold_after: int | None = None
    cut: bool = False
    """Whether the stream just ends, without the last chunk and `[DONE]`."""
    release: threading.Event = field(default_factory=threading.Event)
    left: threading.Event = field(default_factory=threading.Event)
    """Set when the client went away before the end."""


class StubService:
    """The API with scripted replies, and the requests it got."""

    def __init__(self) -> None:
        self.models: list[dict[str, Any]] = [_model("sample", "Isolde Quarmby")]
        self.examples: list[str] = [
            "Why did Pilotfish move from Python to Rust?",
            "What went wrong on the day of the Candlemas Jam?",
            "How many tests do you run, and for how long?",
        ]
        self.documents: dict[str, CleanDocument] = {}
        self.status: dict[str, Any] = {"twins": [], "services": [], "links": []}
        self.replies: deque[Reply] = deque()
        self.requests: list[tuple[dict[str, str], dict[str, Any]]] = []
        self.valid_keys = {KEY}
        self.reads: list[str] = []
        self.broken: set[str] = set()
        """Paths that answer 503 for now."""

    def reply(self, *sentences: str, **rest: Any) -> Reply:
        """Script the next answer."""
        self.replies.append(Reply(sentences=sentences, **rest))
        return self.replies[-1]

    def app(self) -> ASGIApp:
        """The stub with the page's files as the service serves them."""
        app = FastAPI()
        self._add_routes(app)
        app.mount("/page", StaticFiles(directory=PAGE))

        # Written out, as FastAPI's own middleware would keep from the stream that the reader left.
        async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
            async def with_policy(message: Message) -> None:
                if message["type"] == "http.response.start":
                    MutableHeaders(scope=message)["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
                await send(message)

            inner = self._refusal(scope) or app
            await inner(scope, receive, with_policy)

        return guarded

    def _refusal(self, scope: Scope) -> Response | None:
        path: str = scope["path"]
        self.reads.append(path)
        key = Headers(scope=scope).get("authorization", "").removeprefix("Bearer ")
        if path.startswith(("/v1/", "/api/")) and key not in self.valid_keys:
            return JSONResponse({"error": UNAUTHORIZED}, 401)
        if path in self.broken:
            return JSONResponse(error_body("Elasticsearch cannot be reached.", "start it with `twin up`."), 503)
        return None

    def _add_routes(self, app: FastAPI) -> None:
        @app.get("/")
        async def index() -> Response:
            return FileResponse(PAGE / "index.html")

        @app.get("/status")
        async def status_page() -> Response:
            return FileResponse(PAGE / "status.html")

        @app.get("/v1/models")
        async def models() -> dict[str, Any]:
            return {"object": "list", "data": self.models}

        @app.get("/api/examples/{persona}")
        async def examples(persona: str) -> dict[str, Any]:
            return {"questions": self.examples}

        @app.get("/api/status")
        async def status() -> dict[str, Any]:
            return self.status

        @app.get("/api/documents/{persona}")
        async def document(persona: str, id: str) -> Response:
            if id not in self.documents:
                return JSONResponse(error_body(f"Document {id!r} is not in the corpus.", "run `twin features`."), 404)
            fields = {"document_id", "title", "date", "url", "text", "passages"}
            return JSONResponse(self.documents[id].model_dump(mode="json", include=fields))

        @app.post("/v1/chat/completions")
        async def chat(request: Request) -> Response:
            self.requests.append((dict(request.headers), await request.json()))
            reply = self.replies.popleft()
            if reply.status != 200:
                return JSONResponse(reply.error, reply.status)
            return StreamingResponse(_events(reply), media_type="text/event-stream")


async def _events(reply: Reply) -> AsyncIterator[str]:
    ended = False
    try:
        yield ": the first bytes, before there is anything to say\n\n"
        for number, sentence in enumerate(reply.sentences):
            if number == reply.hold_after:
                await _wait_for(reply.release)
            yield _event({"choices": [{"index": 0, "delta": {"content": sentence}, "finish_reason": None}]})
        if reply.hold_after == len(reply.sentences):
            await _wait_for(reply.release)
        if reply.error is not None:
            yield _event(reply.error)
        elif not reply.cut:
            last = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": {"total_tokens": 1326}}
            yield _event({**last, "twin": reply.twin if reply.twin is not None else account()})
            yield "data: [DONE]\n\n"
        ended = True
    finally:
        if not ended:
            reply.left.set()


async def _wait_for(event: threading.Event) -> None:
    while not event.is_set():
        await asyncio.sleep(POLL_SECONDS)


def _event(chunk: dict[str, Any]) -> str:
    return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n"


def _model(model_id: str, name: str) -> dict[str, Any]:
    twin = {"display_name": name, "bundle": "3fa9c01b", "alias": "champion", "label": ""}
    return {"id": model_id, "object": "model", "twin": twin}


def add_model(service: StubService, model_id: str, name: str) -> None:
    """Serve one more twin."""
    service.models.append(_model(model_id, name))


@contextmanager
def running(service: StubService) -> Iterator[str]:
    """The stub on a free port of the loopback address; yields its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(service.app(), log_level="error", ws="none", lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()
