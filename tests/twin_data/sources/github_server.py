"""A small GitHub on the loopback interface: pages, marks, limits and failures as the real one has them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

Json = dict[str, object]


@dataclass
class TinyGitHub:
    """What it holds by path, what it was asked, and how it is to misbehave next."""

    lists: dict[str, list[Json]] = field(default_factory=dict)
    objects: dict[str, Json] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    tokens: set[str | None] = field(default_factory=set)
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    """Status and headers of the next answers, before it behaves again."""
    page_size: int = 2
    not_modified: int = 0
    url: str = ""
    extra_link: str = ""
    """A link to a next page that every list bears."""


@contextmanager
def running(github: TinyGitHub) -> Iterator[TinyGitHub]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            github.asked.append(self.path)
            github.tokens.add(self.headers.get("Authorization"))
            if github.answers:
                status, headers = github.answers.pop(0)
                self.answer(status, {"message": "no"}, headers)
            elif parts.path in github.objects:
                self.answer(200, github.objects[parts.path], {})
            elif parts.path in github.lists:
                self.page(parts.path, {name: values[0] for name, values in parse_qs(parts.query).items()})
            else:
                self.answer(404, {"message": "Not Found"}, {})

        def page(self, path: str, query: dict[str, str]) -> None:
            found = [one for one in github.lists[path] if str(one.get("updated_at", "")) >= query.get("since", "")]
            if query.get("direction") == "desc":
                found.sort(key=lambda one: str(one["updated_at"]), reverse=True)
            at = (int(query.get("page", "1")) - 1) * github.page_size
            shown = found[at : at + github.page_size]
            headers = {"ETag": f'W/"{sha256(json.dumps(shown).encode()).hexdigest()}"'}
            if self.headers.get("If-None-Match") == headers["ETag"]:
                github.not_modified += 1
                self.answer(304, None, headers)
                return
            if at + github.page_size < len(found):
                following = "&".join(
                    f"{name}={value}" for name, value in {**query, "page": at // github.page_size + 2}.items()
                )
                headers["Link"] = (
                    f'<{github.url}{path}?{following}>; rel="next", <{github.url}{path}?page=9>; rel="last"'
                )
            if github.extra_link:
                headers["Link"] = github.extra_link
            self.answer(200, shown, headers)

        def answer(self, status: int, value: object, headers: dict[str, str]) -> None:
            data = b"" if value is None else json.dumps(value).encode()
            self.send_response(status)
            for name, text in {**headers, "Content-Length": str(len(data))}.items():
                self.send_header(name, text)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    github.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield github
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
