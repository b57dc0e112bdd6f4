"""A client that hangs up when it likes: the application called as a server would call it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any

from fastapi import FastAPI

from twin_data.contracts.releases import GenerationSettings
from twin_data.prompts.renderer import Message
from twin_serve.llm.client import Usage


class StuckModel:
    """Writes some words, then thinks for ever."""

    def __init__(self, words: str) -> None:
        self._words = words.split(" ")
        self.thinking = asyncio.Event()
        self.closed = asyncio.Event()

    async def stream(
        self,
        model: str,
        messages: Sequence[Message],
        settings: GenerationSettings,
        usage: Usage,
        avoid: Sequence[str] = (),
    ) -> AsyncGenerator[str, None]:
        usage.prompt_tokens = 50
        try:
            for number, word in enumerate(self._words, 1):
                usage.completion_tokens = number
                yield f"{word} "
            self.thinking.set()
            await asyncio.sleep(3600)
        finally:
            self.closed.set()

    async def is_healthy(self) -> bool:
        return True


async def call(
    app: FastAPI,
    key: str,
    body: dict[str, Any],
    *,
    gone: asyncio.Event,
    sent: Callable[[dict[str, Any]], None] = lambda message: None,
) -> list[dict[str, Any]]:
    """Post a chat request; `gone` is when the client hangs up. Returns what the service sent."""
    messages: list[dict[str, Any]] = []
    requests = [{"type": "http.request", "body": json.dumps(body).encode(), "more_body": False}]

    async def receive() -> dict[str, Any]:
        if requests:
            return requests.pop()
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        messages.append(message)
        sent(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/v1/chat/completions",
        "raw_path": b"/v1/chat/completions",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"authorization", f"Bearer {key}".encode()), (b"content-type", b"application/json")],
        "client": ("127.0.0.1", 1),
        "server": ("twin.test", 80),
    }
    await asyncio.wait_for(app(scope, receive, send), 20)
    return messages
