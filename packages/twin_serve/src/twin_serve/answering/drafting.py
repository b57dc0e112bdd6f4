"""The model at work: its draft sentence by sentence, its time and tokens booked, its refusals heeded."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from twin_data.prompts.renderer import Message
from twin_data.scoring.refusal import is_refusal
from twin_data.scoring.sentences import is_whole, words
from twin_serve.answering.drafts import DraftSentence, sentences_of
from twin_serve.answering.progress import Run
from twin_serve.llm.client import READ_TIMEOUT_S, LanguageModel, Usage

CUT_OFF = "the draft was cut off here"
REDRAFT_TOKENS = 80
"""Longest further draft: one sentence that holds is all that is wanted of it."""
LOOP_WORDS = 4
"""A sentence of so many words that comes a second time is a loop, which a small model does not leave again."""
SURELY_ANSWERABLE = 0.8
"""Answerability from which a model's refusal is not heeded: of seven refusals of a model of 135 million parameters
that had the answer before it, six were given at .89 or more."""
OPENING_SENTENCES = 2
"""A refusal is looked for in so many sentences: one may clear its throat first ("A good question.")."""


@dataclass(frozen=True)
class FurtherPrompt:
    """What a further draft is written to.

    Attributes:
        messages: The prompt.
        avoid: Runs of words that it may not write.
    """

    messages: Sequence[Message]
    avoid: Sequence[str] = ()


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


async def redrafts(
    llm: LanguageModel, run: Run, prompts: Sequence[FurtherPrompt], tidy: Callable[[str], str]
) -> list[list[DraftSentence]]:
    """Further drafts, one to each prompt, written side by side; none once the model's time for one answer is used up.

    Time and tokens are booked with those of the first draft, also if the reader goes away.
    """
    usages = [Usage() for _ in prompts]
    started = time.monotonic()
    try:
        async with asyncio.timeout(READ_TIMEOUT_S - run.progress.llm_seconds), asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(_redraft(llm, run, prompt, tidy, usage))
                for prompt, usage in zip(prompts, usages, strict=True)
            ]
    except TimeoutError:
        return []
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None  # the others were cancelled because of it
    finally:
        run.progress.llm_seconds += time.monotonic() - started
        for usage in usages:
            run.progress.usage.add(usage)
    return [task.result() for task in tasks]


async def _redraft(
    llm: LanguageModel, run: Run, prompt: FurtherPrompt, tidy: Callable[[str], str], usage: Usage
) -> list[DraftSentence]:
    """The sentences of one further draft; a last one that was cut off is left out."""
    settings = run.twin.generation
    bolder = settings.model_copy(
        update={
            "temperature": max(settings.temperature, settings.redraft_temperature),
            "max_tokens": min(settings.max_tokens, REDRAFT_TOKENS),
        }
    )
    stream = llm.stream(run.twin.llm_model, prompt.messages, bolder, usage, prompt.avoid)
    async with aclosing(stream), aclosing(until_looping(sentences_of(stream))) as sentences:
        found = [replace(one, text=text) async for one in sentences if (text := tidy(one.text))]
    if found and usage.finish_reason == "length" and not is_whole(found[-1].text):
        found.pop()
    return found


async def until_looping(sentences: AsyncGenerator[DraftSentence, None]) -> AsyncGenerator[DraftSentence, None]:
    """The draft up to the first sentence that says what one before it said; the model's time for the rest is saved."""
    said: set[tuple[str, ...]] = set()
    async with aclosing(sentences):
        async for sentence in sentences:
            spoken = tuple(word.casefold() for word in words(sentence.text))
            yield sentence
            if len(spoken) >= LOOP_WORDS and spoken in said:
                return
            said.add(spoken)


async def heeding_refusals(
    run: Run, sentences: AsyncGenerator[DraftSentence, None]
) -> AsyncGenerator[DraftSentence, None]:
    """The draft, which ends with its refusal if it begins with one and the bundle's refusals are meant.

    They are not meant where the passages surely hold an answer: what is not heeded is checked like any sentence.
    Sentences that were dropped do not count as a beginning: what is left of such a draft is the refusal.
    """
    heeds, number, refuses = run.twin.manifest.verification.heed_refusals and not _surely_answerable(run), 0, False
    async with aclosing(sentences):
        async for sentence in sentences:
            number += 1
            begins = number <= OPENING_SENTENCES and not run.progress.text
            refused, refuses = refuses, heeds and (refuses or begins) and is_refusal(sentence.text)
            if refused and not refuses:
                return
            yield replace(sentence, refuses=refuses)


def _surely_answerable(run: Run) -> bool:
    judged = run.progress.answerability
    return run.question.options.verify and judged is not None and judged >= SURELY_ANSWERABLE


def is_cut_off(run: Run, sentence: str) -> bool:
    """Whether the draft ended here because it had used up its tokens: what is half said is not judged."""
    return run.progress.usage.finish_reason == "length" and not is_whole(sentence)
