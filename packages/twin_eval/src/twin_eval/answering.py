"""Asks every question once, several at a time, and keeps each answer the moment it is there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from pydantic import ValidationError

from twin_data.contracts.answers import Turn, TwinOptions
from twin_data.contracts.digests import digest_value
from twin_data.contracts.errors import IntegrityError
from twin_eval.client import EndpointFailure
from twin_eval.errors import EvaluationError
from twin_eval.questions import question_digest
from twin_eval.records import Answer, AnswerRecord, Asked, EndpointError
from twin_eval.storage import AppendOnlyLines, append_lines, complete_lines

ANSWERS_FILE = "answers.jsonl"
UNCHECKED_FILE = "unchecked_answers.jsonl"
CLOSED_BOOK_FILE = "closed_book_answers.jsonl"
DRAFTS_FILE = "drafts.jsonl"
PROBES_FILE = "probe_answers.jsonl"
STRESS_FILE = "stress_answers.jsonl"
_MAX_GONE_IN_A_ROW = 5
"""After so many the rest is not asked: it would be a verdict on a service that was not there."""
AnswerKey = tuple[str, str, str]


class Endpoint(Protocol):
    """Whatever can be asked: the business microservice, or a stand-in."""

    async def ask(self, question: str, options: TwinOptions, history: Sequence[Turn] = ()) -> Answer:
        """The answer; raises EndpointFailure if there is none."""
        ...


@dataclass(frozen=True)
class Progress:
    """How far a run has come."""

    done: int
    total: int
    reused: int
    errors: int
    what: str = "questions"


@dataclass(frozen=True, kw_only=True)
class AskPlan:
    """What is asked of which bundle, with which settings."""

    bundle: str
    questions: Sequence[Asked]
    options: TwinOptions
    concurrency: int
    index: str = ""
    """The live search index: another one finds other passages."""
    code: str = ""
    """Digest of the code that answers: another one checks sentences otherwise."""
    max_tokens: int | None = None
    """Longest answer; None where the bundle says."""
    what: str = "questions"
    """What the questions are, for progress and messages."""
    histories: Mapping[str, Sequence[Turn]] = field(default_factory=dict)
    """Earlier turns of the conversation, by the question's id."""

    @property
    def settings_digest(self) -> str:
        """Names the settings that can change an answer."""
        cut = [] if self.max_tokens is None else [self.max_tokens]
        return digest_value([self.options, self.index, self.code, *cut])

    def key(self, question: Asked) -> AnswerKey:
        """Names the answer to a question."""
        asked, history = question_digest(question), self.history(question)
        return self.bundle, digest_value([asked, *history]) if history else asked, self.settings_digest

    def history(self, question: Asked) -> Sequence[Turn]:
        """What was said before the question."""
        return self.histories.get(question.id, ())


async def collect_answers(
    plan: AskPlan, endpoint: Endpoint, path: Path, *, progress: Callable[[Progress], None] | None = None
) -> tuple[AnswerRecord, ...]:
    """One record a question, in the questions' order; former answers with the same key are used again.

    Answers of this bundle to other question sets, in folders beside that of `path`, count too. Errors are asked again.

    Args:
        plan: What is asked.
        endpoint: Who is asked.
        path: The file that keeps the answers, in the run's folder inside the bundle's.
        progress: Called after every answer.

    Raises:
        EvaluationError: The service went away or refuses every question; the answers so far are kept.
        StoreError: The answers cannot be written.
    """
    known = stored_answers(path)
    with append_lines(path) as lines:
        run = _Run(plan, endpoint, lines, known, progress)
        return await run.complete(already_here=set(_answers_of(path)))


def answers_file(options: TwinOptions) -> str:
    """Where answers made in this way are kept, so that nobody takes one kind for another."""
    if not options.retrieval:
        return CLOSED_BOOK_FILE
    return ANSWERS_FILE if options.verify else UNCHECKED_FILE


