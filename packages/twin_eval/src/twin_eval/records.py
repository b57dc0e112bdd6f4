"""What the service said to one question, as it is kept and scored.

The classes that end in `Seen` are the public API's objects as a client reads them: fields that are not needed here
are ignored, so that the service may add some.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from pydantic import ConfigDict, model_validator

from twin_data.contracts.answers import AnswerOutcome, Citation, Cost, SentenceCheck, SentenceOutcome
from twin_data.contracts.base import Contract
from twin_data.scoring.refusal import is_refusal
from twin_eval.prose import without_markers, without_sources

_LENIENT = ConfigDict(frozen=True, extra="ignore")


class Asked(Protocol):
    """Anything that can be put to the twin: a held-out question, or a writing brief."""

    @property
    def id(self) -> str:
        """Names it within its set."""
        ...

    @property
    def question(self) -> str:
        """What is sent."""
        ...


class CitationSeen(Citation):
    """A citation as the API gives it."""

    model_config = _LENIENT


class SentenceSeen(SentenceCheck):
    """A sentence check as the API gives it."""

    model_config = _LENIENT


class CostSeen(Cost):
    """What the answer took, by the service's own account."""

    model_config = _LENIENT


class PassageSeen(Contract):
    """A retrieved passage: where it stands and what it says."""

    model_config = _LENIENT

    chunk_id: str
    document_id: str
    start: int
    end: int
    text: str


class TwinSeen(Contract):
    """The `twin` object of a response."""

    model_config = _LENIENT

    citations: tuple[CitationSeen, ...] = ()
    outcome: AnswerOutcome
    decline_reason: str | None = None
    sentences: tuple[SentenceSeen, ...] = ()
    passages: tuple[PassageSeen, ...] = ()
    """Best first, as many as the service shows."""
    bundle: str
    cost: CostSeen = CostSeen()
    seconds_by_stage: dict[str, float] = {}
    """Where the seconds went: retrieval, model, verification; empty where the service does not say."""
    signals: dict[str, float | None] = {}
    """What was measured on the way (`Interaction.signals`); empty where the service does not say."""
    thresholds: dict[str, float] = {}
    """What signals were held against, by the signal's name."""
    trace_id: str


class Answer(Contract):
    """One answer."""

    content: str
    annotations: int
    """How many url citations the message carries in OpenAI's form."""
    twin: TwinSeen
    seconds: float
    """From sending the request to having the whole answer, at the concurrency of the run."""

    @property
    def is_declined(self) -> bool:
        """Whether the twin refused: by its own account, or by what it says.

        A model that declines in words of its own is not always heeded by the service, and other endpoints say nothing.
        A source behind the refusal itself makes it no answer; a quotation, or a further sentence that cites, does.
        """
        if self.twin.outcome is AnswerOutcome.DECLINED:
            return True
        said = without_sources(self.content, {one.n for one in self.twin.citations})
        return is_refusal(without_markers(said)) and not self._cites_beside_refusal

    @property
    def _cites_beside_refusal(self) -> bool:
        if self.twin.outcome is AnswerOutcome.QUOTED:
            return True
        shipped = [one for one in self.twin.sentences if one.outcome is not SentenceOutcome.DROPPED and one.citations]
        return any(
            one.outcome is SentenceOutcome.QUOTED or not is_refusal(without_markers(one.text)) for one in shipped
        )

    @property
    def is_of_model(self) -> bool:
        """Whether a model wrote something for it: what is declined for what it asks needs none."""
        return self.twin.cost.completion_tokens > 0


class EndpointError(Contract):
    """Why there is no answer: a fault of the endpoint, which says nothing about the twin's quality."""

    code: str
    message: str
    status: int | None = None
    """HTTP status; None where there was no response."""


class AnswerRecord(Contract):
    """One question's answer or error, and all that decides whether it may be used again."""

    question_id: str
    question_digest: str
    bundle: str
    settings_digest: str
    asked_at: datetime
    answer: Answer | None = None
    error: EndpointError | None = None
    concurrency: int | None = None
    """Questions under way at a time when it was asked, which changes its seconds and nothing else; None where it was
    not recorded."""

    @model_validator(mode="after")
    def _one_of_two(self) -> AnswerRecord:
        if (self.answer is None) == (self.error is None):
            raise ValueError("a record holds either an answer or an error")
        return self

    @property
    def key(self) -> tuple[str, str, str]:
        """Answers with the same key are interchangeable."""
        return self.bundle, self.question_digest, self.settings_digest
