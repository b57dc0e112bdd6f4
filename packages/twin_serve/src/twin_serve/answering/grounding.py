"""Mode *answer*: what the archive holds on a question, in the twin's own sentences as far as they hold, else quoted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from functools import cache

import numpy as np
from numpy.typing import NDArray

from twin_data.contracts.answers import (
    AnswerOutcome,
    RetrievedPassage,
    SentenceCheck,
    SentenceOutcome,
    VerifiedAnswer,
)
from twin_data.contracts.releases import RetrievalSettings
from twin_data.prompts.renderer import Message, PromptPassage, render_answer
from twin_data.scoring.answerability import Evidence, EvidenceWindow, find_evidence
from twin_data.scoring.copies import runs_to_avoid
from twin_data.scoring.excerpts import best_excerpts
from twin_data.scoring.sentences import content_stems
from twin_serve.answering import declining
from twin_serve.answering.citations import CitationList, sources_text
from twin_serve.answering.copies import own_in_passage
from twin_serve.answering.drafting import (
    CUT_OFF,
    FurtherPrompt,
    draft,
    heeding_refusals,
    is_cut_off,
    redrafts,
    until_looping,
)
from twin_serve.answering.drafts import DraftSentence, tidy_sentence
from twin_serve.answering.progress import PARAGRAPH, Progress, Run, outcome_of, unchecked
from twin_serve.answering.quotations import choose_quotations
from twin_serve.answering.ranking import Stretch, place, rank, rank_to_beat, says_its_own, stretches_in_point
from twin_serve.answering.verification import SentenceVerifier, dropped
from twin_serve.llm.client import LanguageModel
from twin_serve.search import PassageSearch, SearchQuery

MODEL_DECLINED = "model_declined"


class GroundedAnswerer:
    """Answers from the archive, or declines."""

    def __init__(self, search: PassageSearch, llm: LanguageModel) -> None:
        self._search = search
        self._llm = llm

    async def answer(self, run: Run, query: SearchQuery) -> AsyncGenerator[str | VerifiedAnswer, None]:
        """Yield checked pieces and at last the answer.

        Args:
            run: The question.
            query: What to search for.
        """
        settings = run.retrieval
        making = self._from_archive(run, settings, query) if settings else self._unretrieved(run)
        async with aclosing(making) as pieces:
            async for piece in pieces:
                yield piece
        if run.progress.refused:
            yield run.finished(AnswerOutcome.DECLINED, decline_reason=MODEL_DECLINED)

    async def _from_archive(
        self, run: Run, settings: RetrievalSettings, query: SearchQuery
    ) -> AsyncGenerator[str | VerifiedAnswer, None]:
        """Retrieve, then answer from what was found, or decline. What asks after nothing is not looked up."""
        twin, progress = run.twin, run.progress
        if not content_stems(query.text):
            yield progress.add(declining.no_words(twin.manifest))
            yield run.finished(AnswerOutcome.DECLINED, decline_reason="no_evidence")
            return
        retrieval = await self._search.search(twin.manifest.persona, query, settings)
        progress.retrieval, progress.retrieval_seconds = retrieval, retrieval.seconds
        passages = retrieval.passages[: settings.passages]
        evidence = await asyncio.to_thread(
            find_evidence, query.text, query.vector, passages, encoder=twin.encoder, weights=twin.weights
        )
        progress.answerability = evidence.answerability
        is_judged = run.question.options.verify
        if is_judged and evidence.answerability < twin.manifest.verification.min_answerability:
            yield progress.add(declining.no_evidence(twin.manifest))
            yield run.finished(AnswerOutcome.DECLINED, decline_reason="no_evidence")
            return
        async with aclosing(self._grounded(run, passages, query.vector, evidence)) as shipped:
            async for text in shipped:
                yield text
        if progress.refused:
            return
        if not progress.text:  # nothing of the draft held, and no quotation fits
            yield progress.add(declining.nothing_held(twin.manifest))
            yield run.finished(AnswerOutcome.DECLINED, decline_reason="unsupported")
            return
        yield run.finished(outcome_of(progress.checks))

    async def _grounded(
        self, run: Run, passages: tuple[RetrievedPassage, ...], vector: NDArray[np.float32], evidence: Evidence
    ) -> AsyncGenerator[str, None]:
        """Checked sentences of the draft, the persona's own words where the draft does not reach, and the sources."""
        progress, settings = run.progress, run.twin.manifest.verification
        verifier = SentenceVerifier(passages, run.question.text, vector, run.twin)
        shown = _shown(run, passages, evidence)
        async with aclosing(self._draft(run, shown)) as sentences:
            async for sentence in sentences:
                check = await _checked(run, verifier, sentence)
                if check.outcome is SentenceOutcome.DROPPED:
                    progress.checks.append(check)
                else:
                    yield progress.add_check(check)
        if progress.refused:
            return
        if run.question.options.verify:
            point = stretches_in_point(evidence, passages, settings)
            if not says_its_own(progress.checks) or place(progress.checks, progress.citations, point) > 0:
                for check in await self._second_look(run, shown, verifier, point):
                    yield progress.add_check(check)
            own = says_its_own(progress.checks)
            for window in choose_quotations(evidence, passages, progress.citations, settings, beside_own=own):
                yield _quote(progress, passages[window.passage], window)
        if sources := sources_text(progress.citations.all, body=progress.text):
            yield progress.add(sources, gap=PARAGRAPH)

    async def _second_look(
        self, run: Run, shown: Sequence[PromptPassage], verifier: SentenceVerifier, point: Sequence[Stretch]
    ) -> list[SentenceCheck]:
        """What holds of the best of several further drafts that say something of their own, and more to the point.

        Empty if none does.
        """
        shipped = [check.text for check in run.progress.checks if check.outcome is not SentenceOutcome.DROPPED]
        own_words = [span.of(one.text) for one in verifier.passages for span in own_in_passage(one)]
        best, best_checks = rank_to_beat(run.progress.checks, run.progress.citations, point), list[SentenceCheck]()
        for sentences in await redrafts(self._llm, run, _further_prompts(run, shown), tidy_sentence):
            citations, started = CitationList(run.progress.citations.all), time.monotonic()
            verifier.begin_anew(shipped)
            checks = await asyncio.to_thread(_check_draft, verifier, sentences, citations)
            run.progress.verify_seconds += time.monotonic() - started
            if (found := rank(checks, citations, point, own_words)) > best:
                best, best_checks, best_citations = found, checks, citations
        if best_checks:
            run.progress.citations = best_citations
        return [check for check in best_checks if check.outcome is not SentenceOutcome.DROPPED]

    async def _unretrieved(self, run: Run) -> AsyncGenerator[str | VerifiedAnswer, None]:
        """The bare model. There is nothing to check against, so every sentence is marked as unchecked."""
        progress = run.progress
        async with aclosing(self._draft(run, ())) as sentences:
            async for sentence in sentences:
                yield progress.add_check(_refusing(run, sentence) or unchecked(sentence.text, "retrieval off"))
        if progress.refused:
            return
        if progress.text:
            yield run.finished(AnswerOutcome.GENERATED)
        else:
            yield progress.add(declining.no_words(run.twin.manifest))
            yield run.finished(AnswerOutcome.DECLINED, decline_reason="empty_draft")

    def _draft(self, run: Run, shown: Sequence[PromptPassage]) -> AsyncGenerator[DraftSentence, None]:
        drafted = until_looping(draft(self._llm, run, _messages(run, shown), tidy_sentence))
        return heeding_refusals(run, drafted)


