"""Questions with known answers, reports with intervals, and decisions made of them."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field

from twin_data.contracts.base import Contract


class QuestionKind(StrEnum):
    """The six kinds of held-out question."""

    FACTUAL = "factual"
    MULTI = "multi"
    OPINION = "opinion"
    UNANSWERABLE = "unanswerable"
    OUT_OF_PERSONA = "out_of_persona"
    PRIVATE_OR_UNSAFE = "private_or_unsafe"

    @property
    def is_answerable(self) -> bool:
        """Whether the corpus holds the answer."""
        return self in {QuestionKind.FACTUAL, QuestionKind.MULTI, QuestionKind.OPINION}


class KeyFact(Contract):
    """A phrase that a right answer contains."""

    text: str
    essential: bool


class Evidence(Contract):
    """A verbatim quotation of a source file that holds the answer, or part of it."""

    file: str
    quote: str


class HeldOutQuestion(Contract):
    """One line of `questions.jsonl`."""

    id: str
    kind: QuestionKind
    question: str
    answer: str | None
    facts: tuple[KeyFact, ...]
    evidence: tuple[Evidence, ...]
    expected: Literal["answer", "refuse"]


class Score(Contract):
    """A figure that never stands alone: its sample size and 95 % interval, and how many rows could not be scored."""

    name: str
    value: float
    low: float
    high: float
    n: int = Field(ge=1)
    unscored: int = Field(default=0, ge=0)


class EvaluationReport(Contract):
    """The scores of one bundle on one question set."""

    persona: str
    bundle: str
    questions_digest: str
    scores: tuple[Score, ...]

    def score(self, name: str) -> Score | None:
        """The score of that name, or None if the set could not give one."""
        return next((score for score in self.scores if score.name == name), None)


class Verdict(StrEnum):
    """What the gate may say."""

    PROMOTE = "promote"
    REJECT = "reject"
    INCONCLUSIVE = "inconclusive"


class GateDecision(Contract):
    """The gate's verdict and each reason for it."""

    persona: str
    bundle: str
    verdict: Verdict
    reasons: tuple[str, ...]
