"""The business microservice as its users see it: nothing but the public API is used."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

import httpx
from pydantic import ValidationError

from twin_data.contracts.answers import Turn, TwinOptions
from twin_data.contracts.api_headers import CODE_HEADER, EVALUATION_FEATURE, FEATURE_HEADER
from twin_eval.connections import connections, wait_s
from twin_eval.errors import BundleRefusedError, EvaluationError
from twin_eval.records import Answer, EndpointError, TwinSeen

_SETUP_STATUSES = frozenset({401, 403, 404})
"""The key, the persona or the bundle is wrong: every other question would fail in the same way."""
_BUSY_STATUSES = frozenset({429})


_GONE = {
    "unreachable": "the service",
    "llm_unavailable": "the language model behind the service",
    "search_unavailable": "the search engine behind the service",
}
"""What has gone away where an error of this code comes again and again."""
REFUSED = frozenset({"bundle_mismatch", "model_unavailable"})
"""Errors of these codes are about one bundle, and will come again until somebody mends what they name."""
_MAX_REFUSED_IN_A_ROW = 5
"""After so many the bundle counts as not served; one may be a moment in which it was being loaded."""


class EndpointFailure(Exception):
    """One request that brought no usable answer; the run goes on without it."""

    def __init__(self, error: EndpointError) -> None:
        super().__init__(error.message)
        self.error = error

    @property
    def gone(self) -> str | None:
        """What may have gone away, in words; None if the failure does not speak of that."""
        return _GONE.get(self.error.code)


def chat_body(
    persona: str,
    bundle: str,
    question: str,
    options: TwinOptions,
    history: Sequence[Turn] = (),
    max_tokens: int | None = None,
) -> dict[str, Any]:
    """The request's body: exactly this bundle, earlier turns, one question, no streaming."""
    body = {
        "model": f"{persona}@{bundle}",
        "messages": [*(turn.model_dump() for turn in history), {"role": "user", "content": question}],
        "stream": False,
        "twin": options.model_dump(),
    }
    return body if max_tokens is None else {**body, "max_tokens": max_tokens}


