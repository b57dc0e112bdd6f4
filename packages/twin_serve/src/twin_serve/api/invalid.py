"""Requests that do not fit the schema: refused field by field, and a chat request still gets its ledger row."""

from __future__ import annotations

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from twin_data.contracts.errors import TwinError
from twin_serve.api.calls import ENDPOINT, NO_WORK, UNKNOWN, record_failure
from twin_serve.api.dependencies import get_service, require_key
from twin_serve.api.errors import error_response, invalid_request
from twin_serve.ledger.records import RequestStart


async def answer_invalid_request(request: Request, error: Exception) -> JSONResponse:
    """Handler for requests that FastAPI could not read. A body is read before the key is looked at, so look now."""
    assert isinstance(error, RequestValidationError)
    shown: TwinError = invalid_request(error)
    if request.url.path == ENDPOINT:
        try:
            await _record(request, error, shown)
        except TwinError as refusal:  # no key, or a key whose limits are used up: that comes first
            shown = refusal
    return error_response(shown)


async def _record(request: Request, error: RequestValidationError, shown: TwinError) -> None:
    service = get_service(request)
    key = await require_key(service, request.headers.get("authorization"))
    model = error.body.get("model") if isinstance(error.body, dict) else None
    persona = (model.partition("@")[0][:100] if isinstance(model, str) else "") or UNKNOWN
    if not key.allows(persona):
        persona, key = UNKNOWN, key.model_copy(update={"limits": key.limits.model_copy(update={"personas": None})})
    start = RequestStart(endpoint=ENDPOINT, persona=persona, key=key, price=NO_WORK)
    await record_failure(service, start, shown)
