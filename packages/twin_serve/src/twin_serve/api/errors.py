"""Every error as OpenAI's clients expect it: `{"error": {message, type, code, next_step}}` and a fitting status."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from twin_data.contracts.errors import (
    ConfigurationError,
    ContextLengthError,
    IntegrityError,
    LLMError,
    LLMUnavailableError,
    ModelError,
    RegistryError,
    SearchUnavailableError,
    StoreError,
    TwinError,
)
from twin_serve.ledger.errors import LedgerError, LedgerUnavailableError, RefusedError

_STATUS: tuple[tuple[type[TwinError], int, str], ...] = (
    (ContextLengthError, 400, "context_length_exceeded"),
    (LLMUnavailableError, 503, "llm_unavailable"),
    (LLMError, 502, "llm_error"),
    (SearchUnavailableError, 503, "search_unavailable"),
    (IntegrityError, 503, "bundle_mismatch"),
    (ModelError, 503, "model_unavailable"),
    (StoreError, 503, "store_error"),
    (RegistryError, 404, "model_not_found"),
    (ConfigurationError, 500, "configuration_error"),
)


class InvalidRequestError(TwinError):
    """A field of the request has a value that is not served."""


class UnauthorizedError(TwinError):
    """No key, a wrong key or a revoked one."""


def status_and_code(error: TwinError) -> tuple[int, str]:
    """The HTTP status and the stable code of an error."""
    if isinstance(error, (LedgerError, LedgerUnavailableError)):
        return error.http_status, error.code
    if isinstance(error, InvalidRequestError):
        return 400, "invalid_request"
    if isinstance(error, UnauthorizedError):
        return 401, "invalid_api_key"
    return next(((status, code) for kind, status, code in _STATUS if isinstance(error, kind)), (500, "internal_error"))


def error_body(error: TwinError) -> dict[str, Any]:
    """The body of an error, also sent as an event when a stream has begun."""
    status, code = status_and_code(error)
    kind = "invalid_request_error" if status < 500 else "server_error"
    return _body(error.message, kind, code, error.next_step)


def _body(message: str, kind: str, code: str, next_step: str) -> dict[str, Any]:
    """OpenAI's form, with the next step beside it."""
    return {"error": {"message": message, "type": kind, "param": None, "code": code, "next_step": next_step}}


async def answer_twin_error(request: Request, error: Exception) -> JSONResponse:
    """Handler for the errors that the product explains."""
    assert isinstance(error, TwinError)
    return error_response(error)


def error_response(error: TwinError) -> JSONResponse:
    """An error as a response."""
    headers: Mapping[str, str] | None = error.http_headers if isinstance(error, RefusedError) else None
    if isinstance(error, UnauthorizedError):
        headers = {"www-authenticate": "Bearer"}
    return JSONResponse(error_body(error), status_and_code(error)[0], headers)


def invalid_request(error: RequestValidationError) -> InvalidRequestError:
    """What is wrong with a request that does not fit the schema: each field and its problem."""
    if isinstance(error.body, bytes):  # it was not even read
        return InvalidRequestError("the body is not sent as JSON", next_step="send Content-Type: application/json")
    problems = [
        f"{'.'.join(str(part) for part in problem['loc'] if part != 'body') or 'body'}: {problem['msg']}"
        for problem in error.errors()
    ]
    return InvalidRequestError("; ".join(problems), next_step="see /docs for the fields of a request")


async def answer_unforeseen(request: Request, error: Exception) -> JSONResponse:
    """Handler for what nobody has foreseen: the log has it all, the caller learns that it is not his fault."""
    return error_response(
        TwinError("the request failed inside the service", next_step="see logs/business.log in $TWIN_HOME")
    )


async def answer_http_error(request: Request, error: Exception) -> JSONResponse:
    """Handler for unknown paths and methods."""
    assert isinstance(error, HTTPException)
    code = HTTPStatus(error.status_code).name.casefold()
    body = _body(str(error.detail), "invalid_request_error", code, "see /docs")
    return JSONResponse(body, error.status_code, error.headers)
