"""One question answered: understand, retrieve, draft, verify, and ship sentence by sentence."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from twin_data.contracts.answers import (
    AnswerOutcome,
    Cost,
    Question,
    Retrieval,
    RetrievedPassage,
    SentenceCheck,
    SentenceOutcome,
    VerifiedAnswer,
)
from twin_data.prompts.renderer import render_answer
from twin_data.scoring.answerability import Evidence, EvidenceWindow, find_evidence
from twin_serve.answering import declining
from twin_serve.answering.citations import CitationList, sources_text
from twin_serve.answering.drafts import is_whole, sentences_of, tidy_sentence
from twin_serve.answering.intents import asks_for_harm, asks_for_private, asks_what_you_are
from twin_serve.answering.query import search_query
from twin_serve.answering.quotations import choose_quotations
from twin_serve.answering.verification import SentenceVerifier, dropped
from twin_serve.ledger.money import price_of
from twin_serve.llm.client import LanguageModel, Usage
from twin_serve.search import PassageSearch
from twin_serve.twins import Twin


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

    def add(self, text: str, *, paragraph: bool = False) -> str:
        """Append shipped text, in a paragraph of its own or not; returns the piece as it goes over the wire."""
        separator = "\n\n" if paragraph else " "
        piece = f"{separator}{text}" if self.text else text
        self.text += piece
        return piece

    def add_check(self, check: SentenceCheck) -> str:
        """Append a sentence with the numbers of its citations, a quotation in a paragraph of its own."""
        self.checks.append(check)
        quoted = check.outcome is SentenceOutcome.QUOTED
        shown = f"“{check.text}”" if quoted else check.text
        return self.add(shown + "".join(f" [{n}]" for n in check.citations), paragraph=quoted)


class Answerer:
    """Answers questions for any loaded twin."""

    def __init__(self, search: PassageSearch, llm: LanguageModel) -> None:
        self._search = search
        self._llm = llm

    async def answer(
        self, twin: Twin, question: Question, trace_id: str, progress: Progress
    ) -> AsyncGenerator[str | VerifiedAnswer, None]:
        """Yield pieces of text, each of them checked, and at last the whole answer.

        Close the generator when leaving it early: that stops the model and books what it has used.

        Args:
            twin: Who answers.
            question: What was asked.
            trace_id: Names the request in ledger and logs.
            progress: Filled in on the way.

        Raises:
            TwinError: Search or model failed; nothing unchecked has been shipped.
        """
        run = _Run(twin, question, trace_id, progress, time.monotonic())
        if refusal := _refusal(run):
            reason, text = refusal
            yield progress.add(text)
            yield run.finished(AnswerOutcome.DECLINED, retrieval=None, decline_reason=reason)
            return
        query = search_query(question)
        vector, asks_identity = await asyncio.to_thread(_understand, question, query, twin)
        if asks_identity:
            yield _disclose(run)
            yield run.finished(AnswerOutcome.GENERATED, retrieval=None)
            return
        answering = self._from_archive(run, query, vector) if question.options.retrieval else self._unretrieved(run)
        async with aclosing(answering) as pieces:
            async for piece in pieces:
                yield piece

    async def _from_archive(
        self, run: _Run, query: str, vector: NDArray[np.float32]
    ) -> AsyncGenerator[str | VerifiedAnswer, None]:
        """Retrieve, then answer from what was found, or decline."""
        twin, progress = run.twin, run.progress
        retrieval = await self._search.search(twin.manifest.persona, query, vector, twin.manifest.retrieval)
        progress.retrieval_seconds = retrieval.seconds
        passages = retrieval.passages[: twin.manifest.retrieval.passages]
        evidence = await asyncio.to_thread(
            find_evidence, query, vector, passages, encoder=twin.encoder, weights=twin.weights
        )
        if evidence.answerability < twin.manifest.verification.min_answerability:
            yield progress.add(declining.no_evidence(twin.manifest))
            yield run.finished(AnswerOutcome.DECLINED, retrieval=retrieval, decline_reason="no_evidence")
            return
        async with aclosing(self._grounded(run, passages, vector, evidence)) as shipped:
            async for text in shipped:
                yield text
        if not progress.text:  # nothing of the draft held, and no quotation fits
            yield progress.add(declining.nothing_held(twin.manifest))
            yield run.finished(AnswerOutcome.DECLINED, retrieval=retrieval, decline_reason="unsupported")
            return
        yield run.finished(_outcome(progress.checks), retrieval=retrieval)

    async def _grounded(
        self, run: _Run, passages: tuple[RetrievedPassage, ...], vector: NDArray[np.float32], evidence: Evidence
    ) -> AsyncGenerator[str, None]:
        """Checked sentences of the draft, the persona's own words where the draft does not reach, and the sources."""
        progress, verifies = run.progress, run.question.options.verify
        verifier = SentenceVerifier(passages, vector, run.twin)
        async with aclosing(self._draft(run, passages)) as draft:
            async for sentence in draft:
                check = (
                    await _checked(run, verifier, sentence) if verifies else _unchecked(sentence, "verification off")
                )
                if check.outcome is SentenceOutcome.DROPPED:
                    progress.checks.append(check)
                else:
                    yield progress.add_check(check)
        if verifies:
            for window in choose_quotations(evidence, passages, progress.citations, run.twin.manifest.verification):
                yield _quote(progress, passages[window.passage], window)
        if sources := sources_text(progress.citations.all, body=progress.text):
            yield progress.add(sources, paragraph=True)

    async def _unretrieved(self, run: _Run) -> AsyncGenerator[str | VerifiedAnswer, None]:
        """The bare model. There is nothing to check against, so every sentence is marked as unchecked."""
        async with aclosing(self._draft(run, ())) as draft:
            async for sentence in draft:
                yield run.progress.add_check(_unchecked(sentence, "retrieval off"))
        if run.progress.text:
            yield run.finished(AnswerOutcome.GENERATED, retrieval=None)
        else:
            yield run.progress.add(declining.no_words(run.twin.manifest))
            yield run.finished(AnswerOutcome.DECLINED, retrieval=None, decline_reason="empty_draft")

    async def _draft(self, run: _Run, passages: tuple[RetrievedPassage, ...]) -> AsyncGenerator[str, None]:
        """Sentences of the model's draft; time and tokens are booked also if the reader goes away."""
        manifest = run.twin.manifest
        turns = run.question.history
        messages = render_answer(
            display_name=manifest.display_name,
            style_notes=manifest.style_notes,
            question=run.question.text,
            passages=passages,
            history=turns[max(0, len(turns) - manifest.generation.max_history_turns) :],
        )
        started, waited = time.monotonic(), 0.0
        try:
            stream = self._llm.stream(run.twin.llm_model, messages, run.twin.generation, run.progress.usage)
            async with aclosing(stream), aclosing(sentences_of(stream)) as sentences:
                async for sentence in sentences:
                    if tidied := tidy_sentence(sentence):
                        paused = time.monotonic()
                        try:
                            yield tidied
                        finally:
                            waited += time.monotonic() - paused
        finally:
            run.progress.llm_seconds = time.monotonic() - started - waited


