"""GitHub's REST API: pages followed, limits honoured, nothing asked again that has not changed.

https://docs.github.com/rest, on pagination, rate limits and conditional requests.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

import httpx

from twin_data.contracts.errors import SourceError
from twin_data.sources.records import Record

PUBLIC_API = "https://api.github.com"
API_VERSION = "2022-11-28"
PER_PAGE = 100
_TIMEOUT_S = 30.0
_ATTEMPTS = 4
_LONGEST_WAIT_S = 3900.0
"""Limits are by the hour; a server that asks for longer is not waited for."""
_GONE = frozenset({404, 410})
_LIMITED = frozenset({403, 429})

Say = Callable[[str], None]


def _nothing(message: str) -> None:
    """Told to nobody."""


@dataclass(frozen=True)
class Clock:
    """Time, as far as it is waited for."""

    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep


@dataclass
class GitHubApi:
    """One API as seen with one token. `etags` holds what the server said of lists that were read before, and after."""

    base_url: str
    token: str | None = None
    etags: dict[str, str] = field(default_factory=dict)
    say: Say = _nothing
    clock: Clock = Clock()
    _resume_at: float = 0.0

    def __enter__(self) -> GitHubApi:
        headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": API_VERSION}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        # A redirect to another host, as of a renamed repository, does not take the token along.
        self._http = httpx.Client(headers=headers, timeout=_TIMEOUT_S, follow_redirects=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, path: str) -> Record | None:
        """One object; None if it is gone.

        Raises:
            SourceError: The server refuses, fails repeatedly, or answers with something else.
        """
        response = self._request(self._url(path), {})
        if response.status_code in _GONE:
            return None
        value = self._json(response)
        if not isinstance(value, Mapping):
            raise self._unexpected(response, "no object")
        return value

    def list(self, path: str, **parameters: str) -> Iterator[Record]:
        """The objects of a list, over all of its pages; none if it is gone.

        Raises:
            SourceError: As of `get`.
        """
        url = httpx.URL(self._url(path), params={**parameters, "per_page": str(PER_PAGE)})
        yield from self._pages(self._request(str(url), {}))

    def list_if_changed(self, path: str, **parameters: str) -> Iterator[Record]:
        """Like `list`, but nothing if the first page is what it was; such a question counts towards no limit.

        Ask for the newest first, so that any change is one of the first page.

        Raises:
            SourceError: As of `get`.
        """
        url = str(httpx.URL(self._url(path), params={**parameters, "per_page": str(PER_PAGE)}))
        known = self.etags.get(url)
        response = self._request(url, {"If-None-Match": known} if known else {})
        if response.status_code == httpx.codes.NOT_MODIFIED:
            return
        yield from self._pages(response)
        if etag := response.headers.get("etag"):  # only now: a list that was half read is to be asked for again
            self.etags[url] = etag

    def _pages(self, response: httpx.Response) -> Iterator[Record]:
        while response.status_code not in _GONE:
            value = self._json(response)
            if not isinstance(value, list):
                raise self._unexpected(response, "no list")
            yield from (one for one in value if isinstance(one, Mapping))
            following = response.links.get("next", {}).get("url")
            if following is None:
                return
            if _origin(following) != _origin(self.base_url):
                raise self._unexpected(response, f"a next page elsewhere, at {following}")
            response = self._request(following, {})

    def _url(self, path: str) -> str:
        return self.base_url.rstrip("/") + path

    def _request(self, url: str, headers: Mapping[str, str]) -> httpx.Response:
        """Ask until there is an answer to work with: waits out limits, and tries again what failed on the way."""
        failure = ""
        for attempt in range(_ATTEMPTS):
            self._wait_until(self._resume_at)
            try:
                response = self._http.get(url, headers=headers)
            except httpx.HTTPError as error:
                failure = f"{type(error).__name__}: {error}"
            else:
                self._resume_at = self._limit_of(response)
                if response.is_success or response.status_code in {httpx.codes.NOT_MODIFIED, *_GONE}:
                    return response
                failure = f"HTTP {response.status_code}"
                if not self._resume_at and response.status_code < httpx.codes.INTERNAL_SERVER_ERROR:
                    raise self._refused(response)
            if not self._resume_at:
                self.clock.sleep(2.0**attempt)
        raise SourceError(
            f"{_without_query(url)} failed {_ATTEMPTS} times: {failure}",
            next_step="try again later; nothing was changed",
        )

    def _limit_of(self, response: httpx.Response) -> float:
        """When the server wants to be asked again; 0 if it names no time."""
        headers = response.headers
        if response.status_code in _LIMITED and (seconds := headers.get("retry-after", "")).isdecimal():
            return self.clock.now() + float(seconds)
        if headers.get("x-ratelimit-remaining") == "0" and (reset := headers.get("x-ratelimit-reset", "")).isdecimal():
            return float(reset)
        return 0.0

    def _wait_until(self, moment: float) -> None:
        seconds = moment - self.clock.now()
        if seconds <= 0:
            return
        at = datetime.fromtimestamp(moment, UTC).strftime("%H:%M")
        if seconds > _LONGEST_WAIT_S:
            raise SourceError(
                f"{self.base_url} wants to be asked again only at {at} UTC, in {seconds / 3600:.1f} hours",
                next_step="run the command again then; nothing was changed",
            )
        self.say(f"the limit of {self.base_url} is reached; waiting until {at} UTC")
        self.clock.sleep(seconds)

    def _refused(self, response: httpx.Response) -> SourceError:
        steps: dict[int, str] = {
            httpx.codes.UNAUTHORIZED: "set GITHUB_TOKEN to a valid token",
            httpx.codes.FORBIDDEN: "give the token the right to read the repository's issues and pull requests",
        }
        return SourceError(
            f"{_without_query(str(response.url))} answered HTTP {response.status_code}",
            next_step=steps.get(response.status_code, "check OWNER/REPO and GITHUB_API_URL"),
        )

    def _json(self, response: httpx.Response) -> object:
        try:
            value: object = response.json()
        except ValueError as error:
            raise self._unexpected(response, "no JSON") from error
        return value

    def _unexpected(self, response: httpx.Response, what: str) -> SourceError:
        return SourceError(
            f"{_without_query(str(response.url))} answered with {what}", next_step="check GITHUB_API_URL"
        )


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _without_query(url: str) -> str:
    return url.partition("?")[0]