def stored_answers(path: Path) -> dict[AnswerKey, AnswerRecord]:
    """Every answer kept in files of this name beside each other, one folder a question set; errors left out.

    Raises:
        IntegrityError: A file of answers is damaged.
    """
    found: dict[AnswerKey, AnswerRecord] = {}
    for one in sorted(path.parent.parent.glob(f"*/{path.name}")):
        found |= _answers_of(one)
    return found


def _answers_of(path: Path) -> dict[AnswerKey, AnswerRecord]:
    found = {}
    for number, line in enumerate(complete_lines(path), start=1):
        try:
            record = AnswerRecord.model_validate_json(line)
        except ValidationError as error:
            raise IntegrityError(
                f"{path}:{number} is not a record of an answer",
                next_step=f"delete that line, or {path} to ask everything again",
            ) from error
        if record.answer is not None:
            found[record.key] = record
    return found


class _Run:
    """The state of one pass over the questions."""

    def __init__(
        self,
        plan: AskPlan,
        endpoint: Endpoint,
        lines: AppendOnlyLines,
        known: Mapping[AnswerKey, AnswerRecord],
        progress: Callable[[Progress], None] | None,
    ) -> None:
        self._plan = plan
        self._endpoint = endpoint
        self._lines = lines
        self._known = known
        self._progress = progress
        self._records: dict[str, AnswerRecord] = {}
        self._reused = self._errors = 0
        self._gone: list[str] = []

    async def complete(self, *, already_here: set[AnswerKey]) -> tuple[AnswerRecord, ...]:
        """Reuse what is known, ask the rest."""
        open_questions = []
        for question in self._plan.questions:
            record = self._known.get(self._plan.key(question))
            if record is None:
                open_questions.append(question)
                continue
            record = record.model_copy(update={"question_id": question.id})
            self._reused += 1
            self._keep(record, write=record.key not in already_here)
        waiting = iter(open_questions)
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(self._plan.concurrency, len(open_questions))):
                    group.create_task(self._ask_each(waiting))
        except BaseExceptionGroup as group_error:
            raise group_error.exceptions[0] from None  # the other tasks were cancelled because of it
        return tuple(self._records[question.id] for question in self._plan.questions)

    async def _ask_each(self, waiting: Iterator[Asked]) -> None:
        for question in waiting:
            try:
                asking = self._endpoint.ask(question.question, self._plan.options, self._plan.history(question))
                answer, error = await asking, None
                self._is_there(answer)
            except EndpointFailure as failure:
                answer, error = None, failure.error
                self._stop_if_gone(failure)
            self._keep(self._record(question, answer, error), write=True)

    def _is_there(self, answer: Answer) -> None:
        """Forget former failures; an answer that needed no model says nothing on what is behind the service."""
        if answer.twin.cost.completion_tokens or "the service" in self._gone:
            self._gone = []

    def _stop_if_gone(self, failure: EndpointFailure) -> None:
        self._errors += 1
        self._gone = [*self._gone, failure.gone] if failure.gone else []
        if len(self._gone) >= _MAX_GONE_IN_A_ROW:
            done = f"{len(self._records)} of {len(self._plan.questions)} {self._plan.what}"
            raise EvaluationError(
                f"{failure.gone} went away after {done}: {failure}",
                next_step="look at `twin status`, start it with `twin up` and run the same command again: the answers "
                "so far are kept",
            )

    def _record(self, question: Asked, answer: Answer | None, error: EndpointError | None) -> AnswerRecord:
        bundle, digest, settings = self._plan.key(question)
        return AnswerRecord(
            question_id=question.id,
            question_digest=digest,
            bundle=bundle,
            settings_digest=settings,
            asked_at=datetime.now(UTC),
            answer=answer,
            error=error,
            concurrency=self._plan.concurrency,
        )

    def _keep(self, record: AnswerRecord, *, write: bool) -> None:
        if write:
            self._lines.append(record.model_dump_json())
        self._records[record.question_id] = record
        if self._progress:
            total, what = len(self._plan.questions), self._plan.what
            state = Progress(len(self._records), total, self._reused, self._errors, what)
            self._progress(state)
