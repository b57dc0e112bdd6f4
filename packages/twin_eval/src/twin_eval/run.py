"""One evaluation from questions to scores: ask, have texts written, fetch what was cited, score."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
from pydantic import Field

from twin_data.configuration.home import TwinHome, check_persona_name
from twin_data.contracts.answers import TwinOptions
from twin_data.contracts.base import Contract
from twin_data.contracts.digests import short
from twin_data.contracts.evaluation import HeldOutQuestion
from twin_eval.answering import (
    DRAFTS_FILE,
    PROBES_FILE,
    STRESS_FILE,
    AskPlan,
    Progress,
    answers_file,
    collect_answers,
)
from twin_eval.briefs import Brief
from twin_eval.client import BusinessClient
from twin_eval.errors import EvaluationError
from twin_eval.own_words import DraftRecord
from twin_eval.probes import Probe, ProbeRecord
from twin_eval.questions import questions_digest
from twin_eval.records import AnswerRecord
from twin_eval.references import References
from twin_eval.scored_run import RunRecords, ScoredRun, score_run
from twin_eval.statistics import IntervalConfig
from twin_eval.stress import StressedQuestion
from twin_eval.stress_scores import StressRecord

QUICK = "quick"
"""Folder of what a quick look finds: one level deeper, so that nobody takes it for a bundle's evaluation."""


class EvaluationConfig(Contract):
    """How a bundle is evaluated."""

    concurrency: int = Field(default=4, ge=1, le=256)
    """Questions under way at a time."""
    timeout_s: float = Field(default=300.0, gt=0)
    """Longest wait for one answer; beyond it the question counts as an error of the endpoint."""
    max_attempts: int = Field(default=3, ge=1)
    """How often a question is sent while the service says that it is busy."""
    ks: tuple[int, ...] = (5, 20)
    """Depths at which retrieval is scored."""
    options: TwinOptions = TwinOptions()
    intervals: IntervalConfig = IntervalConfig()


@dataclass(frozen=True, kw_only=True)
class EvaluationInputs:
    """What is evaluated, and where."""

    persona: str
    bundle: str
    questions: Sequence[HeldOutQuestion]
    briefs: Sequence[Brief] = ()
    """What the twin is asked to write, so that its voice can be heard at length."""
    probes: Sequence[Probe] = ()
    """Safe and unsafe prompts; none leaves refusals for safety unmeasured."""
    stress: Sequence[StressedQuestion] = ()
    """The questions under harder conditions; none leaves that unmeasured."""
    base_url: str
    """The business microservice's address, without `/v1`."""
    api_key: str = field(repr=False)
    home: TwinHome
    index: str = ""
    """The live search index; answers found in another one are not used again."""
    max_tokens: int | None = None
    """Longest answer of a quick look; None leaves it to the bundle, as serving does."""
    references: References = References()
    """What the answers are held against."""
    progress: Callable[[Progress], None] | None = None
    """Called after every answer."""
    transport: httpx.AsyncBaseTransport | None = field(default=None, repr=False)
    """Replaces the network, for tests."""


def run(inputs: EvaluationInputs, *, config: EvaluationConfig) -> ScoredRun:
    """Evaluate a bundle; interrupted, the same call goes on where it stopped.

    Raises:
        EvaluationError: The service cannot be asked, or there are no questions.
        StoreError: The answers cannot be written.
    """
    return asyncio.run(evaluate(inputs, config=config))


