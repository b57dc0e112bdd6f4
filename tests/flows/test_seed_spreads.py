"""Which seeds of a training are heard, and how far they lie apart, on the public API's fake."""

from __future__ import annotations

from dataclasses import replace

import pytest

from flows import evaluate_twin as stages
from flows.recipes import EvaluationSettings
from flows.reporting import listening
from flows.seed_spreads import examined_siblings, spreads_of, spreads_over_seeds
from twin_data.contracts.releases import Rung
from twin_data.registry.port import RegisteredBundle
from twin_eval.comparison import UNTRAINED
from twin_eval.fake_service import refusal

from .bench import EXAM, QUESTIONS, RUBRIC, Bench, knowing, trained_with, without_a_model


async def test_the_spread_of_seeds_comes_from_bundles_that_had_the_same_exam(bench: Bench) -> None:
    def seeded(seed: int, known: int) -> RegisteredBundle:
        return bench.bundle(f"seed {seed}", knowing(known), rung=Rung.SFT, lineage=trained_with(seed))

    base = bench.bundle("base", knowing(10))
    one, two, unasked = seeded(1, 20), seeded(2, 32), seeded(3, 0)
    runs = [await stages.ask.fn(bench.home, bundle, EXAM, EvaluationSettings()) for bundle in (one, two)]
    assert spreads_of(base, runs[:1], RUBRIC) == {"facts_found": UNTRAINED}  # nothing was trained: there is no seed
    assert spreads_of(one, runs[:1], RUBRIC) == {}

    (sibling,) = examined_siblings(bench.home, bench.registry, two, EXAM, runs[1])
    assert sibling.bundle_id == one.bundle_id
    spread = spreads_of(two, runs[::-1], RUBRIC)["facts_found"]
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
    assert await spreads_over_seeds(*arguments) == {}, "none had the exam, and none was put through it"
    assert await spreads_over_seeds(*arguments, ask_all=True) == spreads_of(
        one,
        [judged, *[await stages.ask.fn(bench.home, each, EXAM, EvaluationSettings()) for each in (two, three)]],
        RUBRIC,
    )
    assert (await spreads_over_seeds(*arguments))["facts_found"].seeds == 3, "they have had it now"
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
        found = await spreads_over_seeds(
            bench.home, bench.registry, one, EXAM, judged, EvaluationSettings(), ask_all=True
        )
    assert found == {}
    assert any(f"seeds: {mute.manifest.model_name} is left out, it answers nothing" in line for line in told)


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
        assert examined_siblings(bench.home, bench.registry, two, exam, judged) == ()
    assert any("other seeds left out" in line for line in told) is (changed != "tainted")
