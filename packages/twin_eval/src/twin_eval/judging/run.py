"""A judge's opinion on a scored run, from the texts that it is given to `judge.json`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from twin_eval.answering import Progress
from twin_eval.human.store import Label
from twin_eval.judging.asking import VERDICTS_FILE, ask_judge
from twin_eval.judging.config import EndpointJudge, NliJudge
from twin_eval.judging.findings import JudgeFindings, judged, verdicts_of
from twin_eval.judging.items import items_of
from twin_eval.judging.judges import Judge
from twin_eval.scored_run import ScoredRun
from twin_eval.statistics import IntervalConfig
from twin_eval.storage import read_kept, write_atomically

JUDGE_JSON = "judge.json"


async def consult(
    run: ScoredRun,
    judge: Judge,
    folder: Path,
    *,
    config: EndpointJudge | NliJudge,
    passages: int,
    labels: Sequence[Label] = (),
    intervals: IntervalConfig | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> JudgeFindings:
    """Put a run's sentences and answers to the judge, compare, and write `judge.json`; interrupted, it goes on.

    Args:
        run: The scored answers.
        judge: Who is asked.
        folder: The run's.
        config: How much is asked.
        passages: How many of the passages found the bundle answers from (`RetrievalSettings.passages`).
        labels: What people say, as it stands now.
        intervals: Resamples and seed.
        progress: Called after every verdict.

    Raises:
        EvaluationError: Another process is asking.
        StoreError: The folder cannot be written.
    """
    items = items_of(run.answers, config, passages=passages)
    opinions = await ask_judge(items, judge, folder / VERDICTS_FILE, progress=progress)
    verdicts = verdicts_of(items, judge.identity, opinions)
    found = JudgeFindings(
        judge=judge.name,
        identity=judge.identity,
        persona=run.report.persona,
        bundle=run.report.bundle,
        questions_digest=run.report.questions_digest,
        tasks=judged(verdicts, labels, intervals or IntervalConfig()),
        reused=opinions.reused,
        stopped=opinions.stopped,
        verdicts=verdicts,
    )
    write_atomically(folder / JUDGE_JSON, found.model_dump_json(indent=2) + "\n")
    return found


def read_judge(folder: Path) -> JudgeFindings | None:
    """What a judge found in a run's folder; None if none was asked.

    Raises:
        IntegrityError: The file is damaged.
    """
    return read_kept(folder / JUDGE_JSON, JudgeFindings, "a judge's findings")
