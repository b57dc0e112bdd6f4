"""What is known of one answer while it is being made, and the answer that comes of it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from twin_data.contracts.answers import (
    AnswerOutcome,
    Question,
    Retrieval,
    SentenceCheck,
    SentenceOutcome,
    Turn,
    VerifiedAnswer,
)
from twin_data.contracts.releases import PromptExample, RetrievalSettings
from twin_serve.answering.citations import CitationList
from twin_serve.answering.cost import cost_of
from twin_serve.llm.client import Usage
from twin_serve.twins import Twin

PARAGRAPH = "\n\n"


@dataclass
class Progress:
    """What is known of an answer so far; kept up to date, so that an aborted request can still be accounted for."""

    usage: Usage = field(default_factory=Usage)
    llm_seconds: float = 0.0
    retrieval_seconds: float = 0.0
    verify_seconds: float = 0.0
    text: str = ""
    checks: list[SentenceCheck] = field(default_factory=list)
    citations: CitationList = field(default_factory=CitationList)
    retrieval: Retrieval | None = None
    answerability: float | None = None
    """How likely the retrieved passages hold an answer; None where nobody judged."""
    refused: bool = False
    """Whether the model itself has refused."""

    def add(self, text: str, *, gap: str = " ") -> str:
        """Append shipped text; returns the piece as it goes over the wire."""
        piece = f"{gap}{text}" if self.text else text
        self.text += piece
        return piece

    def add_check(self, check: SentenceCheck) -> str:
        """Append a sentence with the numbers of its citations, a quotation in a paragraph of its own."""
        self.checks.append(check)
        quoted = check.outcome is SentenceOutcome.QUOTED
        shown = f"“{check.text}”" if quoted else check.text
        return self.add(shown + "".join(f" [{n}]" for n in check.citations), gap=PARAGRAPH if quoted else " ")

    def add_written(self, check: SentenceCheck, gap: str) -> str:
        """Append a sentence of a text that somebody will use: as it is, its citations and marks in the record only."""
        self.checks.append(check)
        return self.add(check.text, gap=gap)


@dataclass(frozen=True)
class Run:
    """One question on its way through a twin."""

    twin: Twin
    question: Question
    trace_id: str
    progress: Progress
    started: float
    """On the monotonic clock."""

    @property
    def history(self) -> tuple[Turn, ...]:
        """The last turns of the conversation, as many as the bundle remembers."""
        return shown_turns(self.question, self.twin)

    @property
    def retrieval(self) -> RetrievalSettings | None:
        """How passages are found; None if the caller wants none, or the bundle works without."""
        return self.twin.manifest.retrieval if self.question.options.retrieval else None

    @property
    def examples(self) -> tuple[PromptExample, ...]:
        """What the prompt shows before the question."""
        return tuple(one for one in self.twin.manifest.examples if one.mode == self.question.options.mode)

    def finished(self, outcome: AnswerOutcome, *, decline_reason: str | None = None) -> VerifiedAnswer:
        """The answer as it stands now."""
        manifest, progress = self.twin.manifest, self.progress
        return VerifiedAnswer(
            mode=self.question.options.mode,
            content=progress.text,
            outcome=outcome,
            decline_reason=decline_reason,
            citations=progress.citations.all,
            sentences=tuple(progress.checks),
            retrieval=progress.retrieval,
            cost=cost_of(manifest, progress.usage, progress.llm_seconds, time.monotonic() - self.started),
            bundle=manifest.bundle_id,
            trace_id=self.trace_id,
        )


def shown_turns(question: Question, twin: Twin) -> tuple[Turn, ...]:
    """The last turns before a question, as many as the bundle remembers: those that the prompt shows."""
    turns = question.history
    return turns[max(0, len(turns) - twin.manifest.generation.max_history_turns) :]


def unchecked(sentence: str, reason: str) -> SentenceCheck:
    """A sentence that is shipped as it is."""
    return SentenceCheck(text=sentence, outcome=SentenceOutcome.UNCHECKED, support=0.0, reason=reason)


def outcome_of(checks: list[SentenceCheck]) -> AnswerOutcome:
    """How an answer came about that shipped something: as drafted, with sentences taken out, or as quotations alone.

    A quotation beside what the twin says itself adds to it and repairs nothing.
    """
    outcomes = {check.outcome for check in checks}
    if outcomes <= {SentenceOutcome.QUOTED, SentenceOutcome.DROPPED}:
        return AnswerOutcome.QUOTED
    return AnswerOutcome.REPAIRED if SentenceOutcome.DROPPED in outcomes else AnswerOutcome.GENERATED
