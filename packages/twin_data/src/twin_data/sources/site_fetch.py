"""One site's pages over HTTP: slowly, in bounds, from public addresses only, and only if they have changed."""

from __future__ import annotations

import ipaddress
import socket
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from types import TracebackType
from urllib.parse import urlsplit

import httpx

from twin_data.contracts.base import Contract
from twin_data.contracts.errors import SourceError
from twin_data.sources.reader import MEBIBYTE
from twin_data.sources.site_rules import USER_AGENT

_BUSY = frozenset({429, 500, 502, 503, 504})
_LONGEST_WAIT_S = 120.0
"""A server that asks for more patience than this is left for another time."""


class SiteConfig(Contract):
    """How much of a site is taken, and how gently."""

    max_pages: int = 2000
    max_page_mb: float = 8.0
    max_total_mb: float = 512.0
    delay_s: float = 1.0
    """Least time between two requests; robots.txt may ask for more."""
    timeout_s: float = 30.0
    """Longest silence of the server; a whole page may take four times as long."""
    retries: int = 3
    private_network: bool = False
    """Whether addresses that are not on the public internet may be asked."""


class FetchFailed(Exception):
    """A page could not be fetched.

    Attributes:
        reason: A word for counting, and the particulars.
        is_transient: Whether it may work another time, so that an earlier copy is still good.
    """

    def __init__(self, reason: str, *, is_transient: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_transient = is_transient


@dataclass(frozen=True)
class Fetched:
    """An answer: the page, that it has not changed (304), that it is elsewhere (3xx), or that it is not to be had."""

    url: str
    status: int
    body: bytes = b""
    headers: httpx.Headers = field(default_factory=httpx.Headers)

    @property
    def media_type(self) -> str:
        """Such as `text/html`; empty where the server names none."""
        return str(self.headers.get("content-type", "")).partition(";")[0].strip().lower()

    @property
    def is_redirect(self) -> bool:
        """Whether the answer names another address."""
        return self.status in {301, 302, 303, 307, 308} and "location" in self.headers


class Fetcher:
    """Asks one host, one request at a time."""

    def __init__(
        self,
        config: SiteConfig,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._config = config
        self._sleep = sleep
        self._clock = clock
        self._next_at = 0.0
        self._checked: set[tuple[str, int]] = set()
        self.delay_s = config.delay_s
        self.requests = 0
        self._client = httpx.Client(
            headers={
                "User-Agent": USER_AGENT,
                "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.5",
            },
            timeout=config.timeout_s,
            follow_redirects=False,
        )

    def __enter__(self) -> Fetcher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def get(self, url: str, *, etag: str = "", last_modified: str = "") -> Fetched:
        """Ask for a page, again where the server is busy; redirections are returned, not followed.

        Raises:
            FetchFailed: No answer, or none that can be used.
            SourceError: The host has an address that is not on the public internet.
        """
        headers = {"If-None-Match": etag} if etag else {}
        headers |= {"If-Modified-Since": last_modified} if last_modified else {}
        for attempt in range(self._config.retries + 1):
            is_last = attempt == self._config.retries
            try:
                answer = self._once(url, headers)
            except httpx.TransportError as error:
                if is_last:
                    raise FetchFailed(f"no_answer: {error or type(error).__name__}", is_transient=True) from error
                self._sleep(self.delay_s * 2**attempt)
                continue
            except (httpx.InvalidURL, UnicodeError) as error:
                raise FetchFailed(f"bad_address: {error}", is_transient=False) from error
            if answer.status not in _BUSY:
                return answer
            if is_last:
                raise FetchFailed(f"http_{answer.status}", is_transient=True)
            self._sleep(max(_asked_to_wait_s(answer), self.delay_s * 2**attempt))
        raise AssertionError("the last attempt returns or raises")

    def _once(self, url: str, headers: dict[str, str]) -> Fetched:
        is_proxied = self._check_address(url)
        self._sleep(max(0.0, self._next_at - self._clock()))
        self._next_at = self._clock() + self.delay_s
        self.requests += 1
        with self._client.stream("GET", url, headers=headers) as response:
            if not is_proxied:
                self._check_peer(url, response)
            if response.status_code != 200:
                return Fetched(url, response.status_code, headers=response.headers)
            return Fetched(url, 200, self._body(response), response.headers)

    def _body(self, response: httpx.Response) -> bytes:
        """What comes, as far as it may; the lengths that headers tell can lie."""
        most, body = self._config.max_page_mb * MEBIBYTE, bytearray()
        deadline = self._clock() + 4 * self._config.timeout_s
        try:
            for piece in response.iter_bytes():
                body += piece
                if len(body) > most:
                    raise FetchFailed(f"too_large: over {self._config.max_page_mb:g} MiB", is_transient=False)
                if self._clock() > deadline:
                    raise FetchFailed("too_slow", is_transient=True)
        except httpx.DecodingError as error:
            raise FetchFailed(f"damaged_answer: {error}", is_transient=True) from error
        return bytes(body)

    def _check_address(self, url: str) -> bool:
        """Refuse a host that is not on the public internet; returns whether a proxy asks in our place."""
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        is_proxied = parts.scheme in urllib.request.getproxies() and not urllib.request.proxy_bypass(host)
        if self._config.private_network or (host, port) in self._checked:
            return is_proxied
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            if not is_proxied:
                raise SourceError(
                    f"{host} is not known ({error.strerror or error})", next_step="check the address and the network"
                ) from error
            found = []  # the proxy knows names that are not known here
        for *_, place in found:
            _refuse_private(host, str(place[0]))
        self._checked.add((host, port))
        return is_proxied

    def _check_peer(self, url: str, response: httpx.Response) -> None:
        """Whoever answers must have a public address, too: between two questions a name can change its address."""
        stream = response.extensions.get("network_stream")
        peer = stream.get_extra_info("server_addr") if stream is not None else None
        if peer and not self._config.private_network:
            _refuse_private(urlsplit(url).hostname or "", str(peer[0]))


def _refuse_private(host: str, address: str) -> None:
    plain = ipaddress.ip_address(address.partition("%")[0])
    mapped = plain.ipv4_mapped if isinstance(plain, ipaddress.IPv6Address) else None
    if not (mapped or plain).is_global:
        raise SourceError(
            f"{host} has the address {address}, which is not on the public internet; nothing was fetched from it",
            next_step="if you mean a server of your own network: twin add … --private-network",
        )


def _asked_to_wait_s(answer: Fetched) -> float:
    """What `Retry-After` says, in seconds or as a date.

    Raises:
        FetchFailed: It is longer than we wait.
    """
    given = answer.headers.get("retry-after", "").strip()
    try:
        wait_s = float(given) if given.isdigit() else parsedate_to_datetime(given).timestamp() - time.time()
    except (TypeError, ValueError, OverflowError):
        return 0.0
    if wait_s > _LONGEST_WAIT_S:
        raise FetchFailed(f"http_{answer.status}: asks to wait {wait_s:.0f} s", is_transient=True)
    return max(0.0, wait_s)
