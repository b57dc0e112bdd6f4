"""`evaluate-twin`: ask the candidate its questions through the public API, and let the bars decide about `champion`."""

from __future__ import annotations

import time
from typing import Any

from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from flows.local_key import local_key
from flows.platform.settings import PlatformSettings
from flows.recipes import DEFAULT_RECIPE, EvaluationSettings, load_recipe
from flows.reporting import report
from twin_data.configuration.home import TwinHome
from twin_data.contracts.documents import Chunk
from twin_data.contracts.evaluation import EvaluationReport, GateDecision, HeldOutQuestion, Verdict
from twin_data.contracts.releases import Alias
from twin_data.registry import open_registry
from twin_data.registry.port import BundleRegistry, RegisteredBundle
from twin_data.store.schemas import to_rows
from twin_data.store.tables import FeatureStore
from twin_data.transform.pipeline import CHUNKS
from twin_eval import gate
from twin_eval.answering import Progress
from twin_eval.questions import balanced_subset, load_questions
from twin_eval.run import EvaluationConfig, EvaluationInputs, evaluate
from twin_eval.self_check import self_check_questions

REPORT_EVERY_S = 2.0


@flow(name="evaluate-twin", flow_run_name="evaluate-twin-{persona}", log_prints=False)
async def evaluate_twin(persona: str, recipe: str = DEFAULT_RECIPE, bundle: str | None = None) -> dict[str, Any]:
    """Evaluate a bundle by its persona's absolute bars; one that clears them all becomes champion.

    Args:
        persona: A persona of `$TWIN_HOME`.
        recipe: Name or path of a recipe.
        bundle: Bundle id; None for the candidate.

    Returns:
        Report and decision as plain JSON.
    """
    home, chosen = TwinHome.from_environment(), load_recipe(recipe)
    registry = open_registry(home)
    candidate = registry.resolve(persona, bundle_id=bundle, alias=None if bundle else Alias.CANDIDATE)
    path = home.persona_folder(persona) / "questions.jsonl"
    questions = load_questions(path) if path.is_file() else corpus_questions(home, persona)
    scores = await ask(home, candidate, questions, chosen.evaluation)
    decision = decide(home, registry, candidate, scores, is_self_check=not path.is_file())
    return {"report": scores.model_dump(mode="json"), "decision": decision.model_dump(mode="json")}


@task(cache_policy=NO_CACHE)
def corpus_questions(home: TwinHome, persona: str) -> tuple[HeldOutQuestion, ...]:
    """Generic probes and questions made from the corpus, for a persona that brings none."""
    report("no questions.jsonl: asking the built-in probes and questions made from the corpus")
    return self_check_questions(to_rows(FeatureStore.of(home.features, persona).read(CHUNKS), Chunk))


@task(cache_policy=NO_CACHE)
async def ask(
    home: TwinHome, candidate: RegisteredBundle, questions: tuple[HeldOutQuestion, ...], settings: EvaluationSettings
) -> EvaluationReport:
    """Put every question to the business microservice."""
    platform = PlatformSettings.from_environment()
    last = time.monotonic()

    def progress(state: Progress) -> None:
        nonlocal last
        if state.done == state.total or time.monotonic() - last > REPORT_EVERY_S:
            last = time.monotonic()
            report(f"evaluate: {state.done} of {state.total} questions")

    inputs = EvaluationInputs(
        persona=candidate.manifest.persona,
        bundle=candidate.bundle_id,
        questions=questions if settings.max_questions is None else balanced_subset(questions, settings.max_questions),
        base_url=platform.business_address,
        api_key=await local_key(home),
        home=home,
        progress=progress,
    )
    return await evaluate(inputs, config=EvaluationConfig(concurrency=settings.concurrency))


@task(cache_policy=NO_CACHE)
def decide(
    home: TwinHome,
    registry: BundleRegistry,
    candidate: RegisteredBundle,
    scores: EvaluationReport,
    *,
    is_self_check: bool,
) -> GateDecision:
    """Apply the absolute bars; a promotion moves the alias `champion`."""
    persona = candidate.manifest.persona
    rubric = gate.persona_rubric(home.persona_folder(persona) / "rubric.yaml", is_self_check=is_self_check)
    decision = gate.decide_absolute(scores, rubric)
    report(f"gate: {decision.verdict.value} {candidate.manifest.model_name}: {'; '.join(decision.reasons)}")
    if decision.verdict is Verdict.PROMOTE:
        registry.set_alias(
            persona, Alias.CHAMPION, candidate.bundle_id, reason="cleared the absolute bars", decision=decision
        )
    return decision