@dataclass(frozen=True)
class _Run:
    twin: Twin
    question: Question
    trace_id: str
    progress: Progress
    started: float

    def finished(
        self, outcome: AnswerOutcome, *, retrieval: Retrieval | None, decline_reason: str | None = None
    ) -> VerifiedAnswer:
        manifest, progress = self.twin.manifest, self.progress
        amount = price_of(progress.llm_seconds, manifest.price)
        return VerifiedAnswer(
            content=progress.text,
            outcome=outcome,
            decline_reason=decline_reason,
            citations=progress.citations.all,
            sentences=tuple(progress.checks),
            retrieval=retrieval,
            cost=Cost(
                prompt_tokens=progress.usage.prompt_tokens,
                completion_tokens=progress.usage.completion_tokens,
                seconds=round(time.monotonic() - self.started, 4),
                amount=amount,
                currency=manifest.price.currency if amount is not None else None,
            ),
            bundle=manifest.bundle_id,
            trace_id=self.trace_id,
        )


def _refusal(run: _Run) -> tuple[str, str] | None:
    """Reason and words of a refusal that needs no look-up."""
    if asks_for_harm(run.question.text):
        return "unsafe", declining.unsafe(run.twin.manifest)
    if asks_for_private(run.question.text):
        return "private", declining.private(run.twin.manifest)
    return None


def _understand(question: Question, query: str, twin: Twin) -> tuple[NDArray[np.float32], bool]:
    """The query's embedding, and whether the question is about the twin itself. Runs in a worker thread."""
    texts = [query] if query == question.text else [query, question.text]
    vectors = twin.encoder.encode(texts)
    return vectors[0], asks_what_you_are(question.text, vectors[-1], twin.encoder)


def _disclose(run: _Run) -> str:
    return run.progress.add_check(_unchecked(run.twin.manifest.disclosure, "disclosure"))


async def _checked(run: _Run, verifier: SentenceVerifier, sentence: str) -> SentenceCheck:
    """The verdict on a sentence, off the event loop. What a draft cut by its length ends with is not judged by half."""
    if run.progress.usage.finish_reason == "length" and not is_whole(sentence):
        return dropped(sentence, "the draft was cut off here")
    started = time.monotonic()
    try:
        return await asyncio.to_thread(verifier.check, sentence, run.progress.citations)
    finally:
        run.progress.verify_seconds += time.monotonic() - started


def _unchecked(sentence: str, reason: str) -> SentenceCheck:
    return SentenceCheck(text=sentence, outcome=SentenceOutcome.UNCHECKED, support=0.0, reason=reason)


def _quote(progress: Progress, passage: RetrievedPassage, window: EvidenceWindow) -> str:
    citation = progress.citations.cite(passage, window.span, 1.0)
    check = SentenceCheck(
        text=window.text,
        outcome=SentenceOutcome.QUOTED,
        support=1.0,
        citations=(citation.n,),
        reason="the persona's own words",
    )
    return progress.add_check(check)


def _outcome(checks: list[SentenceCheck]) -> AnswerOutcome:
    """How an answer came about that has shipped something: as drafted, with changes, or as quotations alone."""
    outcomes = {check.outcome for check in checks}
    as_drafted = {SentenceOutcome.SUPPORTED, SentenceOutcome.UNCHECKED}
    if not outcomes & as_drafted:
        return AnswerOutcome.QUOTED
    return AnswerOutcome.GENERATED if outcomes <= as_drafted else AnswerOutcome.REPAIRED
