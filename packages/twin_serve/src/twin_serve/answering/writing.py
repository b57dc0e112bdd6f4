"""Mode *write*: a text in the voice from a brief. Opinion ships as it is; claims are checked, cited or marked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from functools import cached_property

from twin_data.contracts.answers import (
    AnswerOutcome,
    RetrievedPassage,
    SentenceCheck,
    SentenceOutcome,
    VerifiedAnswer,
)
from twin_data.contracts.base import Span
from twin_data.contracts.releases import RetrievalSettings
from twin_data.prompts.renderer import render_write
from twin_data.scoring.sentences import STOPWORDS, words
from twin_data.scoring.support import EvidenceText
from twin_serve.answering import declining
from twin_serve.answering.claims import makes_claim
from twin_serve.answering.drafting import CUT_OFF, draft, is_cut_off
from twin_serve.answering.drafts import LIST_MARK, DraftSentence, tidy_written, wider
from twin_serve.answering.progress import Run, outcome_of, unchecked
from twin_serve.answering.verification import (
    DENIED,
    NO_OWN_WORDS,
    REPEATED,
    WORD_FOR_WORD,
    PassageEvidence,
    Shipped,
    dropped,
    supported,
)
from twin_serve.llm.client import LanguageModel
from twin_serve.search import PassageSearch, SearchQuery

NO_CLAIM = "it makes no claim that could be checked"
AS_TOLD = "the brief says so"
UNRETRIEVED = "retrieval off: there is nothing to check it against"


class Writer:
    """Writes posts, replies and reviews. It never declines for lack of evidence: what nothing supports is marked."""

    def __init__(self, search: PassageSearch, llm: LanguageModel) -> None:
        self._search = search
        self._llm = llm

    async def write(self, run: Run, query: SearchQuery) -> AsyncGenerator[str | VerifiedAnswer, None]:
        """Yield the text sentence by sentence, each one checked, and at last the whole.

        Args:
            run: The brief.
            query: What to search for.
        """
        progress, passages = run.progress, await self._retrieve(run, query)
        checker = ClaimChecker(run, passages, self._search)
        gap = ""
        async with aclosing(self._draft(run, passages)) as sentences:
            async for sentence in sentences:
                gap = wider(gap, sentence.gap)  # a paragraph goes on to be one where its first sentence was dropped
                check = await _checked(run, checker, sentence.text)
                if check.outcome is SentenceOutcome.DROPPED:
                    progress.checks.append(check)
                else:
                    yield progress.add_written(check, gap)
                    gap = ""
        if progress.text:
            yield run.finished(outcome_of(progress.checks))
            return
        said = declining.nothing_held if progress.checks else declining.no_words
        yield progress.add(said(run.twin.manifest))
        reason = "unsupported" if progress.checks else "empty_draft"
        yield run.finished(AnswerOutcome.DECLINED, decline_reason=reason)

    async def _retrieve(self, run: Run, query: SearchQuery) -> tuple[RetrievedPassage, ...]:
        settings = run.retrieval
        if settings is None:
            return ()
        retrieval = await self._search.search(run.twin.manifest.persona, query, settings)
        run.progress.retrieval, run.progress.retrieval_seconds = retrieval, retrieval.seconds
        return retrieval.passages[: settings.passages]

    def _draft(self, run: Run, passages: tuple[RetrievedPassage, ...]) -> AsyncGenerator[DraftSentence, None]:
        manifest = run.twin.manifest
        messages = render_write(
            display_name=manifest.display_name,
            style_notes=manifest.style_notes,
            brief=run.question.text,
            passages=passages,
            history=run.history,
            examples=run.examples,
        )
        return draft(self._llm, run, messages, tidy_written)


class ClaimChecker:
    """Checks the claims of one text: against the brief, the passages it was written from, then the whole archive."""

    def __init__(self, run: Run, passages: Sequence[RetrievedPassage], search: PassageSearch) -> None:
        """Prepare nothing yet.

        Args:
            run: The brief and its twin.
            passages: What the text is written from.
            search: Where a claim is looked up that these passages do not hold.
        """
        self._run = run
        self._evidence = PassageEvidence(passages, run.twin)
        self._search = search
        self._shipped = Shipped()

    async def check(self, sentence: str) -> SentenceCheck:
        """Judge one sentence; a claim that holds gets its citation, unless it comes from the brief."""
        if self._shipped.holds(sentence):
            return dropped(sentence, REPEATED)
        # The number of a list's item is no figure of the claim.
        verdict = (await self._verdict(LIST_MARK.sub("", sentence))).model_copy(update={"text": sentence})
        if verdict.outcome is not SentenceOutcome.DROPPED:
            self._shipped.add(sentence)
        return verdict

    async def _verdict(self, sentence: str) -> SentenceCheck:
        if not makes_claim(sentence, self._given):
            denied = bool(self._run.retrieval) and await asyncio.to_thread(self._evidence.denies, sentence)
            return self._unsupported(sentence, DENIED) if denied else unchecked(sentence, NO_CLAIM)
        if await asyncio.to_thread(self._is_told, sentence):
            return SentenceCheck(text=sentence, outcome=SentenceOutcome.SUPPORTED, support=1.0, reason=AS_TOLD)
        settings = self._run.retrieval
        if settings is None:
            return self._unsupported(sentence, UNRETRIEVED)
        near = await asyncio.to_thread(self._held, self._evidence, sentence)
        if near.outcome is SentenceOutcome.SUPPORTED:
            return near
        anywhere = await asyncio.to_thread(self._held, await self._looked_up(sentence, settings), sentence)
        return anywhere if anywhere.outcome is SentenceOutcome.SUPPORTED else near

    def _held(self, evidence: PassageEvidence, sentence: str) -> SentenceCheck:
        """Whether these passages hold the claim. A sentence of the persona's own is near enough to itself."""
        found = evidence.best(sentence)
        if found is None:
            return self._unsupported(sentence, NO_OWN_WORDS)
        copied = evidence.holds_whole(sentence)
        if reason := found.objection or ("" if copied else found.strays):
            return self._unsupported(sentence, reason, found.support.score)
        return supported(sentence, found, self._run.progress.citations, WORD_FOR_WORD if copied else "")

    async def _looked_up(self, claim: str, settings: RetrievalSettings) -> PassageEvidence:
        """What the archive has on a claim."""
        twin = self._run.twin
        query = await asyncio.to_thread(SearchQuery.of, claim, twin.encoder)
        found = await self._search.search(twin.manifest.persona, query, settings)
        return PassageEvidence(found.passages[: settings.passages], twin)

    def _is_told(self, sentence: str) -> bool:
        found = [text.support(sentence, self._run.twin.weights.weight) for text in self._told]
        bar = self._run.twin.manifest.verification.min_support
        return any(one is not None and one.score >= bar for one in found)

    @cached_property
    def _told(self) -> list[EvidenceText]:
        """What the user has said: who gives a fact in the brief answers for it."""
        texts = [*(turn.content for turn in self._run.history if turn.role == "user"), self._run.question.text]
        return [EvidenceText(text, [Span(start=0, end=len(text))]) for text in texts]

    @cached_property
    def _given(self) -> frozenset[str]:
        """Names that are the user's or the twin's own: to use them claims nothing."""
        texts = [self._run.twin.manifest.display_name, *(text.text for text in self._told)]
        capitalised = (word for text in texts for word in words(text) if word[0].isupper())
        return frozenset(word for word in capitalised if word.casefold() not in STOPWORDS)

    def _unsupported(self, sentence: str, reason: str, support: float = 0.0) -> SentenceCheck:
        if self._run.twin.manifest.verification.unsupported_claims == "drop":
            return dropped(sentence, reason, support)
        return SentenceCheck(
            text=sentence, outcome=SentenceOutcome.UNSUPPORTED, support=round(support, 4), reason=reason
        )


async def _checked(run: Run, checker: ClaimChecker, sentence: str) -> SentenceCheck:
    if not run.question.options.verify:
        return unchecked(sentence, "verification off")
    if is_cut_off(run, sentence):
        return dropped(sentence, CUT_OFF)
    started = time.monotonic()
    try:
        return await checker.check(sentence)
    finally:
        run.progress.verify_seconds += time.monotonic() - started
