"""The model at work: its draft sentence by sentence, its time and tokens booked, its refusals heeded."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace

from twin_data.prompts.renderer import Message
from twin_data.scoring.refusal import is_refusal
from twin_serve.answering.drafts import DraftSentence, is_whole, sentences_of
from twin_serve.answering.progress import Run
from twin_serve.llm.client import LanguageModel

CUT_OFF = "the draft was cut off here"
OPENING_SENTENCES = 2
"""A refusal is looked for in so many sentences: one may clear its throat first ("A good question.")."""


async def draft(
    llm: LanguageModel, run: Run, messages: Sequence[Message], tidy: Callable[[str], str]
) -> AsyncGenerator[DraftSentence, None]:
    """Sentences of the model's draft, tidied; time and tokens are booked also if the reader goes away."""
    started, waited = time.monotonic(), 0.0
    try:
        stream = llm.stream(run.twin.llm_model, messages, run.twin.generation, run.progress.usage)
        async with aclosing(stream), aclosing(sentences_of(stream)) as sentences:
            async for sentence in sentences:
                if tidied := tidy(sentence.text):
                    paused = time.monotonic()
                    try:
                        yield replace(sentence, text=tidied)
                    finally:
                        waited += time.monotonic() - paused
    finally:
        run.progress.llm_seconds = time.monotonic() - started - waited


async def heeding_refusals(
    run: Run, sentences: AsyncGenerator[DraftSentence, None]
) -> AsyncGenerator[DraftSentence, None]:
    """The draft, which ends with its refusal if it begins with one and the bundle's refusals are meant.

    Sentences that were dropped do not count as a beginning: what is left of such a draft is the refusal.
    """
    heeds, number, refuses = run.twin.manifest.verification.heed_refusals, 0, False
    async with aclosing(sentences):
        async for sentence in sentences:
            number += 1
            begins = number <= OPENING_SENTENCES and not run.progress.text
            refused, refuses = refuses, heeds and (refuses or begins) and is_refusal(sentence.text)
            if refused and not refuses:
                return
            yield replace(sentence, refuses=refuses)


def is_cut_off(run: Run, sentence: str) -> bool:
    """Whether the draft ended here because it had used up its tokens: what is half said is not judged."""
    return run.progress.usage.finish_reason == "length" and not is_whole(sentence)
