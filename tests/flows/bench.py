"""Bundles, an exam, and a bench that puts one to the others on the public API's fake: what tests of flows stand on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from flows import evaluate_twin as stages
from flows import exam_runs
from flows.exams import Exam
from flows.hearing import heard
from flows.recipes import EvaluationSettings
from twin_data.configuration.home import TwinHome
from twin_data.configuration.rubric import Bar, RelativeBar, Rubric, SampleSizes
from twin_data.contracts.evaluation import Evidence, GateDecision, HeldOutQuestion, KeyFact, QuestionKind
from twin_data.contracts.releases import Alias, Lineage, ReleaseBundle
from twin_data.registry.memory import MemoryRegistry
from twin_data.registry.port import RegisteredBundle
from twin_eval.fake_service import FakeService, completion
from twin_eval.references import References
from twin_eval.run import EvaluationConfig, EvaluationInputs, evaluate
from twin_eval.scored_run import ScoredRun
from twin_serve.version import answering_code
from twin_train.training_code import training_code

from ..bundles import bundle, lineage, training_record

RUBRIC = Rubric(
    absolute=(Bar(metric="facts_found", at_least=0.3, min_n=20),),
    relative=(RelativeBar(metric="facts_found", better="higher", margin=0.1),),
    improves=("facts_found",),
    minimum=SampleSizes(questions=40, per_refusal_kind=0),
)
QUESTIONS = tuple(
    HeldOutQuestion(
        id=f"q{at}",
        kind=QuestionKind.FACTUAL,
        question=f"What of {at}?",
        answer="high water",
        facts=(KeyFact(text="high water", essential=True),),
        evidence=(Evidence(file=f"notes/{at}.md", quote="It was high water."),),
        expected="answer",
    )
    for at in range(40)
)
EXAM = Exam(
    questions=QUESTIONS,
    briefs=(),
    rubric=RUBRIC,
    index="twin-ada-1",
    references=References(why_no_voice="too few own words", corpus=("It was high water.",)),
)


def trained_with(seed: int) -> Lineage:
    return lineage(training=(training_record(config_digest=str(seed), seed=seed, code=training_code()),))


def manifest(label: str, **changes: object) -> ReleaseBundle:
    return bundle(label=label, **changes)


class Bench:
    """Bundles of which each knows the answers to so many questions, and what evaluates them."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.home = TwinHome(root / "home")
        self.registry = MemoryRegistry(root / "registry")
        self.services: dict[str, FakeService] = {}

        async def key(home: TwinHome) -> str:
            return "key"

        async def on_fake(inputs: EvaluationInputs, *, config: EvaluationConfig) -> ScoredRun:
            return await evaluate(replace(inputs, transport=self.services[inputs.bundle].transport), config=config)

        monkeypatch.setattr(exam_runs, "local_key", key)
        monkeypatch.setattr(exam_runs, "evaluate", on_fake)

    def bundle(self, label: str, respond: Callable[[str, str], httpx.Response], **changes: object) -> RegisteredBundle:
        found = self.registry.register(manifest(label, **changes), {})
        self.serve(found, respond)
        return found

    def serve(self, bundle: RegisteredBundle, respond: Callable[[str, str], httpx.Response]) -> None:
        """Let a bundle answer like this from now on, by the code of now."""
        service = FakeService("ada", lambda question: respond(question, bundle.bundle_id))
        service.code = answering_code()
        self.services[bundle.bundle_id] = service

    async def judge(self, candidate: RegisteredBundle) -> tuple[GateDecision, Path]:
        """The flow's body."""
        judged = await stages.ask.fn(self.home, candidate, EXAM, EvaluationSettings())
        live = stages.champion_of(self.registry, candidate)
        asking = stages.ask.fn(self.home, live, EXAM, EvaluationSettings()) if live else None
        champion = await heard(live, asking) if live and asking else None
        decision, compared = stages.decide.fn(judged, champion, EXAM)
        stages.promote.fn(self.registry, candidate, decision)
        return decision, stages.write_down.fn(self.home, EXAM, judged, compared, decision).page

    @property
    def champion(self) -> str | None:
        bundles = self.registry.bundles("ada")
        return next((one.bundle_id for one in bundles if Alias.CHAMPION in one.aliases), None)


def knowing(count: int) -> Callable[[str, str], httpx.Response]:
    def respond(question: str, bundle: str) -> httpx.Response:
        is_known = int(question.removeprefix("What of ").removesuffix("?")) < count
        return completion("It was high water." if is_known else "Nobody knows.", bundle=bundle)

    return respond


def without_a_model(error: httpx.Response) -> Callable[[str, str], httpx.Response]:
    """Every other question is declined for what it asks, which needs no model; all else fails."""

    def respond(question: str, bundle: str) -> httpx.Response:
        unasked = {"prompt_tokens": 0, "completion_tokens": 0, "seconds": 0.1}
        by_rule = completion("I would rather not.", bundle=bundle, outcome="declined", cost=unasked)
        return by_rule if int(question.removeprefix("What of ").removesuffix("?")) % 2 else error

    return respond


def page_of(path: Path) -> str:
    return path.read_text("utf-8")
