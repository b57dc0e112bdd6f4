"""What the clients of an evaluation have in common: connections, and patience with an endpoint that is busy."""

from __future__ import annotations

from collections.abc import Mapping

import httpx

_CONNECT_TIMEOUT_S = 10.0
_KEEPALIVE_S = 2.0
"""Below the 5 s after which servers close an idle connection, perhaps just as a request is sent on it."""
_LONGEST_WAIT_S = 60.0


def connections(
    base_url: str, headers: Mapping[str, str], timeout_s: float, transport: httpx.AsyncBaseTransport | None
) -> httpx.AsyncClient:
    """A client of one endpoint; no request is made yet.

    Args:
        base_url: Its address.
        headers: Sent with every request.
        timeout_s: Longest wait for one answer.
        transport: Replaces the network, for tests.
    """
    return httpx.AsyncClient(
        base_url=base_url,
        headers=dict(headers),
        timeout=httpx.Timeout(timeout_s, connect=_CONNECT_TIMEOUT_S),
        # A run bounds its concurrency itself; the pool must not queue requests while their clocks run.
        limits=httpx.Limits(max_connections=None, keepalive_expiry=_KEEPALIVE_S),
        transport=transport,
    )


def wait_s(response: httpx.Response, attempt: int) -> float:
    """Seconds until the next attempt: as many as the endpoint asks for, else twice as many after each."""
    asked = response.headers.get("Retry-After", "")
    return min(float(asked) if asked.isdecimal() else 2.0 ** (attempt - 1), _LONGEST_WAIT_S)