class BusinessClient:
    """Asks one bundle of one persona. Use it as an asynchronous context manager."""

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        persona: str,
        bundle: str,
        timeout_s: float,
        max_attempts: int = 3,
        max_tokens: int | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Prepare; no request is made yet.

        Args:
            base_url: The service's address without `/v1`.
            api_key: A key of the service.
            persona: Whose twin is asked.
            bundle: Which bundle of that twin.
            timeout_s: Longest wait for one answer.
            max_attempts: How often a request is sent while the service says that it is busy.
            max_tokens: Longest answer, which also keeps the service from further drafts; None leaves it to the bundle.
            transport: Replaces the network, for tests.
        """
        self._persona = persona
        self._bundle = bundle
        self._max_attempts = max_attempts
        self._max_tokens = max_tokens
        self._refused_in_a_row = 0
        headers = {"Authorization": f"Bearer {api_key}", FEATURE_HEADER: EVALUATION_FEATURE}
        self._http = connections(base_url.rstrip("/"), headers, timeout_s, transport)

    async def __aenter__(self) -> Self:
        """Open the connection pool."""
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        await self._http.__aexit__(kind, error, trace)

    async def check(self) -> str:
        """See that the service is there and takes the key, before the first question.

        Returns:
            A digest of the code that answers, if the service names it.

        Raises:
            EvaluationError: It is not, or does not.
        """
        try:
            response, _ = await self._send("GET", "/v1/models")
        except EndpointFailure as failure:
            raise EvaluationError(
                f"the service at {self._http.base_url} cannot be evaluated: {failure}",
                next_step="look at `twin status`, start it with `twin up`, then run the same command again",
            ) from failure
        return str(response.headers.get(CODE_HEADER, ""))

    async def ask(self, question: str, options: TwinOptions, history: Sequence[Turn] = ()) -> Answer:
        """The answer to one question, after earlier turns of a conversation if there are any.

        Raises:
            EndpointFailure: There was none, or it cannot be read.
            BundleRefusedError: The service is there and has not served this bundle several times in a row.
            EvaluationError: The key or the model is refused, or another bundle answered.
        """
        try:
            answer = await self._answer(question, options, history)
        except EndpointFailure as failure:
            self._stop_if_refused(failure)
            raise
        if answer.is_of_model:  # what needed no model says nothing on whether the bundle's is served
            self._refused_in_a_row = 0
        return answer

    def _stop_if_refused(self, failure: EndpointFailure) -> None:
        self._refused_in_a_row = self._refused_in_a_row + 1 if failure.error.code in REFUSED else 0
        if self._refused_in_a_row >= _MAX_REFUSED_IN_A_ROW:
            raise BundleRefusedError(
                f"the service does not serve bundle {self._bundle}: {failure}",
                next_step="mend what it names, then run the same command again: the answers so far are kept",
            ) from failure

    async def _answer(self, question: str, options: TwinOptions, history: Sequence[Turn]) -> Answer:
        body = chat_body(self._persona, self._bundle, question, options, history, self._max_tokens)
        response, seconds = await self._send("POST", "/v1/chat/completions", json=body)
        answer = read_answer(response, seconds=seconds)
        if answer.twin.bundle != self._bundle:
            raise EvaluationError(
                f"bundle {answer.twin.bundle!r} answered for {self._bundle!r}",
                next_step="restart the service with `twin up`",
            )
        return answer

    async def document_text(self, document_id: str) -> str | None:
        """The clean text of a document; None if the service does not have or give it."""
        path, query = f"/api/documents/{self._persona}", {"id": document_id}
        try:
            response, _ = await self._send("GET", path, params=query, setup_statuses=_SETUP_STATUSES - {404})
            text = response.json().get("text")
        except (EndpointFailure, ValueError, AttributeError):
            return None
        return text if isinstance(text, str) else None

    async def _send(
        self, method: str, path: str, *, setup_statuses: frozenset[int] = _SETUP_STATUSES, **content: Any
    ) -> tuple[httpx.Response, float]:
        for attempt in range(1, self._max_attempts + 1):
            started = time.monotonic()
            try:
                response = await self._http.request(method, path, **content)
            except httpx.HTTPError as error:
                raise EndpointFailure(_transport_error(error)) from error
            if response.status_code in _BUSY_STATUSES and attempt < self._max_attempts:
                await asyncio.sleep(wait_s(response, attempt))
                continue
            break
        if response.is_success:
            return response, time.monotonic() - started
        refusal = status_error(response)
        if response.status_code in setup_statuses:
            raise EvaluationError(
                f"the service refused {method} {path} for {self._persona}@{self._bundle} "
                f"with status {response.status_code}: {refusal.message}",
                next_step="check the key with `twin keys`, and the bundle with `twin status`",
            )
        raise EndpointFailure(refusal)


def read_answer(response: httpx.Response, *, seconds: float) -> Answer:
    """The answer in a successful response.

    Raises:
        EndpointFailure: It is not what the public API promises.
    """
    try:
        body = response.json()
        message = body["choices"][0]["message"]
        return Answer(
            content=message.get("content") or "",
            annotations=len(message.get("annotations") or ()),
            twin=TwinSeen.model_validate(body["twin"]),
            seconds=round(seconds, 4),
        )
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        what = _first_problem(error) if isinstance(error, ValidationError) else f"{type(error).__name__}: {error}"
        unreadable = EndpointError(
            code="unreadable_response", message=f"not a twin's answer: {what}", status=response.status_code
        )
        raise EndpointFailure(unreadable) from error


def status_error(response: httpx.Response) -> EndpointError:
    """The error that a response reports, or its status where it reports none in the API's form."""
    try:
        error = response.json()["error"]
        code, message = str(error.get("code") or error.get("type") or "http_error"), str(error["message"])
    except (ValueError, KeyError, TypeError, AttributeError):
        code, message = "http_error", f"{response.status_code} {response.reason_phrase}".strip()
    return EndpointError(code=code, message=message, status=response.status_code)


def _transport_error(error: httpx.HTTPError) -> EndpointError:
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        code = "unreachable"
    elif isinstance(error, httpx.TimeoutException):
        code = "timeout"
    else:
        code = "connection_lost"
    return EndpointError(code=code, message=str(error) or type(error).__name__)


def _first_problem(error: ValidationError) -> str:
    problem = error.errors(include_url=False)[0]
    return f"twin.{'.'.join(map(str, problem['loc']))}: {problem['msg']}"
