"""A site on loopback: pages by path, with the validators and headers that real servers send."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HANGS_UP = 0
"""Instead of a status: the connection ends without an answer."""


@dataclass
class Page:
    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    has_validators: bool = True


@dataclass
class Site:
    """What the server serves, and what it was asked for: path, and the value of If-None-Match."""

    address: str = ""
    pages: dict[str, Page] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    agents: set[str] = field(default_factory=set)

    def put(self, path: str, text: str, kind: str = "text/html; charset=utf-8", **headers: str) -> None:
        text = text.replace("{address}", self.address)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.pages[path] = Page(text.encode(), headers={"Content-Type": kind, **named})

    def answer(self, path: str, status: int, **headers: str) -> None:
        self.pages[path] = Page(
            status=status, headers={name.replace("_", "-"): value for name, value in headers.items()}
        )

    def paths(self) -> list[str]:
        """What was asked for since the last call."""
        paths = [path for path, _ in self.asked]
        self.asked.clear()
        return paths


@contextmanager
def serving() -> Iterator[Site]:
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            site.asked.append((self.path, self.headers.get("If-None-Match", "")))
            site.agents.add(self.headers.get("User-Agent", ""))
            page = site.pages.get(self.path, Page(b"<p>none</p>", 404, {"Content-Type": "text/html"}))
            if page.status == HANGS_UP:
                self.close_connection = True
                return
            etag = '"' + hashlib.sha256(page.body).hexdigest()[:16] + '"'
            is_known = page.has_validators and self.headers.get("If-None-Match") == etag
            body = b"" if is_known else page.body
            self.send_response(304 if is_known and page.status == 200 else page.status)
            for name, value in page.headers.items():
                self.send_header(name, value)
            if page.has_validators and page.status == 200:
                self.send_header("ETag", etag)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    site.address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
