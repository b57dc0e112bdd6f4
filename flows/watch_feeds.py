"""Feeds that are polled for `twin watch`: each entry becomes a file of the persona's sources."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path

import httpx

from twin_data.contracts.errors import SourceError, TwinError
from twin_data.registry.durable import write_file
from twin_data.sources.feed_entries import feed_pages

TIMEOUT_S = 20.0
LONGEST_WAIT_S = 3600.0
MAX_BYTES = 32 * 1024 * 1024


class Feed:
    """One feed, asked with conditional requests; what it said of its version is kept over restarts."""

    def __init__(self, address: str, folder: Path, state_file: Path, client: httpx.Client) -> None:
        """Ask for nothing yet.

        Args:
            address: Of the RSS or Atom file.
            folder: Where the entries go: a source of the persona.
            state_file: Keeps `ETag` and `Last-Modified`.
            client: Asks.
        """
        self._address = address
        self._folder = folder
        self._state_file = state_file
        self._client = client

    def poll(self) -> int:
        """Ask once; returns how many entries are new or have changed.

        Raises:
            SourceError: The server does not answer, refuses, or what it sends is no feed.
        """
        try:
            answer = self._client.get(self._address, headers=self._conditions(), follow_redirects=True)
        except httpx.HTTPError as error:
            raise SourceError(f"{self._address} does not answer: {error}", next_step="it is asked again") from error
        if answer.status_code == httpx.codes.NOT_MODIFIED:
            return 0
        if not answer.is_success or len(answer.content) > MAX_BYTES:
            said = f"{answer.status_code}, {len(answer.content):,} bytes"
            raise SourceError(f"{self._address} gives no feed ({said})", next_step="it is asked again")
        written = sum(self._write(page.name, page.html) for page in feed_pages(answer.content, self._address))
        state = {name: answer.headers[name] for name in ("etag", "last-modified") if name in answer.headers}
        write_file(self._state_file, json.dumps(state | {"address": self._address}).encode())
        return written

    def _conditions(self) -> dict[str, str]:
        if not self._state_file.is_file():
            return {}
        known = json.loads(self._state_file.read_text("utf-8"))
        if known.get("address") != self._address or not self._folder.is_dir():
            return {}
        names = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}
        return {names[name]: value for name, value in known.items() if name in names}

    def _write(self, name: str, text: str) -> bool:
        path = self._folder / name
        if path.is_file() and path.read_text("utf-8") == text:
            return False
        self._folder.mkdir(parents=True, exist_ok=True)
        write_file(path, text.encode())
        return True


def keep_polling(feed: Feed, name: str, every_s: float, stop: threading.Event, report: Callable[[str], None]) -> None:
    """Ask a feed until `stop` is set; after an error later and later. Runs in a thread of its own."""
    wait_s = every_s
    while True:
        try:
            if found := feed.poll():
                report(f"feed {name}: {found} new or changed entries")
            wait_s = every_s
        except (TwinError, OSError) as error:  # a full disk, too: a thread that ended would leave the feed unread
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)
            told = error.message if isinstance(error, TwinError) else str(error)
            report(f"feed {name}: {told}; asked again in {wait_s:.0f} s")
        if stop.wait(wait_s):
            return
