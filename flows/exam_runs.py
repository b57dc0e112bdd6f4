"""One bundle put through an exam by the public API, and where its answers lie."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from flows.exams import Exam
from flows.local_key import local_key
from flows.platform.settings import PlatformSettings
from flows.recipes import EvaluationSettings
from flows.reporting import paced
from twin_data.configuration.home import TwinHome
from twin_data.contracts.answers import TwinOptions
from twin_data.registry.port import RegisteredBundle
from twin_eval.answering import Progress
from twin_eval.run import EvaluationConfig, EvaluationInputs, evaluate, run_folder
from twin_eval.scored_run import ScoredRun

AS_SERVED = TwinOptions()


async def put_questions(
    home: TwinHome,
    bundle: RegisteredBundle,
    exam: Exam,
    settings: EvaluationSettings,
    options: TwinOptions = AS_SERVED,
) -> ScoredRun:
    """Put every question and brief to the business microservice; what was answered before is not asked again."""
    name, say = bundle.manifest.model_name, paced()

    def progress(state: Progress) -> None:
        say(state.done, state.total, f"evaluate: {name}: {state.done} of {state.total} {state.what}")

    inputs = _inputs(home, bundle.manifest.persona, bundle.bundle_id, exam)
    inputs = replace(inputs, progress=progress, api_key=await local_key(home))
    return await evaluate(inputs, config=EvaluationConfig(concurrency=settings.concurrency, options=options))


def exam_folder(home: TwinHome, persona: str, bundle: str, exam: Exam) -> Path:
    """Where a bundle's answers and report on an exam lie."""
    return run_folder(_inputs(home, persona, bundle, exam))


def _inputs(home: TwinHome, persona: str, bundle: str, exam: Exam) -> EvaluationInputs:
    return EvaluationInputs(
        persona=persona,
        bundle=bundle,
        questions=exam.questions,
        briefs=exam.briefs,
        base_url=PlatformSettings.from_environment().business_address,
        api_key="",
        home=home,
        index=exam.index,
        max_tokens=exam.max_tokens,
        references=exam.references,
        probes=exam.probes,
        stress=exam.stress,
    )
