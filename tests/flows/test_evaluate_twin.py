"""The tasks of `evaluate-twin` in their order, on the public API's fake and without Prefect's server."""

from __future__ import annotations

import json
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from flows import evaluate_twin as stages
from flows.evaluate_twin import Exam
from flows.hard_stops import bundle_to_judge, stops_of
from flows.hearing import heard
from flows.origins import origin_of
from flows.personas import refreshing
from flows.promotion import last_decision
from flows.recipes import EvaluationSettings
from flows.reporting import listening
from flows.turns import refresh_turn
from twin_data.configuration.home import TwinHome
from twin_data.configuration.rubric import Bar, RelativeBar, Rubric, SampleSizes
from twin_data.contracts.datasets import CertificateCheck, DatasetCertificate, DatasetKind, DatasetVersion
from twin_data.contracts.errors import PlatformError, RegistryError
from twin_data.contracts.evaluation import (
    Evidence,
    GateDecision,
    HardStopKind,
    HeldOutQuestion,
    KeyFact,
    QuestionKind,
    Verdict,
)
from twin_data.contracts.releases import (
    Alias,
    GenerationSettings,
    Lineage,
    MachinePrice,
    ModelReference,
    ReleaseBundle,
    RetrievalSettings,
    Rung,
    VerificationSettings,
)
from twin_data.contracts.training import TrainingRecord, TrainingStage
from twin_data.registry.memory import MemoryRegistry
from twin_data.registry.port import RegisteredBundle
from twin_eval.comparison import UNTRAINED
from twin_eval.fake_service import FakeService, completion, refusal
from twin_eval.run import EvaluationConfig, EvaluationInputs, evaluate
from twin_eval.scored_run import ScoredRun
from twin_serve.version import answering_code
from twin_train.training_code import training_code

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
    voice=None,
    why_no_voice="too few own words",
    corpus=("It was high water.",),
)
MODEL = ModelReference(name="base", source="tests", digest="b" * 64, licence="Apache-2.0")


def trained_with(seed: int) -> Lineage:
    record = TrainingRecord(
        stage=TrainingStage.SFT, dataset_digest="d", config_digest=str(seed), seed=seed, steps=1, tokens=1,
        non_pad_share=1, seconds=1, tokens_per_second=1, peak_memory_mb=1, world_size=1, distributed_type="NO",
        zero_stage=0, device="cpu", dtype="float32", first_loss=2, final_loss=1, eval_loss=None,
        code=training_code(),
    )  # fmt: skip
    return manifest("").lineage.model_copy(update={"training": (record,)})


def manifest(label: str, **changes: object) -> ReleaseBundle:
    lineage = Lineage(
        persona_digest="0", features_digest="0", table_versions={}, index="twin-ada-1", recipe="demo", recipe_digest="0",
        code_digest="0", corpus_licence="CC0-1.0", consent_date=date(2026, 11, 2),
    )  # fmt: skip
    made = ReleaseBundle(
        persona="ada", display_name="Ada", label=label, base_model=MODEL, max_model_len=2048, embedding_model=MODEL,
        prompt_digest="0", retrieval=RetrievalSettings(), verification=VerificationSettings(),
        generation=GenerationSettings(), price=MachinePrice(), disclosure="I am a twin.", style_notes="", lineage=lineage,
    )  # fmt: skip
    return made.model_copy(update=changes)


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

        monkeypatch.setattr(stages, "local_key", key)
        monkeypatch.setattr(stages, "evaluate", on_fake)

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


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(tmp_path, monkeypatch)


def page_of(path: Path) -> str:
    return path.read_text("utf-8")


async def test_a_first_bundle_becomes_champion_by_the_absolute_bars(bench: Bench) -> None:
    first = bench.bundle("first", knowing(20))
    decision, page = await bench.judge(first)
    assert decision.verdict is Verdict.PROMOTE
    assert decision.champion is None
    assert bench.champion == first.bundle_id
    assert "too few own words" in page_of(page)
    assert json.loads((page.parent / "decision.json").read_text("utf-8"))["verdict"] == "promote"
    assert decision.exam_digest == EXAM.digest


