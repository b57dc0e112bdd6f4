"""What the ledger writes and reads, as columns: pure functions of the records."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from sqlalchemy import Row

from twin_data.contracts.answers import Cost, Interaction
from twin_serve.ledger.admission import reservation_of
from twin_serve.ledger.money import from_nano
from twin_serve.ledger.records import Exchange, RequestEnd, RequestStart, Trace
from twin_serve.ledger.tables import STARTED


def started_row(start: RequestStart, trace: Trace, process: str) -> dict[str, Any]:
    """The row of a request whose work begins."""
    reserve = reservation_of(start)
    return {
        "trace_id": trace.trace_id,
        "created_at": trace.created_at,
        "day": trace.created_at.astimezone(UTC).date().isoformat(),
        "process": process,
        "endpoint": storable(start.endpoint),
        "persona": storable(start.persona),
        "bundle": storable(start.bundle) if start.bundle else None,
        "key_id": start.key.id if start.key else None,
        "user_name": storable(start.user) if start.user else None,
        "feature": storable(start.feature) if start.feature else None,
        "admitted": True,
        "status": STARTED,
        "http_status": None,
        "error_code": None,
        "seconds_by_stage": {},
        "reserved_nano": reserve or 0,
        "amount_nano": None,
        "currency": start.price.currency if reserve is not None and start.price.per_hour != 0 else None,
    }


def unworked_row(start: RequestStart, trace: Trace, process: str, http_status: int, error_code: str) -> dict[str, Any]:
    """The row of a request refused by a limit, on which no work is done: that costs nothing, if work has a price."""
    return started_row(start, trace, process) | {
        "admitted": False,
        "status": "failed",
        "http_status": http_status,
        "error_code": error_code,
        "reserved_nano": 0,
        "amount_nano": None if reservation_of(start) is None else 0,
    }


def end_values(trace_id: str, end: RequestEnd, amount: int | None) -> dict[str, Any]:
    """The parameters of the statement that closes a row."""
    return {
        "trace": trace_id,
        "new_status": end.status,
        "new_http_status": end.http_status,
        "new_bundle": end.bundle,
        "new_outcome": end.outcome.value if end.outcome else None,
        "new_error_code": end.error_code,
        "new_prompt_tokens": end.cost.prompt_tokens,
        "new_completion_tokens": end.cost.completion_tokens,
        "new_seconds": end.cost.seconds,
        "new_seconds_by_stage": end.seconds_by_stage,
        "new_amount_nano": amount,
        "new_currency": end.cost.currency,
    }


def interaction_row(trace_id: str, exchange: Exchange) -> dict[str, Any]:
    """The row of a request's texts."""
    return {
        "trace_id": trace_id,
        "question": storable(exchange.question),
        "answer": storable(exchange.answer),
        "mode": exchange.mode,
        "decline_reason": exchange.decline_reason,
        "signals": exchange.signals,
    }


def storable(text: str) -> str:
    """What every database can hold: JSON from a caller may carry NUL and halves of surrogate pairs."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def interaction_of(row: Row[Any]) -> Interaction:
    """A closed row with its texts, as the contract has it."""
    return Interaction(
        trace_id=row.trace_id,
        created_at=row.created_at,
        persona=row.persona,
        bundle=row.bundle,
        key_id=row.key_id,
        user=row.user_name,
        feature=row.feature,
        status=row.status,
        outcome=row.outcome,
        error_code=row.error_code,
        cost=Cost(
            prompt_tokens=row.prompt_tokens,
            completion_tokens=row.completion_tokens,
            seconds=row.seconds,
            amount=None if row.amount_nano is None else from_nano(row.amount_nano),
            currency=row.currency,
        ),
        question=row.question,
        answer=row.answer,
        mode=row.mode,
        decline_reason=row.decline_reason,
        signals=row.signals,
    )
