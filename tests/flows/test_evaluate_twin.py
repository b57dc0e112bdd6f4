"""The tasks of `evaluate-twin` in their order, on the public API's fake and without Prefect's server."""

from __future__ import annotations

import json
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from flows import evaluate_twin as stages
from flows.hard_stops import bundle_to_judge, stops_of
from flows.origins import origin_of
from flows.personas import refreshing
from flows.promotion import last_decision
from flows.recipes import EvaluationSettings
from flows.reporting import listening
from flows.turns import refresh_turn
from twin_data.configuration.rubric import SampleSizes
from twin_data.contracts.datasets import CertificateCheck, DatasetCertificate, DatasetKind, DatasetVersion
from twin_data.contracts.errors import PlatformError, RegistryError
from twin_data.contracts.evaluation import GateDecision, HardStopKind, Verdict
from twin_data.contracts.releases import Alias, Rung
from twin_data.registry.port import RegisteredBundle
from twin_eval.fake_service import refusal

from .bench import EXAM, QUESTIONS, RUBRIC, Bench, knowing, page_of, trained_with, without_a_model


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