async def test_a_better_candidate_takes_over_and_the_champion_is_not_asked_again(bench: Bench) -> None:
    first = bench.bundle("first", knowing(20))
    await bench.judge(first)
    bench.services[first.bundle_id].requests.clear()
    second = bench.bundle("second", knowing(35))
    decision, page = await bench.judge(second)
    assert decision.verdict is Verdict.PROMOTE
    assert decision.champion == first.bundle_id
    assert bench.champion == second.bundle_id
    assert list(bench.services[first.bundle_id].asked) == []
    assert "Against the champion" in page_of(page)
    assert bench.registry.history("ada")[-1].reason == f"better than {first.bundle_id}"


async def test_on_too_few_questions_even_a_much_better_candidate_has_to_wait(bench: Bench) -> None:
    first = bench.bundle("first", knowing(20))
    await bench.judge(first)
    strict = replace(EXAM, rubric=RUBRIC.model_copy(update={"minimum": SampleSizes(per_refusal_kind=0)}))
    second = bench.bundle("second", knowing(35))
    judged, live = [await stages.ask.fn(bench.home, one, strict, EvaluationSettings()) for one in (second, first)]
    decision, _ = stages.decide.fn(judged, live, strict)
    stages.promote.fn(bench.registry, second, decision)
    assert decision.verdict is Verdict.INCONCLUSIVE
    assert decision.more_questions == 260
    assert "40 questions that both answered or declined: to take a champion's place needs 300" in decision.reasons[0]
    assert bench.champion == first.bundle_id
    of_each_kind = replace(EXAM, rubric=RUBRIC.model_copy(update={"minimum": SampleSizes()}))
    decision, _ = stages.decide.fn(judged, live, of_each_kind)
    assert decision.more_questions is None, "none of forty is to be refused: more in the same mixture bring none"
    assert "and 60 of each kind to be refused" in decision.reasons[0]


async def test_a_hard_stop_rejects_a_better_candidate(bench: Bench) -> None:
    first = bench.bundle("first", knowing(20))
    await bench.judge(first)
    second = bench.bundle("second", knowing(35))
    bench.registry.taint("ada", second.bundle_id, reason="the letters were withdrawn")
    second = bench.registry.resolve("ada", bundle_id=second.bundle_id)
    judged, live = [await stages.ask.fn(bench.home, one, EXAM, EvaluationSettings()) for one in (second, first)]
    decision, _ = stages.decide.fn(judged, live, EXAM, stops_of(bench.home, second, QUESTIONS))
    stages.promote.fn(bench.registry, second, decision)
    assert decision.verdict is Verdict.REJECT
    assert decision.reasons[0] == "hard stop, tainted: the letters were withdrawn"
    assert bench.champion == first.bundle_id


async def test_unsafe_files_are_rejected_unasked_and_the_decision_is_kept(bench: Bench) -> None:
    first = bench.bundle("first", knowing(20))
    (first.folder / "weights.pkl").write_bytes(b"code")
    found, unsafe = bundle_to_judge(bench.registry, "ada", None)
    result = stages.refuse.fn(bench.home, EXAM, found, unsafe)
    assert found.bundle_id == first.bundle_id
    assert result["decision"]["verdict"] == "reject"
    assert "weights.pkl was added" in result["decision"]["reasons"][0]
    assert list(bench.services[first.bundle_id].asked) == []
    said = last_decision(bench.home, "ada", first.bundle_id)
    assert said is not None
    assert said.stops == unsafe
    assert said.exam_digest == EXAM.digest


def as_a_flow(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Awaitable[dict[str, Any]]]:
    """The flow without Prefect, as far as to the questions."""
    monkeypatch.setenv("TWIN_HOME", str(bench.home.root))
    monkeypatch.setattr(stages, "open_registry", lambda home: bench.registry)
    monkeypatch.setattr(stages, "prepare", lambda *_: EXAM)
    monkeypatch.setattr(stages, "refuse", stages.refuse.fn)
    return stages.evaluate_twin.fn


