"""A run as an Inspect log, which `inspect view` shows and `samples_df` reads; Inspect takes seconds to import."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from inspect_ai.log import (
    EvalConfig,
    EvalDataset,
    EvalLog,
    EvalMetric,
    EvalResults,
    EvalSample,
    EvalScore,
    EvalSpec,
    EvalStats,
    write_eval_log,
)
from inspect_ai.log import EvalError as SampleError
from inspect_ai.model import ChatMessageAssistant, ChatMessageUser, ModelOutput, ModelUsage
from inspect_ai.scorer import Score as SampleScore

from twin_data.contracts.digests import short
from twin_data.contracts.errors import StoreError
from twin_data.contracts.evaluation import GateDecision, Score
from twin_eval.metric_names import describe
from twin_eval.metrics import ROW_METRICS
from twin_eval.own_words import DraftRecord
from twin_eval.records import AnswerRecord, TwinSeen
from twin_eval.scored_run import ScoredRun
from twin_eval.scorers import ScoredAnswer

TASK = "evaluate-twin"
SCORER = "twin_eval"


def write_inspect_log(run: ScoredRun, path: Path, *, decision: GateDecision | None = None) -> None:
    """Write the log, whole or not at all.

    Raises:
        StoreError: The folder cannot be written.
    """
    log = inspect_log(run, decision=decision)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
            beside = Path(folder) / path.name
            # In a thread without an event loop: beside a running one Inspect replaces `asyncio.run` for the whole
            # process by one that leaves every loop open.
            with ThreadPoolExecutor(1) as thread:
                thread.submit(write_eval_log, log, beside, format="eval").result()
            os.replace(beside, path)
    except OSError as error:
        raise StoreError(
            f"{path} could not be written: {error.strerror or error}",
            next_step="free disk space or correct the folder's permissions, then run the same command again",
        ) from error


def inspect_log(run: ScoredRun, *, decision: GateDecision | None = None) -> EvalLog:
    """The run in Inspect's terms: one sample a question and one a draft."""
    samples = [*map(_answer_sample, run.answers), *(_draft_sample(one, run) for one in run.drafts)]
    records = [*(one.record for one in run.answers), *(one.record for one in run.drafts)]
    started, ended = (pick(one.asked_at for one in records).isoformat() for pick in (min, max))
    ids = [sample.id for sample in samples]
    report = run.report
    return EvalLog(
        status="success",
        eval=EvalSpec(
            created=started,
            task=TASK,
            task_id=f"{report.bundle}-{short(report.questions_digest)}",
            dataset=EvalDataset(
                name=short(report.questions_digest), samples=len(samples), sample_ids=list(map(str, ids))
            ),
            model=f"twin/{run.model_name}",
            config=EvalConfig(),
            metadata={"index": report.index, "voice_profile": report.voice_digest, "currency": report.currency},
        ),
        results=EvalResults(
            total_samples=len(samples),
            completed_samples=sum(sample.error is None for sample in samples),
            scores=[_score(score) for score in report.scores],
            metadata=_decided(decision),
        ),
        stats=EvalStats(started_at=started, completed_at=ended),
        samples=samples,
    )


def _answer_sample(one: ScoredAnswer) -> EvalSample:
    question = one.question
    values = {
        metric.name: SampleScore(value=float(value), explanation=describe(metric.name))
        for metric in ROW_METRICS
        if metric.concerns(one) and (value := metric.value(one)) is not None
    }
    metadata = {
        "kind": question.kind.value,
        "expected": question.expected,
        "essential_facts": [fact.text for fact in question.facts if fact.essential],
        "evidence": [evidence.model_dump(mode="json") for evidence in question.evidence],
    }
    target = question.answer if question.answer is not None else question.expected
    return _sample(question.id, question.question, target, one.record, values, metadata)


def _draft_sample(draft: DraftRecord, run: ScoredRun) -> EvalSample:
    found = next((one for one in run.samples if one.source == "drafts" and one.id == draft.brief.id), None)
    values = {}
    if found and found.score:
        values["voice"] = SampleScore(value=found.score.percent, explanation=describe("voice"))
    metadata = {"kind": "draft", "document_id": draft.brief.document_id}
    return _sample(draft.brief.id, draft.brief.text, "a text in the persona's voice", draft.record, values, metadata)


def _sample(
    name: str,
    asked: str,
    target: str,
    record: AnswerRecord,
    scores: dict[str, SampleScore],
    metadata: dict[str, Any],
) -> EvalSample:
    answer = record.answer
    if answer is None:
        message = record.error.message if record.error else ""
        error = SampleError(message=message, traceback="", traceback_ansi="")
        return EvalSample(id=name, epoch=1, input=asked, target=target, error=error, scores=scores, metadata=metadata)
    twin, model = answer.twin, f"twin@{record.bundle}"
    output = ModelOutput.from_content(model, answer.content)
    cost = twin.cost
    output.usage = ModelUsage(
        input_tokens=cost.prompt_tokens,
        output_tokens=cost.completion_tokens,
        total_tokens=cost.prompt_tokens + cost.completion_tokens,
        total_cost=cost.amount,
    )
    return EvalSample(
        id=name,
        epoch=1,
        input=asked,
        target=target,
        messages=[ChatMessageUser(content=asked), ChatMessageAssistant(content=answer.content)],
        output=output,
        scores=scores,
        model_usage={model: output.usage},
        total_time=answer.seconds,
        started_at=record.asked_at.isoformat(),
        metadata={**metadata, **_shown(answer.twin.model_dump(mode="json", include=_SHOWN_OF_TWIN)), **_passages(twin)},
    )


_SHOWN_OF_TWIN = {
    "outcome", "decline_reason", "sentences", "citations", "seconds_by_stage", "signals", "thresholds", "trace_id"
}  # fmt: skip
PASSAGES = 10
"""Of a question's passages in its sample: the service shows ten times as many as are answered from."""


def _passages(twin: TwinSeen) -> dict[str, Any]:
    found = [one.model_dump(mode="json") for one in twin.passages[:PASSAGES]]
    return {"passages": found, "passages_found": len(twin.passages)} if found else {}


def _shown(twin: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in twin.items() if value not in (None, [], {})}


def _score(score: Score) -> EvalScore:
    figures = {"value": score.value, "low": score.low, "high": score.high}
    return EvalScore(
        name=score.name,
        scorer=SCORER,
        scored_samples=score.n,
        unscored_samples=score.unscored,
        metrics={name: EvalMetric(name=name, value=value) for name, value in figures.items()},
        metadata={"meaning": describe(score.name)},
    )


def _decided(decision: GateDecision | None) -> dict[str, Any] | None:
    if decision is None:
        return None
    reasons: Sequence[str] = decision.reasons
    return {"verdict": decision.verdict.value, "champion": decision.champion, "reasons": list(reasons)}
