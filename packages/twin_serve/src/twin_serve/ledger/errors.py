"""What the ledger refuses or cannot do, with what an HTTP answer needs to say it."""

from __future__ import annotations

from typing import ClassVar

from twin_data.contracts.errors import StoreError, TwinError


class LedgerError(TwinError):
    """Anything of keys and budgets that can be explained to the caller.

    Attributes:
        code: OpenAI's name of the error where there is one; goes into `error.code` and the ledger.
        http_status: The status of the answer.
    """

    code: ClassVar[str] = "ledger_error"
    http_status: ClassVar[int] = 400


class KeyExistsError(LedgerError):
    """A key that is not revoked has this name already."""

    code = "key_exists"
    http_status = 409


class UnknownKeyError(LedgerError):
    """No key has this name or id, or it is revoked already."""

    code = "unknown_key"
    http_status = 404


class InvalidKeyError(LedgerError):
    """A key with such a name or such limits cannot be made."""

    code = "invalid_key"


class RefusedError(LedgerError):
    """A request that was not let in. It stands in the ledger as failed, and counts against no budget.

    Attributes:
        retry_after_s: Seconds after which the same request may be let in; None if waiting will not help soon.
        trace_id: The refused request's row.
    """

    code = "refused"
    http_status = 403

    def __init__(self, message: str, *, next_step: str = "", retry_after_s: float | None = None) -> None:
        super().__init__(message, next_step=next_step)
        self.retry_after_s = retry_after_s
        self.trace_id: str | None = None

    @property
    def http_headers(self) -> dict[str, str]:
        """Headers of the answer. OpenAI's client retries a 429 unless told not to: pointless on a spent budget."""
        if self.retry_after_s is None:
            return {"x-should-retry": "false"}
        return {"retry-after": str(max(1, round(self.retry_after_s + 0.5)))}


class PersonaNotAllowedError(RefusedError):
    """The key does not open this persona."""

    code = "persona_not_allowed"


class BudgetExceededError(RefusedError):
    """The key's budget of this calendar month (UTC) is spent or reserved."""

    code = "insufficient_quota"
    http_status = 429


class UnpricedBudgetError(BudgetExceededError):
    """The key has a money budget, but nobody has said what the machine costs, so it cannot be kept."""

    code = "budget_without_price"
    http_status = 403


class RateLimitedError(RefusedError):
    """The key has made its requests of this minute."""

    code = "rate_limit_exceeded"
    http_status = 429


class LedgerUnavailableError(StoreError):
    """The database of keys and ledger cannot be reached or written."""

    code: ClassVar[str] = "ledger_unavailable"
    http_status: ClassVar[int] = 503
