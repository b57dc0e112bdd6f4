from __future__ import annotations

import errno
import threading
from pathlib import Path

import httpx
import pytest

from flows.watch_feeds import Feed, keep_polling
from twin_data.contracts.errors import SourceError

ADDRESS = "https://ferry.example/feed.xml"
ITEM = "<item><guid>{0}</guid><title>{0}</title><description>{1}</description></item>"


class Server:
    """Serves one feed, with an ETag of its content."""

    def __init__(self) -> None:
        self.items = {"lamp": "The lamp went out."}
        self.status = 200
        self.full = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = "".join(ITEM.format(*one) for one in self.items.items())
        tag = f'"{hash(body)}"'
        if self.status != 200:
            return httpx.Response(self.status)
        if request.headers.get("if-none-match") == tag:
            return httpx.Response(304)
        self.full += 1
        text = f'<rss version="2.0"><channel><title>T</title>{body}</channel></rss>'
        return httpx.Response(200, text=text, headers={"etag": tag})


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def feed(server: Server, tmp_path: Path) -> Feed:
    client = httpx.Client(transport=httpx.MockTransport(server))
    return Feed(ADDRESS, tmp_path / "blog", tmp_path / "blog.json", client)


def test_entries_are_written_once_and_stay(server: Server, feed: Feed, tmp_path: Path) -> None:
    assert (feed.poll(), feed.poll(), server.full) == (1, 0, 1), "the second time nothing was sent"
    server.items["rope"] = "On splicing a rope."
    assert feed.poll() == 1
    del server.items["lamp"]
    server.items["rope"] = "On splicing a rope by hand."
    assert feed.poll() == 1, "edited"
    pages = {path.read_text("utf-8") for path in (tmp_path / "blog").iterdir()}
    assert len(pages) == 2 and any("by hand" in one for one in pages)


def test_a_source_that_was_forgotten_is_fetched_again(server: Server, feed: Feed, tmp_path: Path) -> None:
    feed.poll()
    for path in (tmp_path / "blog").iterdir():
        path.unlink()
    (tmp_path / "blog").rmdir()
    assert (feed.poll(), server.full) == (1, 2)


def test_a_server_that_refuses_is_asked_later(server: Server, feed: Feed) -> None:
    server.status = 503
    with pytest.raises(SourceError, match="gives no feed \\(503"):
        feed.poll()
    stop, told = threading.Event(), []

    def report(message: str) -> None:
        told.append(message)
        stop.set()

    keep_polling(feed, "blog", 30.0, stop, report)
    assert told == [f"feed blog: {ADDRESS} gives no feed (503, 0 bytes); asked again in 60 s"]


def test_a_full_disk_does_not_end_the_polling(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    stop, told = threading.Event(), []

    def full(path: Path, content: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    def report(message: str) -> None:
        told.append(message)
        stop.set()

    monkeypatch.setattr("flows.watch_feeds.write_file", full)
    keep_polling(feed, "blog", 30.0, stop, report)
    assert len(told) == 1 and "No space left on device" in told[0] and "asked again in 60 s" in told[0]
