"""One question answered or one brief written: guard, understand, then hand over to the mode that was asked for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path

from twin_data.contracts.answers import AnswerOutcome, Question, VerifiedAnswer
from twin_data.contracts.digests import short
from twin_data.contracts.releases import ReleaseBundle
from twin_serve.answering import declining
from twin_serve.answering.courtesies import courteous_reply
from twin_serve.answering.forbidden_likeness import ForbiddenLikeness, Kind, forbidden_likeness
from twin_serve.answering.grounding import GroundedAnswerer
from twin_serve.answering.guard import forbidden_kind, kind_by_words, without_forbidden
from twin_serve.answering.intents import LONGEST_IDENTITY_QUESTION, asks_what_you_are
from twin_serve.answering.progress import Progress, Run, unchecked
from twin_serve.answering.query import leans_on_history, search_query
from twin_serve.answering.writing import Writer
from twin_serve.llm.client import LanguageModel
from twin_serve.search import PassageSearch, SearchQuery
from twin_serve.twins import Twin

REFUSALS: dict[Kind, Callable[[ReleaseBundle], str]] = {"unsafe": declining.unsafe, "private": declining.private}


@dataclass(frozen=True)
class Understood:
    """What a question asks for.

    Attributes:
        question: As it goes on: its history is what the prompt may show.
        query: What to search for.
        forbidden: What is wrong with it; None if nothing is.
        asks_identity: Whether it is about the twin itself.
    """

    question: Question
    query: SearchQuery
    forbidden: Kind | None
    asks_identity: bool


class Answerer:
    """Answers questions and writes texts for any loaded twin."""

    def __init__(self, search: PassageSearch, llm: LanguageModel, models: Path | None = None) -> None:
        """Answer by search and model.

        Args:
            search: Finds passages.
            llm: Writes drafts.
            models: Folder in which what was fitted for an encoder is kept from start to start; None keeps nothing.
        """
        self._models = models
        self._grounded = GroundedAnswerer(search, llm)
        self._writer = Writer(search, llm)

    async def prepare(self, twin: Twin) -> None:
        """Fit what the first question would have to wait for, unless it was kept."""
        await asyncio.to_thread(self._judge_of_forbidden, twin)

    async def answer(
        self, twin: Twin, question: Question, trace_id: str, progress: Progress
    ) -> AsyncGenerator[str | VerifiedAnswer, None]:
        """Yield pieces of text, each of them checked, and at last the whole answer.

        Close the generator when leaving it early: that stops the model and books what it has used.

        Args:
            twin: Who answers.
            question: What was asked, or the brief of a text.
            trace_id: Names the request in ledger and logs.
            progress: Filled in on the way.

        Raises:
            TwinError: Search or model failed; nothing unchecked has been shipped.
        """
        run = Run(twin, question, trace_id, progress, time.monotonic())
        if reply := courteous_reply(question.text, twin.manifest):
            yield progress.add_check(unchecked(reply, "courtesy"))
            yield run.finished(AnswerOutcome.GENERATED)
            return
        understood = await asyncio.to_thread(self._understand, run)
        run = replace(run, question=understood.question)
        if reason := understood.forbidden:
            yield progress.add(REFUSALS[reason](twin.manifest))
            yield run.finished(AnswerOutcome.DECLINED, decline_reason=reason)
            return
        if understood.asks_identity:
            yield progress.add_check(unchecked(twin.manifest.disclosure, "disclosure"))
            yield run.finished(AnswerOutcome.GENERATED)
            return
        make = self._writer.write if question.options.mode == "write" else self._grounded.answer
        async with aclosing(make(run, understood.query)) as pieces:
            async for piece in pieces:
                yield piece

    def _understand(self, run: Run) -> Understood:
        """What a question asks for. Runs in a worker thread.

        An earlier turn that nobody should answer never reaches the prompt: a question that leans on it is declined, of
        any other the conversation goes on without it.
        """
        encoder, judge = run.twin.encoder, self._judge_of_forbidden(run.twin)
        question = run.question.model_copy(update={"history": run.history})
        query = SearchQuery.of(search_query(question), encoder)
        asked = query.vector if query.text == question.text else encoder.encode([question.text])[0]
        forbidden = forbidden_kind(question.text, encoder, judge, vector=asked)
        checks_all = question.options.mode == "answer" and run.retrieval is not None and question.options.verify
        history, last = without_forbidden(run.history, encoder, judge, trusts_answers=checks_all)
        if len(history) < len(run.history):
            forbidden = forbidden or (last if leans_on_history(question) else None)
            question = question.model_copy(update={"history": history})
            query = SearchQuery.of(search_query(question), encoder)
        is_asked = question.options.mode == "answer" or _is_short_question(question.text)
        asks_identity = is_asked and asks_what_you_are(question.text, asked, encoder, run.twin.manifest.display_name)
        if asks_identity and not kind_by_words(question.text):
            forbidden = None
        return Understood(question, query, forbidden, asks_identity)

    def _judge_of_forbidden(self, twin: Twin) -> ForbiddenLikeness:
        kept = self._models and self._models / f"judge-{short(twin.manifest.embedding_model.digest)}"
        return forbidden_likeness(twin.encoder, kept)  # type: ignore[arg-type]  # a protocol promises no hash, but every object has one


def _is_short_question(brief: str) -> bool:
    """Whether a brief is one in name only: "write about being a machine" is to be written."""
    return brief.rstrip().endswith("?") and len(brief.split()) <= LONGEST_IDENTITY_QUESTION
