"""One evaluation from questions to report: ask, fetch what was cited, score, write."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from pydantic import Field

from twin_data.configuration.home import TwinHome, check_persona_name
from twin_data.contracts.answers import TwinOptions
from twin_data.contracts.base import Contract
from twin_data.contracts.evaluation import EvaluationReport, HeldOutQuestion
from twin_eval.answering import AskPlan, Progress, collect_answers
from twin_eval.client import BusinessClient
from twin_eval.errors import EvaluationError
from twin_eval.records import AnswerRecord
from twin_eval.report import build_report, write_report
from twin_eval.scorers import ScoredAnswer, score_record
from twin_eval.statistics import IntervalConfig


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
    base_url: str
    """The business microservice's address, without `/v1`."""
    api_key: str = field(repr=False)
    home: TwinHome
    progress: Callable[[Progress], None] | None = None
    """Called after every answer."""
    transport: httpx.AsyncBaseTransport | None = field(default=None, repr=False)
    """Replaces the network, for tests."""


def run(inputs: EvaluationInputs, *, config: EvaluationConfig) -> EvaluationReport:
    """Evaluate a bundle; interrupted, the same call goes on where it stopped.

    Raises:
        EvaluationError: The service cannot be asked, or there are no questions.
        StoreError: The results cannot be written.
    """
    return asyncio.run(evaluate(inputs, config=config))


async def evaluate(inputs: EvaluationInputs, *, config: EvaluationConfig) -> EvaluationReport:
    """The same as `run`, for callers that have an event loop."""
    plan = _plan(inputs, config)
    async with BusinessClient(
        inputs.base_url,
        inputs.api_key,
        persona=inputs.persona,
        bundle=inputs.bundle,
        timeout_s=config.timeout_s,
        max_attempts=config.max_attempts,
        transport=inputs.transport,
    ) as client:
        await client.check()
        records = await collect_answers(plan, client, inputs.home.evaluations, progress=inputs.progress)
        texts = await _cited_documents(client, records, config.concurrency)
    scored = score_records(plan.questions, records, texts.get, config)
    report = build_report(inputs.persona, inputs.bundle, scored, ks=config.ks, config=config.intervals)
    write_report(report, scored, plan.folder(inputs.home.evaluations))
    return report


def score_records(
    questions: Sequence[HeldOutQuestion],
    records: Sequence[AnswerRecord],
    document_text: Callable[[str], str | None],
    config: EvaluationConfig,
) -> tuple[ScoredAnswer, ...]:
    """Score records in the order of their questions."""
    pairs = zip(questions, records, strict=True)
    return tuple(score_record(question, record, document_text, ks=config.ks) for question, record in pairs)


def run_folder(inputs: EvaluationInputs, *, config: EvaluationConfig) -> Path:
    """Where the answers and the report of these inputs lie."""
    return _plan(inputs, config).folder(inputs.home.evaluations)


def _plan(inputs: EvaluationInputs, config: EvaluationConfig) -> AskPlan:
    if not inputs.questions:
        raise EvaluationError(
            f"there is no question to ask {inputs.persona}@{inputs.bundle}", next_step="write a questions.jsonl"
        )
    return AskPlan(
        persona=check_persona_name(inputs.persona),
        bundle=inputs.bundle,
        questions=tuple(inputs.questions),
        options=config.options,
        concurrency=config.concurrency,
    )


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
