"""An OpenAI-compatible endpoint that echoes, leaves out, refuses or stalls, as the question says."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote


@dataclass
class FakeEndpoint:
    base_url: str
    asked: list[dict[str, Any]] = field(default_factory=list)
    at_once: int = 0
    """Most requests that were under way at a time."""
    running: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


@contextmanager
def serving(
    reply: str = "Echo of {question}",
    *,
    models: Any = None,
    key: str = "",
    known: tuple[str, ...] = (),
    lists: bool = True,
) -> Iterator[FakeEndpoint]:
    """Serve on a free port of the loopback interface.

    A question with `(empty)` gets no text, with `(long)` all its tokens, with `(slow)` no answer for a minute, with
    `(after N)` none before N questions were asked, and no text if that takes ten seconds. With
    `key`, the list of models is refused to any other. Models in `known` are told of when asked for by name, without
    standing in the list; `lists=False` leaves the list out.
    """
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    endpoint = FakeEndpoint(f"http://127.0.0.1:{server.server_port}/v1")

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *arguments: object) -> None:
            return

        def _send(self, body: object) -> None:
            data = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_GET(self) -> None:
            if key and self.headers["authorization"] != f"Bearer {key}":
                self.send_error(401)
                return
            if self.path != "/v1/models" or not lists:
                name = self.path.removeprefix("/v1/models/")
                self._send({"id": name}) if unquote(name) in known else self.send_error(404)
                return
            self._send({"object": "list", "data": [{"id": "m"}]} if models is None else models)

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["content-length"])))
            if self.path != "/v1/chat/completions" or not request:
                self.send_error(404 if request or self.path != "/v1/chat/completions" else 422)
                return
            with endpoint.lock:
                endpoint.asked.append(request)
                endpoint.running += 1
                endpoint.at_once = max(endpoint.at_once, endpoint.running)
            question = request["messages"][-1]["content"]
            if found := re.search(r"\(after (\d+)\)", question):
                patience = time.monotonic() + 10
                while len(endpoint.asked) < int(found[1]) and time.monotonic() < patience:
                    time.sleep(0.01)
                if len(endpoint.asked) < int(found[1]):
                    question += "(empty)"
            if "(slow)" in question:
                time.sleep(60)
            text = "" if "(empty)" in question else reply.format(question=question)
            tokens = request["max_tokens"] if "(long)" in question else 5
            choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
            with endpoint.lock:
                endpoint.running -= 1
            usage = {"prompt_tokens": 3, "completion_tokens": tokens, "total_tokens": 3 + tokens}
            self._send(
                {
                    "id": "x",
                    "object": "chat.completion",
                    "created": 1,
                    "model": "m",
                    "choices": [choice],
                    "usage": usage,
                }
            )

    server.RequestHandlerClass = Handler
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield endpoint
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
