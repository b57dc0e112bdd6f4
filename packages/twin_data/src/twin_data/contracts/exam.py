"""Questions that a machine made: the generated set, its certificate, and candidates that a person is to complete."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Literal

from pydantic import Field

from twin_data.contracts.base import Contract, NamedDigest
from twin_data.contracts.datasets import CertificateCheck, ReasonCount
from twin_data.contracts.evaluation import Evidence, HeldOutQuestion, KeyFact, QuestionKind


class Book(StrEnum):
    """Whether a model may have been trained on the evidence of a question."""

    HELD_OUT = "held_out"
    """It lies in a test document, which nothing is trained on."""
    OPEN_BOOK = "open_book"
    """It lies in a training document: fair to a twin that looks it up, not to one that answers from memory."""


class GeneratedEvidence(Evidence):
    """A sentence of a clean document, with its offsets there; `file` is the document's id."""

    document_digest: str
    start: int = Field(ge=0)
    end: int = Field(ge=0)


class GeneratedQuestion(HeldOutQuestion):
    """One line of `questions.generated.jsonl`."""

    evidence: tuple[GeneratedEvidence, ...]
    pattern: str
    """The rule that made it."""
    book: Book | None
    """None for a question to be refused."""

    def as_held_out(self) -> HeldOutQuestion:
        """What an evaluation asks: the question without how it was made."""
        evidence = tuple(Evidence(file=one.file, quote=one.quote) for one in self.evidence)
        fields = {name: getattr(self, name) for name in HeldOutQuestion.model_fields if name != "evidence"}
        return HeldOutQuestion(**fields, evidence=evidence)


FEWEST_ANSWERABLE = 20
"""Answerable questions below which a generated set is no exam: the product's bars give no verdict on fewer, so that
one of refusals alone would leave every decision open."""


class QuestionsCertificate(Contract):
    """What `questions.generated.jsonl` was checked for; an evaluation reads it first."""

    persona: str
    generator: str
    """Version of the rules."""
    seed: int
    corpus_digest: str
    """Names the documents that the questions were made of, with the side of the split that each is on."""
    questions_digest: str
    questions: int
    wanted: int
    inputs: tuple[NamedDigest, ...]
    """What the questions were held against: the persona's own questions, the instruction dataset."""
    counts: tuple[ReasonCount, ...]
    """By kind, pattern, source and side of the split; and why others were not taken."""
    checks: tuple[CertificateCheck, ...]

    @property
    def passed(self) -> bool:
        """Whether every check was."""
        return bool(self.checks) and all(one.passed for one in self.checks)

    @property
    def answerable(self) -> int:
        """How many of the questions are to be answered."""
        kinds = {kind.value for kind in QuestionKind if kind.is_answerable}
        return sum(one.rows for one in self.counts if one.stage == "kind" and one.reason in kinds)


class QuestionCandidate(Contract):
    """One line of `questions.candidates.jsonl`: what a user asked without getting a good answer.

    It is asked in an evaluation as soon as a person has filled in `kind` and what goes with it, and not before.
    """

    id: str
    question: str
    why: str
    """What went wrong, in words."""
    asked_on: date
    kind: QuestionKind | None = None
    answer: str | None = None
    facts: tuple[KeyFact, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    expected: Literal["answer", "refuse"] | None = None

    @property
    def is_complete(self) -> bool:
        """Whether a person has said what kind of question it is."""
        return self.kind is not None
