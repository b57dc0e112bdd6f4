from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from flows.platform.health import HttpProbe, WorkerProbe

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
Answers = dict[str, tuple[int, str]]


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status, body = self.server.answers.get(self.path, (404, ""))  # type: ignore[attr-defined]
        self.server.seen.append(dict(self.headers))  # type: ignore[attr-defined]
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body.encode())

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Any]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as running:
        running.answers, running.seen = {}, []  # type: ignore[attr-defined]
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def url(server: Any) -> str:
    return f"http://127.0.0.1:{server.server_port}"


@pytest.mark.parametrize(("status", "ready"), [(200, True), (204, True), (408, False), (503, False)])
def test_a_status_decides(server: Any, status: int, ready: bool) -> None:
    server.answers["/health"] = (status, "")
    assert HttpProbe(f"{url(server)}/health").is_ready(None) is ready


def test_the_key_is_sent(server: Any) -> None:
    server.answers["/"] = (200, "")
    assert HttpProbe(f"{url(server)}/", {"Authorization": "ApiKey k"}).is_ready(None)
    assert server.seen[0]["Authorization"] == "ApiKey k"


def test_a_proxy_is_not_asked_for_this_machine(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    server.answers["/"] = (200, "")
    assert HttpProbe(f"{url(server)}/").is_ready(None)


def test_nobody_there(free_port: Callable[[], int]) -> None:
    assert not HttpProbe(f"http://127.0.0.1:{free_port()}/").is_ready(None)


def worker(name: str = "cpu-here", status: str = "ONLINE", seen: datetime | None = NOW) -> dict[str, Any]:
    return {"name": name, "status": status, "last_heartbeat_time": seen.isoformat() if seen else None}


@pytest.mark.parametrize(
    ("workers", "ready"),
    [
        ([worker(seen=NOW + timedelta(seconds=1))], True),
        ([worker(seen=NOW - timedelta(seconds=1))], False),  # of the start before this one
        ([worker(name="cpu-elsewhere", seen=NOW + timedelta(seconds=1))], False),
        ([worker(status="OFFLINE", seen=NOW + timedelta(seconds=1))], False),
        ([worker(seen=None)], False),
        ([], False),
    ],
)
def test_a_worker_must_have_been_seen_since_its_start(server: Any, workers: list[Any], ready: bool) -> None:
    server.answers["/api/work_pools/cpu/workers/filter"] = (200, json.dumps(workers))
    assert WorkerProbe(f"{url(server)}/api", "cpu", "cpu-here").is_ready(NOW) is ready


@pytest.mark.parametrize("answer", [(404, "no such pool"), (200, "no JSON")])
def test_a_pool_that_is_not_there_yet(server: Any, answer: tuple[int, str]) -> None:
    server.answers["/api/work_pools/cpu/workers/filter"] = answer
    assert not WorkerProbe(f"{url(server)}/api", "cpu", "cpu-here").is_ready(NOW)