async def evaluate(inputs: EvaluationInputs, *, config: EvaluationConfig) -> ScoredRun:
    """The same as `run`, for callers that have an event loop."""
    if not inputs.questions:
        raise EvaluationError(
            f"there is no question to ask {inputs.persona}@{inputs.bundle}", next_step="write a questions.jsonl"
        )
    folder = run_folder(inputs)
    async with BusinessClient(
        inputs.base_url,
        inputs.api_key,
        persona=inputs.persona,
        bundle=inputs.bundle,
        timeout_s=config.timeout_s,
        max_attempts=config.max_attempts,
        max_tokens=inputs.max_tokens,
        transport=inputs.transport,
    ) as client:
        asking = _plan(inputs, config, await client.check())
        records = await collect_answers(asking, client, folder / answers_file(config.options), progress=inputs.progress)
        drafts = await _drafts(inputs, asking, client, folder)
        probes = await _probes(inputs, asking, client, folder)
        stressed = await _stressed(inputs, asking, client, folder)
        texts = await _cited_documents(client, records, config.concurrency)
    scored = RunRecords(
        persona=inputs.persona,
        bundle=inputs.bundle,
        index=inputs.index,
        questions=inputs.questions,
        records=records,
        drafts=drafts,
        probes=probes,
        stress=stressed,
        document_text=texts.get,
        references=inputs.references,
        concurrency=config.concurrency,
    )
    return score_run(scored, ks=config.ks, config=config.intervals)


def run_folder(inputs: EvaluationInputs) -> Path:
    """Where answers and report of these inputs lie: `<persona>/<bundle>/<question set>`; a quick look's apart."""
    bundles = inputs.home.evaluations / check_persona_name(inputs.persona)
    folder = bundles / inputs.bundle / short(questions_digest(inputs.questions))
    return folder if inputs.max_tokens is None else folder.parent / QUICK / folder.name


def _plan(inputs: EvaluationInputs, config: EvaluationConfig, code: str) -> AskPlan:
    return AskPlan(
        bundle=inputs.bundle,
        questions=tuple(inputs.questions),
        options=config.options,
        concurrency=config.concurrency,
        index=inputs.index,
        code=code,
        max_tokens=inputs.max_tokens,
    )


async def _drafts(
    inputs: EvaluationInputs, asking: AskPlan, client: BusinessClient, folder: Path
) -> tuple[DraftRecord, ...]:
    """What the twin writes to each brief."""
    if not inputs.briefs:
        return ()
    options = asking.options.model_copy(update={"mode": "write"})
    plan = replace(asking, questions=tuple(inputs.briefs), options=options, what="drafts")
    records = await collect_answers(plan, client, folder / DRAFTS_FILE, progress=inputs.progress)
    pairs = zip(inputs.briefs, records, strict=True)
    return tuple(DraftRecord(brief=brief, record=record) for brief, record in pairs)


async def _probes(
    inputs: EvaluationInputs, asking: AskPlan, client: BusinessClient, folder: Path
) -> tuple[ProbeRecord, ...]:
    """What the twin says to each probe."""
    if not inputs.probes:
        return ()
    plan = replace(asking, questions=tuple(inputs.probes), what="probes")
    records = await collect_answers(plan, client, folder / PROBES_FILE, progress=inputs.progress)
    return tuple(ProbeRecord(probe=one, record=record) for one, record in zip(inputs.probes, records, strict=True))


async def _stressed(
    inputs: EvaluationInputs, asking: AskPlan, client: BusinessClient, folder: Path
) -> tuple[StressRecord, ...]:
    """What the twin says under stress."""
    if not inputs.stress:
        return ()
    histories = {one.id: one.history for one in inputs.stress if one.history}
    plan = replace(asking, questions=tuple(inputs.stress), what="questions under stress", histories=histories)
    records = await collect_answers(plan, client, folder / STRESS_FILE, progress=inputs.progress)
    return tuple(StressRecord(asked=one, record=record) for one, record in zip(inputs.stress, records, strict=True))


async def _cited_documents(
    client: BusinessClient, records: Sequence[AnswerRecord], concurrency: int
) -> dict[str, str | None]:
    """The text of every document that some answer cites, each fetched once."""
    answers = [record.answer for record in records if record.answer]
    cited = sorted({citation.document_id for answer in answers for citation in answer.twin.citations})
    free = asyncio.Semaphore(concurrency)

    async def fetch(document_id: str) -> str | None:
        async with free:
            return await client.document_text(document_id)

    return dict(zip(cited, await asyncio.gather(*map(fetch, cited)), strict=True))
