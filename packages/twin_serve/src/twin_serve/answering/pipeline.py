"""One question answered or one brief written: guard, understand, then hand over to the mode that was asked for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path

import numpy as np

from twin_data.contracts.answers import AnswerOutcome, Question, VerifiedAnswer
from twin_data.contracts.digests import short
from twin_data.contracts.releases import ReleaseBundle
from twin_serve.answering import declining
from twin_serve.answering.forbidden_likeness import ForbiddenLikeness, Kind, forbidden_likeness, wordings
from twin_serve.answering.grounding import GroundedAnswerer
from twin_serve.answering.intents import LONGEST_IDENTITY_QUESTION, asks_for_harm, asks_for_private, asks_what_you_are
from twin_serve.answering.progress import Progress, Run, unchecked
from twin_serve.answering.query import search_query
from twin_serve.answering.writing import Writer
from twin_serve.llm.client import LanguageModel
from twin_serve.search import PassageSearch, SearchQuery
from twin_serve.twins import Twin

REFUSALS: dict[Kind, Callable[[ReleaseBundle], str]] = {"unsafe": declining.unsafe, "private": declining.private}


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
        if reason := _forbidden_by_words(question.text):
            yield progress.add(REFUSALS[reason](twin.manifest))
            yield run.finished(AnswerOutcome.DECLINED, decline_reason=reason)
            return
        query = search_query(question)
        searched, asks_identity, forbidden = await asyncio.to_thread(self._understand, question, query, twin)
        if forbidden and not asks_identity:
            yield progress.add(REFUSALS[forbidden](twin.manifest))
            yield run.finished(AnswerOutcome.DECLINED, decline_reason=forbidden)
            return
        if asks_identity:
            yield progress.add_check(unchecked(twin.manifest.disclosure, "disclosure"))
            yield run.finished(AnswerOutcome.GENERATED)
            return
        make = self._writer.write if question.options.mode == "write" else self._grounded.answer
        async with aclosing(make(run, searched)) as pieces:
            async for piece in pieces:
                yield piece

    def _understand(self, question: Question, query: str, twin: Twin) -> tuple[SearchQuery, bool, Kind | None]:
        """The query with its embeddings, whether the question is about the twin itself, and what is wrong with it.

        Runs in a worker thread.
        """
        searched = SearchQuery.of(query, twin.encoder)
        asked = searched.vector if query == question.text else twin.encoder.encode([question.text])[0]
        others = wordings(question.text)[1:]
        vectors = np.stack([asked, *(twin.encoder.encode(others) if others else ())])
        forbidden = self._judge_of_forbidden(twin).kind(vectors)
        if question.options.mode != "answer" and not _is_short_question(question.text):
            return searched, False, forbidden
        return searched, asks_what_you_are(question.text, asked, twin.encoder), forbidden

    def _judge_of_forbidden(self, twin: Twin) -> ForbiddenLikeness:
        kept = self._models and self._models / f"judge-{short(twin.manifest.embedding_model.digest)}"
        return forbidden_likeness(twin.encoder, kept)  # type: ignore[arg-type]  # a protocol promises no hash, but every object has one


def _forbidden_by_words(question: str) -> Kind | None:
    """What is wrong with a question, by patterns that need no look-up."""
    if asks_for_harm(question):
        return "unsafe"
    return "private" if asks_for_private(question) else None


def _is_short_question(brief: str) -> bool:
    """Whether a brief is one in name only: "write about being a machine" is to be written."""
    return brief.rstrip().endswith("?") and len(brief.split()) <= LONGEST_IDENTITY_QUESTION