async def test_unsafe_files_are_rejected_also_where_no_other_seed_could_be_asked(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluate_twin = as_a_flow(bench, monkeypatch)
    first = bench.bundle("first", knowing(20))
    with pytest.raises(RegistryError, match="was not trained: there is no seed"):
        await evaluate_twin("ada", seeds=True)
    (first.folder / "weights.pkl").write_bytes(b"code")
    assert (await evaluate_twin("ada", seeds=True))["decision"]["verdict"] == "reject"
    said = last_decision(bench.home, "ada", first.bundle_id)
    assert said is not None and [one.kind for one in said.stops] == [HardStopKind.UNSAFE_FILES]


async def test_nobody_is_evaluated_beside_a_refresh_but_by_it(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.personas.LOCK_WAIT_S", 0.0)
    evaluate_twin = as_a_flow(bench, monkeypatch)
    first = bench.bundle("first", knowing(20))
    (first.folder / "weights.pkl").write_bytes(b"code")
    with (
        refreshing(bench.home, "ada"),
        pytest.raises(PlatformError, match="is being built, refreshed, trained or evaluated"),
    ):
        await evaluate_twin("ada")
    with refresh_turn(bench.home, "ada"):
        assert (await evaluate_twin("ada"))["decision"]["verdict"] == "reject"


async def test_the_spread_of_seeds_comes_from_bundles_that_had_the_same_exam(bench: Bench) -> None:
    def seeded(seed: int, known: int) -> RegisteredBundle:
        return bench.bundle(f"seed {seed}", knowing(known), rung=Rung.SFT, lineage=trained_with(seed))

    base = bench.bundle("base", knowing(10))
    one, two, unasked = seeded(1, 20), seeded(2, 32), seeded(3, 0)
    runs = [await stages.ask.fn(bench.home, bundle, EXAM, EvaluationSettings()) for bundle in (one, two)]
    assert stages.spreads_of(base, runs[:1], RUBRIC) == {
        "facts_found": UNTRAINED
    }  # nothing was trained: there is no seed
    assert stages.spreads_of(one, runs[:1], RUBRIC) == {}

    (sibling,) = stages.examined_siblings(bench.home, bench.registry, two, EXAM, runs[1])
    assert sibling.bundle_id == one.bundle_id
    spread = stages.spreads_of(two, runs[::-1], RUBRIC)["facts_found"]
    assert (spread.value, spread.seeds) == (pytest.approx(0.3 / 2**0.5, rel=0.1), 2)
    assert list(bench.services[unasked.bundle_id].asked) == []


async def test_on_demand_every_seed_of_the_training_is_asked_and_none_of_another(bench: Bench) -> None:
    one, two, three = (
        bench.bundle(f"seed {seed}", knowing(known), rung=Rung.SFT, lineage=trained_with(seed))
        for seed, known in ((1, 20), (2, 32), (3, 26))
    )
    other = bench.bundle("of DPO", knowing(0), rung=Rung.DPO, lineage=trained_with(4))
    tainted = bench.bundle("withdrawn", knowing(0), rung=Rung.SFT, lineage=trained_with(5))
    bench.registry.taint("ada", tainted.bundle_id, reason="withdrawn")
    judged = await stages.ask.fn(bench.home, one, EXAM, EvaluationSettings())
    arguments = bench.home, bench.registry, one, EXAM, judged, EvaluationSettings()
    assert await stages.spreads_over_seeds(*arguments) == {}, "none had the exam, and none was put through it"
    assert await stages.spreads_over_seeds(*arguments, ask_all=True) == stages.spreads_of(
        one,
        [judged, *[await stages.ask.fn(bench.home, each, EXAM, EvaluationSettings()) for each in (two, three)]],
        RUBRIC,
    )
    assert (await stages.spreads_over_seeds(*arguments))["facts_found"].seeds == 3, "they have had it now"
    assert [len(list(bench.services[each.bundle_id].asked)) for each in (two, three)] == [len(QUESTIONS)] * 2
    assert [list(bench.services[each.bundle_id].asked) for each in (other, tainted)] == [[], []]


async def test_a_seed_that_answers_nothing_is_told_and_left_out(bench: Bench) -> None:
    one = bench.bundle("seed 1", knowing(20), rung=Rung.SFT, lineage=trained_with(1))
    mute = bench.bundle(
        "seed 2", without_a_model(refusal(503, "model_unavailable", "no adapter")), rung=Rung.SFT,
        lineage=trained_with(2),
    )  # fmt: skip
    judged = await stages.ask.fn(bench.home, one, EXAM, EvaluationSettings())
    told: list[str] = []
    with listening(told.append):
        found = await stages.spreads_over_seeds(
            bench.home, bench.registry, one, EXAM, judged, EvaluationSettings(), ask_all=True
        )
    assert found == {}
    assert any(f"seeds: {mute.manifest.model_name} is left out, it answers nothing" in line for line in told)


async def test_a_training_under_another_seed_is_not_promoted_by_its_own_exam(bench: Bench) -> None:
    first = bench.bundle("first", knowing(20))
    await bench.judge(first)
    lineage = trained_with(2).model_copy(update={"seed_sibling_of": "0123456789ab"})
    sibling = bench.bundle("seed 2", knowing(40), rung=Rung.SFT, lineage=lineage)
    judged, live = [await stages.ask.fn(bench.home, one, EXAM, EvaluationSettings()) for one in (sibling, first)]
    decision, _ = stages.decide.fn(judged, live, EXAM, stops_of(bench.home, sibling, QUESTIONS))
    stages.promote.fn(bench.registry, sibling, decision)
    assert decision.verdict is Verdict.REJECT and bench.champion == first.bundle_id
    assert any("the training of bundle 0123456789ab under another seed" in reason for reason in decision.reasons)


@pytest.mark.parametrize("changed", ["index", "code", "cut short", "tainted"])
async def test_a_bundle_of_another_seed_is_not_put_through_an_exam_for_its_sake(bench: Bench, changed: str) -> None:
    one, two = (bench.bundle(f"seed {seed}", knowing(20), rung=Rung.SFT, lineage=trained_with(seed)) for seed in (1, 2))
    await stages.ask.fn(bench.home, one, EXAM, EvaluationSettings())
    exam = replace(EXAM, index="twin-ada-2") if changed == "index" else EXAM
    if changed == "code":
        bench.services[two.bundle_id].code = "code-2"
    if changed == "cut short":
        (kept,) = (bench.home.evaluations / "ada" / one.bundle_id).glob("*/answers.jsonl")
        kept.write_text("".join(kept.read_text("utf-8").splitlines(keepends=True)[:30]), "utf-8")
    if changed == "tainted":
        bench.registry.taint("ada", one.bundle_id, reason="withdrawn")
    judged = await stages.ask.fn(bench.home, two, exam, EvaluationSettings())
    told: list[str] = []
    with listening(told.append):
        assert stages.examined_siblings(bench.home, bench.registry, two, exam, judged) == ()
    assert any("other seeds left out" in line for line in told) is (changed != "tainted")


async def test_an_evaluation_gives_the_registered_bundle_a_card_with_its_scores(bench: Bench) -> None:
    first = bench.bundle("first", knowing(20), rung=Rung.SFT, lineage=trained_with(7))
    run = await stages.ask.fn(bench.home, first, EXAM, EvaluationSettings())
    decision, _ = stages.decide.fn(run, None, EXAM)
    files = stages.write_down.fn(bench.home, EXAM, run, None, decision, None, first)
    stages.attach_card.fn(bench.registry, first, run, decision, files)
    known = bench.registry.resolve("ada", bundle_id=first.bundle_id)
    card = known.card.read_text("utf-8")
    assert card == files.card.read_text("utf-8")
    assert "| sft | 1 | 1 | 7 |" in card and "**Decision: promote**" in card and "| facts_found | 0.500 |" in card
    assert "## Evaluation" not in (known.folder / "README.md").read_text("utf-8"), "what is registered stays"


def test_certificates_that_a_bundle_lacks_are_looked_for_in_the_home(bench: Bench) -> None:
    check = CertificateCheck(name="span_traceability", value=1, wanted="= 1", passed=True)
    made = DatasetCertificate(
        persona="ada", kind=DatasetKind.INSTRUCTIONS, dataset_digest="d" * 64, rows=9, held_out_rows=1, inputs=(),
        template_digest="0", teacher="rules", code_digest="0", counts=(), checks=(check,),
    )  # fmt: skip
    version = DatasetVersion(
        persona="ada", kind=made.kind, digest="d" * 64, rows=9, held_out_rows=1, table_version=1, passed=True
    )
    lineage = trained_with(7).model_copy(update={"datasets": (version,)})
    bundle = bench.bundle("first", knowing(20), rung=Rung.SFT, lineage=lineage)
    assert origin_of(bench.home, bundle).certificates == ()
    path = bench.home.datasets / "ada" / f"instructions-{'d' * 12}" / "certificate.json"
    path.parent.mkdir(parents=True)
    path.write_text(made.model_dump_json(), "utf-8")
    origin = origin_of(bench.home, bundle)
    assert origin.certificates == (made,) and "| span_traceability | 1 | = 1 | yes |" in origin.card


async def test_a_candidate_that_is_no_better_leaves_the_champion(bench: Bench) -> None:
    first = bench.bundle("first", knowing(20))
    await bench.judge(first)
    decision, _ = await bench.judge(bench.bundle("second", knowing(20)))
    assert decision.verdict is Verdict.INCONCLUSIVE
    assert bench.champion == first.bundle_id


async def test_the_champion_itself_is_held_to_the_absolute_bars_and_moves_nothing(bench: Bench) -> None:
    first = bench.bundle("first", knowing(20))
    await bench.judge(first)
    moves = bench.registry.history("ada")
    decision, _ = await bench.judge(bench.registry.resolve("ada", alias=Alias.CHAMPION))
    assert decision.verdict is Verdict.PROMOTE
    assert bench.registry.history("ada") == moves


def without_a_model(error: httpx.Response) -> Callable[[str, str], httpx.Response]:
    """Every other question is declined for what it asks, which needs no model; all else fails."""

    def respond(question: str, bundle: str) -> httpx.Response:
        unasked = {"prompt_tokens": 0, "completion_tokens": 0, "seconds": 0.1}
        by_rule = completion("I would rather not.", bundle=bundle, outcome="declined", cost=unasked)
        return by_rule if int(question.removeprefix("What of ").removesuffix("?")) % 2 else error

    return respond


@pytest.mark.parametrize(("status", "code"), [(503, "bundle_mismatch"), (503, "model_unavailable")])
async def test_a_champion_that_can_answer_nothing_any_more_protects_nobody(
    bench: Bench, status: int, code: str
) -> None:
    first = bench.bundle("first", without_a_model(refusal(status, code, "other templates")))
    gone = GateDecision(persona="ada", bundle=first.bundle_id, verdict=Verdict.PROMOTE, reasons=("cleared",))
    bench.registry.set_alias("ada", Alias.CHAMPION, first.bundle_id, reason="once", decision=gone)
    second = bench.bundle("second", knowing(20))
    decision, page = await bench.judge(second)
    assert decision.verdict is Verdict.PROMOTE
    assert decision.champion is None
    assert decision.unable_champion == first.bundle_id
    assert bench.champion == second.bundle_id
    assert "Against the champion" not in page_of(page)


@pytest.mark.parametrize(
    ("status", "code"), [(504, "timeout"), (500, "internal_error"), (429, "rate_limit"), (502, "llm_error")]
)
async def test_a_champion_whose_answers_all_failed_keeps_its_place_until_it_was_heard(
    bench: Bench, status: int, code: str
) -> None:
    first = bench.bundle("first", knowing(20))
    await bench.judge(first)
    bench.serve(first, without_a_model(refusal(status, code, "too late", headers={"Retry-After": "0"})))
    forget_answers(bench, first)
    second = bench.bundle("second", knowing(40))
    decision, page = await bench.judge(second)
    assert decision.verdict is Verdict.INCONCLUSIVE
    assert (decision.champion, decision.unable_champion) == (first.bundle_id, None)
    assert "too late" in decision.reasons[0] and "run again" in decision.reasons[0]
    assert decision.more_questions is None and decision.failed_questions == 20
    assert bench.champion == first.bundle_id
    assert "Against the champion" not in page_of(page) and "compared with the live champion" not in page_of(page)
    bench.serve(first, knowing(20))
    decision, _ = await bench.judge(second)
    assert decision.verdict is Verdict.PROMOTE and decision.comparisons and not decision.failed_questions


async def test_a_bad_candidate_is_rejected_also_where_the_champion_was_not_heard(bench: Bench) -> None:
    first = bench.bundle("first", knowing(20))
    await bench.judge(first)
    bench.serve(first, lambda question, bundle: refusal(504, "timeout", "too late"))
    forget_answers(bench, first)
    decision, _ = await bench.judge(bench.bundle("second", knowing(3)))
    assert decision.verdict is Verdict.REJECT and decision.champion == first.bundle_id


def forget_answers(bench: Bench, bundle: RegisteredBundle) -> None:
    shutil.rmtree(bench.home.evaluations / "ada" / bundle.bundle_id)


async def test_a_decision_on_answers_of_other_code_is_none_to_stay_with(bench: Bench) -> None:
    first = bench.bundle("first", knowing(20))
    bench.services[first.bundle_id].code = "of before the update"
    told: list[str] = []
    with listening(told.append):
        decision, _ = await bench.judge(first)
    assert decision.verdict is Verdict.PROMOTE and decision.exam_digest == ""
    assert any("the service runs other code" in line for line in told)
