"""`rubric.yaml`: the bars a bundle must clear before it may answer for the persona."""

from __future__ import annotations

from pydantic import Field, model_validator

from twin_data.contracts.base import Contract


class Bar(Contract):
    """An absolute bar on one score's point estimate."""

    metric: str
    at_least: float | None = None
    at_most: float | None = None
    min_n: int = Field(default=1, ge=1)
    """With fewer scored rows the bar gives no verdict."""

    @model_validator(mode="after")
    def _one_bound(self) -> Bar:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError(f"bar on {self.metric!r} needs exactly one of at_least and at_most")
        return self


class Rubric(Contract):
    """The whole of `rubric.yaml`."""

    absolute: tuple[Bar, ...] = Field(min_length=1)
