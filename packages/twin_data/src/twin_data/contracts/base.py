"""The base class of every contract, and the small parts that several are made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator


class Contract(BaseModel):
    """A frozen, closed record: unknown fields are errors, and no field changes after construction."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy with some fields changed; what the original has cached of itself is left behind."""
        copied = super().model_copy(update=update, deep=deep)
        for name in set(copied.__dict__) - set(type(self).model_fields):
            del copied.__dict__[name]
        return copied


class NamedDigest(Contract):
    """One input of something made, by name and digest."""

    name: str
    digest: str


class Span(Contract):
    """A half-open range `[start, end)` of Unicode code points in a text named elsewhere by its digest."""

    start: int
    end: int

    @model_validator(mode="after")
    def _ordered(self) -> Span:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"span [{self.start}, {self.end}) is not ordered")
        return self

    def of(self, text: str) -> str:
        """The characters of `text` that the span covers."""
        return text[self.start : self.end]


def problems_in(error: ValidationError) -> str:
    """What a stored record was refused for, field by field, in one line."""
    found = error.errors(include_url=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, one['loc'])) or 'the whole'}: {one['msg']}" for one in found)
