"""Settings of monitoring."""

from __future__ import annotations

from pydantic import Field, model_validator

from twin_data.contracts.base import Contract


class MonitoringConfig(Contract):
    """Sizes of windows and references, and how often chance alone may raise an alarm."""

    min_window: int = Field(default=30, ge=10)
    """New interactions without which nothing is judged."""
    max_window: int = Field(default=200, ge=10)
    """A window goes back so far if its newest part is smaller; a drifted window is never looked at again."""
    lasting_days: int = Field(default=7, ge=1)
    """A change that lasts so long, over at least three windows and `min_reference` interactions, is the new reference.
    """
    min_reference: int = Field(default=150, ge=30)
    """Earlier interactions without which evaluation answers are the reference."""
    max_reference: int = Field(default=1000, ge=30)
    """Of more than so many in four weeks a sample is the reference."""
    min_expected: int = Field(default=20, ge=10)
    """Evaluation answers without which the corpus is the reference."""
    foreign_threshold: float = Field(default=0.01, gt=0, lt=0.5)
    """Probability of a false alarm of the one-number test."""
    columns_threshold: float = Field(default=0.005, gt=0, lt=0.5)
    """Probability of a false alarm of all column tests together (Bonferroni)."""
    kept_reports: int = Field(default=200, ge=1)
    """Evidently's reports of so many windows are kept, four megabytes each; the figures of all are in the tables."""
    keep_texts_days: int | None = Field(default=None, ge=1)
    """After so many days monitoring deletes questions and answers from the ledger; None keeps them. Figures stay."""
    max_new_writing: float = Field(default=0.05, ge=0, le=1)
    """Share of the corpus that the champion may not have seen."""

    @model_validator(mode="after")
    def _windows_fit(self) -> MonitoringConfig:
        if self.min_window > self.max_window or self.min_reference > self.max_reference:
            raise ValueError("the smallest window or reference is larger than the largest")
        return self
