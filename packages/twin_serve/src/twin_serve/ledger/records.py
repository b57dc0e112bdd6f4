"""What goes into the ledger and what comes out of the table of keys."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field, field_validator

from twin_data.contracts.answers import AnswerOutcome, Cost, Mode
from twin_data.contracts.base import Contract
from twin_data.contracts.releases import MachinePrice
from twin_serve.ledger.money import to_nano

FinalStatus = Literal["ok", "failed", "aborted"]


class KeyLimits(Contract):
    """What a key may do. A limit of None is no limit; budgets are for each calendar month in UTC."""

    budget_amount: float | None = Field(default=None, gt=0)
    """Money, in the currency of the machine's price."""
    budget_calls: int | None = Field(default=None, ge=1)
    requests_per_minute: int | None = Field(default=None, ge=1, le=100_000)
    """Let in during any 60 seconds."""
    personas: tuple[str, ...] | None = None
    """The only personas that the key opens; None opens all."""

    @field_validator("budget_amount")
    @classmethod
    def _storable(cls, amount: float | None) -> float | None:
        if amount is not None and to_nano(amount) == 0:
            raise ValueError("must be at least a billionth")
        return amount


class KeyRecord(Contract):
    """A key as it may be shown: without the key and without its hash."""

    id: str
    name: str
    created_at: datetime
    revoked_at: datetime | None
    limits: KeyLimits

    def allows(self, persona: str) -> bool:
        """Whether the key opens this persona."""
        return self.limits.personas is None or persona in self.limits.personas


class KeyUse(Contract):
    """What a key has used up of its budgets in one calendar month (UTC)."""

    calls: int = 0
    spent: float = 0.0
    """With what was reserved for requests whose amount is unknown."""
    reserved: float = 0.0
    """By requests that still run."""


class RequestStart(Contract):
    """What is known of a request before its work begins."""

    endpoint: str
    persona: str
    """The twin that was asked."""
    bundle: str | None = None
    key: KeyRecord | None = None
    """None for a request that needs no key, such as the owner's own on loopback."""
    user: str | None = None
    feature: str | None = None
    """The caller's `X-Twin-Feature`."""
    price: MachinePrice = MachinePrice()
    max_llm_seconds: float = Field(default=0.0, ge=0)
    """The longest that the model may work. Its price is reserved of a money budget until the request has ended,
    so that requests running side by side cannot overspend together; with 0 each may overspend by itself."""
    most: float | None = Field(default=None, ge=0)
    """The most that it may cost where that is no matter of seconds, as with an endpoint's tokens; reserved likewise."""


class Trace(Contract):
    """A request whose row stands in the ledger."""

    trace_id: str
    created_at: datetime


class Exchange(Contract):
    """What was asked and answered, kept for monitoring."""

    question: str
    """Or the brief of a text."""
    answer: str
    mode: Mode = "answer"
    decline_reason: str | None = None
    signals: dict[str, float | None] = {}
    """See `Interaction.signals`."""


class RequestEnd(Contract):
    """What became of a request."""

    status: FinalStatus
    http_status: int | None = None
    cost: Cost = Cost()
    """Its amount is None only if the price is unknown; otherwise give it for failed and aborted requests too."""
    seconds_by_stage: dict[str, float] = {}
    outcome: AnswerOutcome | None = None
    error_code: str | None = None
    bundle: str | None = None
    """Replaces the bundle given at the start; None keeps that."""

    @field_validator("cost")
    @classmethod
    def _storable(cls, cost: Cost) -> Cost:
        if cost.amount is not None:
            to_nano(cost.amount)
        return cost
