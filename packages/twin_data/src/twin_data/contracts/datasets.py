"""What a twin is trained on, and the certificate without which nothing is trained.

`CorpusDocument → Instruction → DatasetVersion`, and after SFT `PolicyDraft → Preference → DatasetVersion`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field

from twin_data.contracts.answers import Turn
from twin_data.contracts.base import Contract, NamedDigest, Span


class DatasetKind(StrEnum):
    """The two certified datasets of a persona."""

    INSTRUCTIONS = "instructions"
    PREFERENCES = "preferences"


class TaskKind(StrEnum):
    """What a row asks of the twin."""

    ANSWER = "answer"
    """A question, with the passages that serving would show."""
    WRITE = "write"
    """A brief for a text in the voice, with or without passages."""
    DECLINE = "decline"
    """A question that the passages do not answer."""


class ResponseSource(StrEnum):
    """Where the words of a response come from."""

    OWN = "own"
    """The persona's own words, to the letter."""
    ADAPTED = "adapted"
    """The persona's own words, shortened or joined; every word of content stands in the spans."""
    TEACHER = "teacher"
    """A teacher model's words, checked against the spans."""
    DRAFT = "draft"
    """The model's own draft, checked against the spans."""
    REFUSAL = "refusal"
    """A refusal in the twin's words."""


class SourceSpan(Span):
    """A stretch of one clean document."""

    document_id: str
    document_digest: str


class Instruction(Contract):
    """One row of supervised fine-tuning."""

    instruction_id: str
    """Digest of prompt and response."""
    task: TaskKind
    template: str
    """Name of the template that worded the instruction."""
    prompt: tuple[Turn, ...]
    """Rendered by the one renderer, as serving would send it."""
    response: str = Field(min_length=1)
    response_source: ResponseSource
    spans: tuple[SourceSpan, ...]
    """Where the response's words stand; empty for a refusal only."""
    context: tuple[SourceSpan, ...]
    """The passages that the prompt shows."""
    source: str
    """The archive's source that the response was taken from; empty for a refusal."""
    held_out: bool = False
    """Validation rows: their loss is watched, they are never trained on."""


class TeacherWording(Contract):
    """What a teacher made of one question of the rules: kept with the bundle, so that no rebuild asks it again."""

    question: str
    wording: str | None
    """None where nothing usable came."""
    rejected: str = ""
    """Why it was not taken, so that the rules' question stands; empty if it was."""


class PolicyDraft(Contract):
    """What the SFT model itself wrote to a prompt: an input of the preference dataset, kept with the bundle."""

    prompt_id: str
    model: str
    """`<persona>@<bundle>` of the model that wrote it."""
    text: str
    finish_reason: str


class RejectedReason(StrEnum):
    """What is wrong with the rejected side of a pair."""

    OUT_OF_VOICE = "out_of_voice"
    CARICATURE = "caricature"
    """More of the voice than the persona's own words to the same brief."""
    UNSUPPORTED = "unsupported"
    COPIED = "copied"
    """True, but the passages' own words in their order, which serving would have to quote."""
    WRONGLY_REFUSED = "wrongly_refused"
    WRONGLY_ANSWERED = "wrongly_answered"


class Preference(Contract):
    """One pair of preference optimisation."""

    preference_id: str
    task: TaskKind
    prompt: tuple[Turn, ...]
    chosen: str = Field(min_length=1)
    chosen_source: ResponseSource
    rejected: str = Field(min_length=1)
    reason: RejectedReason
    spans: tuple[SourceSpan, ...]
    """Where the words of `chosen` stand; empty for a refusal only."""
    context: tuple[SourceSpan, ...]
    chosen_voice: float | None = None
    """Logit of the voice scorer; None for texts too short to be scored."""
    rejected_voice: float | None = None
    held_out: bool = False
    """Kept for measuring preference accuracy."""


class ReasonCount(Contract):
    """How many rows a stage made or dropped, by reason."""

    stage: str
    reason: str
    rows: int


class DroppedRow(Contract):
    """A row that did not become part of a dataset."""

    stage: str
    reason: str
    row_id: str
    text: str
    """At most 200 characters of it."""


class CertificateCheck(Contract):
    """One property of a dataset, held against its bar."""

    name: str
    value: float
    wanted: str
    """The bar in words: `= 1`, `≤ 0.02`."""
    passed: bool
    detail: str = ""


class DatasetCertificate(Contract):
    """The file beside a dataset that training reads first, and refuses to go on without."""

    schema_version: Literal[1] = 1
    persona: str
    kind: DatasetKind
    dataset_digest: str
    """SHA-256 over the dataset's canonical rows."""
    rows: int
    held_out_rows: int
    inputs: tuple[NamedDigest, ...]
    template_digest: str
    teacher: str
    teacher_asked: int = 0
    """Questions that the teacher was asked to word."""
    teacher_worded: int = 0
    """Rows whose question is in the teacher's wording."""
    code_digest: str
    counts: tuple[ReasonCount, ...]
    checks: tuple[CertificateCheck, ...]

    @property
    def passed(self) -> bool:
        """Whether every check was passed."""
        return all(check.passed for check in self.checks)


class DatasetVersion(Contract):
    """A finished dataset: where lineage points."""

    persona: str
    kind: DatasetKind
    digest: str
    rows: int
    held_out_rows: int
    table_version: int
    """Version of the Delta table of the same name as `kind`."""
    passed: bool
