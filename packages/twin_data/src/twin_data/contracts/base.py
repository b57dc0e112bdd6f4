"""The base class of every contract."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, model_validator


class Contract(BaseModel):
    """A frozen, closed record: unknown fields are errors, and no field changes after construction."""

    model_config = ConfigDict(frozen=True, extra="forbid")


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
