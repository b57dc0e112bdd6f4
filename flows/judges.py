"""The judge that a recipe names, asked after an evaluation's own scores are there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from flows.nli_judge import NliModel, check_folder
from flows.recipes import EvaluationSettings
from flows.reporting import paced, report
from twin_data.configuration.home import TwinHome
from twin_data.contracts.endpoints import endpoint_key
from twin_data.contracts.releases import RetrievalSettings
from twin_eval.answering import Progress
from twin_eval.human.store import current, read_labels
from twin_eval.judging.config import EndpointJudge, NliJudge
from twin_eval.judging.findings import JudgeFindings
from twin_eval.judging.judges import EndpointClient, Judge
from twin_eval.judging.run import consult
from twin_eval.judging.text import judge_text
from twin_eval.scored_run import ScoredRun


def require_judge(settings: EvaluationSettings) -> None:
    """See that the judge can be asked before hours of questions are.

    Raises:
        ConfigurationError: Its key is not in the environment.
        ModelError: Its folder holds no model of natural language inference.
        IntegrityError: Its folder holds code or pickles.
    """
    if isinstance(settings.judge, EndpointJudge):
        endpoint_key(settings.judge, "the judge")
    elif settings.judge is not None:
        check_folder(settings.judge.folder)


async def ask_the_judge(
    home: TwinHome, run: ScoredRun, folder: Path, settings: EvaluationSettings, retrieval: RetrievalSettings
) -> JudgeFindings | None:
    """What the recipe's judge says of a run; None if it names none.

    A judge that is away costs the evaluation nothing but its opinion.

    Args:
        home: With the labels of people.
        run: The scored answers.
        folder: The run's.
        settings: With the judge.
        retrieval: The bundle's: a dropped sentence is held against the passages that the verifier had.

    Raises:
        ConfigurationError: The judge's key is not in the environment.
        ModelError: The folder of a local one holds no model of natural language inference.
    """
    config = settings.judge
    if config is None:
        return None
    labels = current(read_labels(home.evaluations / run.report.persona))
    async with _opened(config) as judge:
        found = await consult(
            run, judge, folder, config=config, passages=retrieval.passages, labels=labels, progress=_progress()
        )
    for line in judge_text(found).split("\n"):
        report(line)
    return found


@asynccontextmanager
async def _opened(config: EndpointJudge | NliJudge) -> AsyncIterator[Judge]:
    if isinstance(config, EndpointJudge):
        async with EndpointClient(config) as client:
            yield client
    else:
        yield await asyncio.to_thread(NliModel, config.folder)


def _progress() -> Callable[[Progress], None]:
    say = paced()
    return lambda state: say(state.done, state.total, f"judge: {state.done} of {state.total} {state.what}")