def _shown(run: Run, passages: tuple[RetrievedPassage, ...], evidence: Evidence) -> Sequence[PromptPassage]:
    """What the model is given to read."""
    count = run.retrieval.excerpts if run.retrieval else 0
    return best_excerpts(evidence.windows, passages, count) if count else passages


def _messages(run: Run, shown: Sequence[PromptPassage]) -> tuple[Message, ...]:
    manifest = run.twin.manifest
    return render_answer(
        display_name=manifest.display_name,
        style_notes=manifest.style_notes,
        question=run.question.text,
        passages=shown,
        history=run.history,
        examples=run.examples,
    )


def _further_prompts(run: Run, shown: Sequence[PromptPassage]) -> list[FurtherPrompt]:
    """What further drafts are written to: one stretch, and in turns with it all that the first had.

    A small model that chose wrongly among stretches has nothing to choose from in one; an untrained one copies it. The
    nearest stretch has every other turn, since that is where the answer mostly stands.
    """
    apart = run.retrieval is not None and run.retrieval.excerpts > 0 and len(shown) > 0
    settings = run.twin.generation
    runs = cache(runs_to_avoid)  # the same stretches are read by several drafts
    prompts = []
    for number in range(settings.redrafts):
        read = [shown[_turn(number // 2, len(shown))]] if apart and number % 2 == 0 else shown
        avoid = runs(tuple(one.text for one in read)) if settings.redrafts_reword else ()
        prompts.append(FurtherPrompt(_messages(run, read), avoid))
    return prompts


def _turn(number: int, stretches: int) -> int:
    """0, 1, 0, 2, 0, 1 … of three."""
    return 0 if number % 2 == 0 or stretches == 1 else 1 + number // 2 % (stretches - 1)


def _check_draft(
    verifier: SentenceVerifier, sentences: list[DraftSentence], citations: CitationList
) -> list[SentenceCheck]:
    return [verifier.check(one.text, citations) for one in sentences]


async def _checked(run: Run, verifier: SentenceVerifier, sentence: DraftSentence) -> SentenceCheck:
    """The verdict on a sentence, off the event loop."""
    if refusal := _refusing(run, sentence):
        return refusal
    if not run.question.options.verify:
        return unchecked(sentence.text, "verification off")
    if is_cut_off(run, sentence.text):
        return dropped(sentence.text, CUT_OFF)
    started = time.monotonic()
    try:
        return await asyncio.to_thread(verifier.check, sentence.text, run.progress.citations)
    finally:
        run.progress.verify_seconds += time.monotonic() - started


def _refusing(run: Run, sentence: DraftSentence) -> SentenceCheck | None:
    """The check of a sentence with which the model declines; None if it does not."""
    if not sentence.refuses:
        return None
    run.progress.refused = True
    return unchecked(sentence.text, "the model declines")


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
