"""Is a server ready? Asked over HTTP, never taken from its log."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import httpx

REQUEST_TIMEOUT_S = 2.0


class Probe(Protocol):
    """A question that only a ready server answers well."""

    def is_ready(self, started_at: datetime | None) -> bool:
        """Whether the server that was started at this time is ready now."""


@dataclass(frozen=True)
class HttpProbe:
    """Ready when a URL answers with a status below 400."""

    url: str
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    remote: bool = False
    """Elsewhere, so reached through the user's proxy settings; servers on this machine never are."""

    def is_ready(self, started_at: datetime | None) -> bool:
        """Whether the URL answers."""
        try:
            return httpx.get(
                self.url, headers=self.headers, timeout=REQUEST_TIMEOUT_S, trust_env=self.remote
            ).is_success
        except (httpx.HTTPError, httpx.InvalidURL):
            return False


@dataclass(frozen=True)
class WorkerProbe:
    """Ready when the Prefect server has had a sign of life of the worker since it was started."""

    api: str
    pool: str
    worker: str
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    remote: bool = False

    def is_ready(self, started_at: datetime | None) -> bool:
        """Whether the worker polls its pool."""
        try:
            answer = httpx.post(
                f"{self.api}/work_pools/{self.pool}/workers/filter",
                json={},
                headers=self.headers,
                timeout=REQUEST_TIMEOUT_S,
                trust_env=self.remote,
            )
            workers = answer.json() if answer.is_success else []
        except (httpx.HTTPError, httpx.InvalidURL, ValueError):
            return False
        return any(
            worker["name"] == self.worker and worker["status"] == "ONLINE" and _is_since(worker, started_at)
            for worker in workers
        )


def _is_since(worker: dict[str, str], started_at: datetime | None) -> bool:
    """A killed worker counts as online for a while: only a heartbeat after the start is this start's."""
    heartbeat = worker.get("last_heartbeat_time")
    return started_at is None or (heartbeat is not None and datetime.fromisoformat(heartbeat) >= started_at)
