"""An OpenAI-compatible server on the loopback interface, for tests: real sockets, prepared replies."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Reply:
    """What is answered: a text, or an error of a status."""

    text: str | None = None
    status: int = 200
    message: str = "refused"
    headers: dict[str, str] = field(default_factory=dict)
    wait_s: float = 0.0


@dataclass
class OpenAIServer:
    """What was asked of it, and how it answers."""

    reply: Callable[[dict[str, Any]], Reply]
    key: str = "sesame"
    asked: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""
    at_once: int = 0
    """Most requests that were under way at a time."""
    _running: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, body: dict[str, Any], header: str) -> Reply:
        with self._lock:
            self.asked.append(body)
            self._running += 1
            self.at_once = max(self.at_once, self._running)
        try:
            if header != f"Bearer {self.key}":
                return Reply(status=401, message="Incorrect API key provided")
            found = self.reply(body)
            time.sleep(found.wait_s)
            return found
        finally:
            with self._lock:
                self._running -= 1


@contextmanager
def serving(reply: Callable[[dict[str, Any]], Reply], key: str = "sesame") -> Iterator[OpenAIServer]:
    """Serve until the block ends."""
    told = OpenAIServer(reply, key)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path != "/v1/chat/completions":
                self._send(404, {"error": {"message": f"no {self.path}", "code": "not_found"}}, {})
                return
            found = told.take(body, self.headers.get("Authorization", ""))
            if found.status != 200:
                self._send(found.status, {"error": {"message": found.message, "code": "refused"}}, found.headers)
            elif body.get("stream"):
                self._stream(body, found.text or "")
            else:
                message = {"role": "assistant", "content": found.text}
                self._send(200, {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}, {})

        def _send(self, status: int, body: dict[str, Any], headers: dict[str, str]) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", "Content-Length": len(data), **headers}.items():
                self.send_header(name, str(value))
            self.end_headers()
            self.wfile.write(data)

        def _stream(self, body: dict[str, Any], text: str) -> None:
            """As OpenAI does: counts come once, at the end, if they are asked for; strange options are refused."""
            if set(body["stream_options"]) - {"include_usage"}:
                self._send(400, {"error": {"message": "Unrecognized request argument", "code": "unknown"}}, {})
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            words = text.split(" ")
            events: list[dict[str, Any]] = [
                {"choices": [{"delta": {"content": word if at == 0 else f" {word}"}, "finish_reason": None}]}
                for at, word in enumerate(words)
            ]
            events.append({"choices": [{"delta": {}, "finish_reason": "stop"}], "usage": None})
            events.append({"choices": [], "usage": {"prompt_tokens": 1000, "completion_tokens": len(words)}})
            for event in events:
                self.wfile.write(f"data: {json.dumps(event)}\n\n".encode())
            self.wfile.write(b"data: [DONE]\n\n")
            self.close_connection = True

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    told.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
