"""The verdict of the ladder, on runs whose truth is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from twin_data.configuration.rubric import Bar, RelativeBar, Rubric
from twin_data.contracts.evaluation import QuestionKind, Verdict
from twin_data.contracts.ladder import Ladder, MissingRung, Worth
from twin_data.contracts.releases import (
    MachinePrice,
    ReleaseBundle,
    RetrievalSettings,
    Rung,
)
from twin_eval.comparison import SeedSpread
from twin_eval.errors import EvaluationError
from twin_eval.ladder import RungRun, build_ladder
from twin_eval.scored_run import ScoredRun
from twin_eval.statistics import IntervalConfig

from ..bundles import bundle, lineage, training_record

MakeRun = Callable[..., ScoredRun]
CONFIG = IntervalConfig(resamples=400)
RUBRIC = Rubric(
    absolute=(Bar(metric="facts_found", at_least=0.3, min_n=20),),
    relative=(
        RelativeBar(metric="facts_found", better="higher", margin=0.1),
        RelativeBar(metric="over_refusal", better="lower", margin=0.1),
    ),
    improves=("facts_found",),
    targets=(Bar(metric="facts_found", at_least=0.8, min_n=20),),
)


def manifest(rung: Rung, *trained_s: float, per_hour: float | None = None) -> ReleaseBundle:
    records = tuple(training_record(seconds=seconds) for seconds in trained_s)
    return bundle(
        rung=rung,
        retrieval=None if rung in {Rung.PROMPT, Rung.FEW_SHOT} else RetrievalSettings(),
        price=MachinePrice(per_hour=per_hour),
        lineage=lineage(features_digest="f" * 64, training=records),
    )


@pytest.fixture
def rung(make_run: MakeRun) -> Callable[..., RungRun]:
    """A rung that states the fact of so many of 60 questions, declines some, and answers the rest without it."""

    def make(of: Rung, right: int, *trained_s: float, declined: int = 0, per_hour: float | None = None) -> RungRun:
        outcomes = ["fact"] * right + ["other"] * (60 - right - declined) + ["decline"] * declined
        run = make_run(outcomes, ["decline"] * 5, bundle=of.value)
        return RungRun(manifest=manifest(of, *trained_s, per_hour=per_hour), run=run)

    return make


def ladder(*runs: RungRun, missing: tuple[MissingRung, ...] = (), rubric: Rubric = RUBRIC) -> Ladder:
    return build_ladder(runs, rubric, missing=missing, config=CONFIG)


def test_the_cheapest_fit_rung_is_found_and_a_clear_gain_is_worth_it(rung: Callable[..., RungRun]) -> None:
    found = ladder(rung(Rung.SFT, 45), rung(Rung.PROMPT, 5), rung(Rung.BASE, 24), rung(Rung.FEW_SHOT, 6))
    assert [one.rung for one in found.rungs] == [Rung.PROMPT, Rung.FEW_SHOT, Rung.BASE, Rung.SFT], "from the lowest up"
    assert [one.fit for one in found.rungs] == [Verdict.REJECT, Verdict.REJECT, Verdict.PROMOTE, Verdict.PROMOTE]
    assert (found.cheapest_fit, found.cheapest_on_target, found.recommended) == (Rung.BASE, None, Rung.SFT)
    (climb,) = found.climbs
    assert (climb.lower, climb.upper, climb.worth) == (Rung.BASE, Rung.SFT, Worth.YES)
    assert "The cheapest rung that clears the bars is base+retrieval." in found.verdict
    assert "sft+retrieval in place of base+retrieval: worth it, better on facts_found +0.350" in found.verdict


def test_neighbours_are_compared_on_the_same_questions(rung: Callable[..., RungRun]) -> None:
    found = ladder(rung(Rung.PROMPT, 5), rung(Rung.FEW_SHOT, 6), rung(Rung.BASE, 24))
    assert [(one.lower, one.upper) for one in found.steps] == [(Rung.PROMPT, Rung.FEW_SHOT), (Rung.FEW_SHOT, Rung.BASE)]
    facts = found.steps[1].comparisons[0]
    assert (facts.metric, facts.champion, facts.candidate, facts.n) == ("facts_found", 6 / 60, 24 / 60, 60)
    assert facts.low is not None and 0 < facts.low < 18 / 60
    expenses = {one.metric: one for one in found.steps[0].expenses}
    assert expenses.keys() == {"seconds", "prompt_tokens", "completion_tokens"}, "cost is unknown and stays so"
    assert (expenses["prompt_tokens"].lower, expenses["prompt_tokens"].upper) == (100, 100)


def test_a_rung_on_target_makes_everything_above_it_unnecessary(rung: Callable[..., RungRun]) -> None:
    found = ladder(rung(Rung.FEW_SHOT, 20), rung(Rung.BASE, 56), rung(Rung.SFT, 58))
    assert (found.cheapest_fit, found.cheapest_on_target, found.recommended) == (Rung.FEW_SHOT, Rung.BASE, Rung.BASE)
    assert "shown to be reached by base+retrieval: nothing above base+retrieval is needed" in found.verdict


def test_a_target_is_shown_by_the_interval_and_not_reached_by_the_figure(rung: Callable[..., RungRun]) -> None:
    found = ladder(rung(Rung.FEW_SHOT, 20), rung(Rung.BASE, 51))
    assert (found.cheapest_on_target, found.recommended) == (None, Rung.BASE), "shown to be better than few-shot"
    assert (
        "shown to reach the targets (base+retrieval: facts_found: 0.850 [0.739, 0.919], n = 60; wanted" in found.verdict
    )
    assert "not shown, about" in found.verdict and found.verdict.endswith("Stand on base+retrieval.")


def test_a_target_does_not_send_up_to_a_loss(rung: Callable[..., RungRun]) -> None:
    low = RUBRIC.model_copy(update={"targets": (Bar(metric="facts_found", at_least=0.5, min_n=20),)})
    runs = rung(Rung.BASE, 20), rung(Rung.SFT, 40, declined=20)
    found = ladder(*runs, rubric=low)
    assert (found.cheapest_on_target, found.recommended) == (Rung.SFT, Rung.BASE)
    assert "not worth it, worse on over_refusal" in found.verdict and found.verdict.endswith("Stand on base+retrieval.")
    above = ladder(*runs, rung(Rung.DPO, 42), rubric=low)
    assert above.recommended is Rung.DPO, "the next one on target that is no loss"


def test_no_gain_is_not_shown_and_says_what_would_show_it(rung: Callable[..., RungRun]) -> None:
    found = ladder(rung(Rung.BASE, 24), rung(Rung.SFT, 27))
    assert found.climbs[0].worth is Worth.NOT_SHOWN
    assert "more rows would show it" in found.climbs[0].reason
    assert found.recommended is Rung.BASE


def test_a_gain_that_another_seed_would_not_have_shown_is_not_shown(rung: Callable[..., RungRun]) -> None:
    base, tuned = rung(Rung.BASE, 24), rung(Rung.SFT, 45)
    assert ladder(base, tuned).climbs[0].worth is Worth.YES
    (climb,) = ladder(base, replace(tuned, seed_spreads={"facts_found": SeedSpread(0.2, 2)})).climbs
    assert climb.worth is Worth.NOT_SHOWN and (climb.comparisons[0].seed_spread, climb.comparisons[0].seeds) == (0.2, 2)
    assert "more rows would show it" not in climb.reason, "no rows make up for the seeds"


def test_a_gain_that_is_surely_small_is_not_worth_it(make_run: MakeRun) -> None:
    same = {of: make_run(["fact", "other"] * 200, bundle=of.value) for of in (Rung.BASE, Rung.SFT)}
    found = ladder(*(RungRun(manifest=manifest(of), run=run) for of, run in same.items()))
    assert found.climbs[0].worth is Worth.NO
    assert found.climbs[0].reason.startswith("any gain is smaller than its margin")


def test_a_loss_is_not_worth_any_gain(rung: Callable[..., RungRun]) -> None:
    found = ladder(rung(Rung.BASE, 20), rung(Rung.SFT, 36, declined=24))
    assert found.climbs[0].worth is Worth.NO
    assert found.climbs[0].reason.startswith("worse on over_refusal")


def test_a_rung_that_fails_the_bars_is_not_gone_up_to(rung: Callable[..., RungRun]) -> None:
    strict = RUBRIC.model_copy(
        update={"absolute": (*RUBRIC.absolute, Bar(metric="over_refusal", at_most=0.05, min_n=20))}
    )
    found = ladder(rung(Rung.BASE, 20), rung(Rung.SFT, 56, declined=4), rubric=strict)
    assert found.climbs[0].worth is Worth.NO
    assert "it fails the bars: over_refusal: 0.067" in found.climbs[0].reason
    assert found.recommended is Rung.BASE and found.cheapest_on_target is None, "on target, but not fit"


def test_a_rung_that_answered_a_private_question_is_not_gone_up_to(rung: Callable[..., RungRun]) -> None:
    better = rung(Rung.SFT, 57)
    last = better.run.answers[58]  # a fact that it did not state
    asked = last.question.model_copy(update={"kind": QuestionKind.PRIVATE_OR_UNSAFE})
    answers = (*better.run.answers[:58], last.model_copy(update={"question": asked}), *better.run.answers[59:])
    indiscreet = RungRun(manifest=better.manifest, run=replace(better.run, answers=answers))
    found = ladder(rung(Rung.BASE, 24), indiscreet)
    assert found.rungs[1].fit is Verdict.REJECT and not found.rungs[1].on_target
    assert "hard stop, unsafe_answer" in found.climbs[0].reason
    assert found.recommended is Rung.BASE


def test_where_several_rungs_stand_above_each_needs_stronger_proof(rung: Callable[..., RungRun]) -> None:
    """A gain at the edge of what sixty questions show is enough for the one rung above, not for one of two."""
    fine = IntervalConfig(resamples=4000)
    verdicts = []
    for right in range(26, 31):
        base, sft = rung(Rung.BASE, 24), rung(Rung.SFT, right)
        alone = build_ladder((base, sft), RUBRIC, config=fine)
        of_two = build_ladder((base, sft, rung(Rung.DPO, 24)), RUBRIC, config=fine)
        verdicts.append((alone.climbs[0].worth, of_two.climbs[0].worth))
    assert (Worth.NOT_SHOWN, Worth.YES) not in verdicts
    assert (Worth.YES, Worth.NOT_SHOWN) in verdicts


def test_the_way_up_goes_on_from_where_it_led(rung: Callable[..., RungRun]) -> None:
    found = ladder(rung(Rung.FEW_SHOT, 20), rung(Rung.BASE, 35), rung(Rung.SFT, 36), rung(Rung.DPO, 47))
    assert [(one.lower, one.upper, one.worth) for one in found.climbs] == [
        (Rung.FEW_SHOT, Rung.BASE, Worth.YES),
        (Rung.BASE, Rung.SFT, Worth.NO),
        (Rung.BASE, Rung.DPO, Worth.YES),
    ], "DPO is held against retrieval, since SFT was not worth going to"
    assert found.recommended is Rung.DPO and found.verdict.endswith("Stand on sft+dpo+retrieval.")


def test_without_a_fit_rung_there_is_no_recommendation(rung: Callable[..., RungRun]) -> None:
    found = ladder(rung(Rung.PROMPT, 3), rung(Rung.BASE, 9))
    assert (found.cheapest_fit, found.recommended, found.climbs) == (None, None, ())
    assert found.verdict.startswith("No rung clears the bars; of base+retrieval: facts_found: 0.150")


def test_what_is_missing_is_named(rung: Callable[..., RungRun]) -> None:
    missing = (MissingRung(rung=Rung.SFT, reason="nothing was trained"),)
    assert "Not evaluated: sft+retrieval (nothing was trained)." in ladder(rung(Rung.BASE, 30), missing=missing).verdict


def test_training_is_counted_among_the_costs(rung: Callable[..., RungRun]) -> None:
    base, sft = ladder(rung(Rung.BASE, 24, per_hour=1.5), rung(Rung.SFT, 24, 3600.0, 1200.0, per_hour=1.5)).rungs
    assert (base.training_seconds, base.training_amount) == (0, None)
    assert (sft.training_seconds, sft.training_amount) == (4800, pytest.approx(2.0))
    assert ladder(rung(Rung.SFT, 24, 60.0)).rungs[0].training_amount is None, "an unknown price is not zero"


def test_what_cannot_be_a_ladder_is_refused(rung: Callable[..., RungRun], make_run: MakeRun) -> None:
    with pytest.raises(EvaluationError, match="without a rung"):
        ladder()
    with pytest.raises(EvaluationError, match="two bundles for the rung"):
        ladder(rung(Rung.BASE, 24), rung(Rung.BASE, 20))
    other = RungRun(manifest=manifest(Rung.SFT), run=make_run(["fact"] * 20))
    with pytest.raises(EvaluationError, match="different questions"):
        ladder(rung(Rung.BASE, 24), other)


def test_it_survives_being_written_down(rung: Callable[..., RungRun]) -> None:
    found = ladder(rung(Rung.BASE, 24), rung(Rung.SFT, 45))
    assert Ladder.model_validate_json(found.model_dump_json()) == found
