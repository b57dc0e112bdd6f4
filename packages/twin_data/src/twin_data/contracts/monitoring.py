"""Live interactions with their scores, and what a window of them says.

`Interaction → ScoredInteraction → DriftReport`
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import Field

from twin_data.contracts.answers import AnswerOutcome, Mode
from twin_data.contracts.base import Contract


class ScoredInteraction(Contract):
    """One row of the table `scored_interactions`: figures only, so that its texts can be forgotten without it.

    A figure is None where it does not apply or cannot be known; it is never 0 for that.
    """

    trace_id: str
    created_at: datetime
    persona: str
    bundle: str | None
    feature: str | None
    mode: Mode
    status: Literal["ok", "failed", "aborted"]
    outcome: AnswerOutcome | None
    declined: bool | None
    """Whether the twin refused, by its own account."""
    question_digest: str
    """Of an evaluation's question; empty for a user's, which could be guessed from it after it was deleted."""
    question_similarity: float
    """Cosine of the question and the nearest chunk of the corpus, -1 to 1."""
    question_words: int
    answer_words: int | None
    """Words of the answer without its list of sources."""
    supported_share: float | None
    """Of the draft's checked sentences, those that the passages supported."""
    answerability: float | None
    """The service's probability that what it retrieved holds an answer."""
    voice_percent: float | None
    """Voice of the unquoted text, in per cent of the gap between other authors and the persona."""
    completion_tokens: int
    seconds: float
    amount: float | None
    currency: str | None
    is_evaluation: bool
    """Asked by an evaluation, not by a user."""
    is_expected: bool
    """An evaluation's question that the corpus answers: an example of what the twin was made for."""


class ReferenceKind(StrEnum):
    """What a window is compared with, the best that there is."""

    INTERACTIONS = "interactions"
    """The persona's own earlier interactions."""
    EVALUATION = "evaluation"
    """Answers to the answerable held-out questions."""
    CORPUS = "corpus"
    """Sentences of the corpus, each beside the other documents."""


class Mover(StrEnum):
    """Who moved."""

    WRITING = "writing"
    """The persona has written what the champion was not made from."""
    USERS = "users"
    """The questions are other ones."""
    MODEL = "model"
    """The answers to like questions are other ones."""


class DriftVerdict(StrEnum):
    """What a window says."""

    STABLE = "stable"
    DRIFTED = "drifted"
    WAITING = "waiting"
    """There are not enough interactions yet."""


class ColumnDrift(Contract):
    """One column's two-sample test; it fails if `p_value` is below `threshold`."""

    column: str
    method: Literal["ks", "fisher_exact"]
    p_value: float
    threshold: float
    current_mean: float
    reference_mean: float
    n_current: int = Field(ge=1)
    n_reference: int = Field(ge=1)

    @property
    def drifted(self) -> bool:
        """Whether the test fails."""
        return self.p_value < self.threshold


class ForeignShare(Contract):
    """The one-number test: how much of the window is about something else. Only more than before fails it."""

    share: float
    """Mean probability, over the window, that a question is foreign to the corpus."""
    reference_share: float
    limit: float
    """The share that chance alone exceeds with probability `threshold`."""
    p_value: float
    threshold: float
    n_current: int = Field(ge=1)
    n_reference: int = Field(ge=1)

    @property
    def drifted(self) -> bool:
        """Whether the test fails."""
        return self.p_value <= self.threshold


class DriftReport(Contract):
    """The verdict on one window, and who moved."""

    persona: str
    window: str
    """Digest of the window's trace ids."""
    created_at: datetime
    verdict: DriftVerdict
    interactions: int = Field(ge=0)
    """In the window."""
    needed: int
    """The smallest window that is judged."""
    first_at: datetime | None
    last_at: datetime | None
    bundles: tuple[str, ...]
    """Who answered."""
    reference: ReferenceKind | None
    foreign: ForeignShare | None
    columns: tuple[ColumnDrift, ...]
    drifted_share: float | None
    """Share of the tested columns that drifted; None if none could be tested."""
    new_writing: float | None
    """Share of the corpus's chunks that the champion was not made from; None if that is not known."""
    moved: tuple[Mover, ...]
    reasons: tuple[str, ...]
    """Each failed test in words."""
    html: str | None
    """Evidently's report, relative to the home's monitoring folder."""

    @property
    def summary(self) -> str:
        """One line for people."""
        if self.verdict is DriftVerdict.WAITING:
            return f"not enough interactions yet ({self.interactions} of {self.needed})"
        if self.verdict is DriftVerdict.STABLE:
            return f"stable: {self.interactions} interactions like the reference ({self.reference})"
        return f"drifted: {', '.join(self.moved)} moved: {'; '.join(self.reasons)}"
