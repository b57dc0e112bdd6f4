from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from twin_data.configuration.rubric import Bar, RelativeBar, Rubric, SampleSizes
from twin_data.contracts.evaluation import ComparisonOutcome, Verdict
from twin_eval.comparison import UNTRAINED, SeedSpread, spread_words
from twin_eval.gate import decide
from twin_eval.scored_run import ScoredRun
from twin_eval.seed_spread import seed_spreads
from twin_eval.statistics import IntervalConfig

MakeRun = Callable[..., ScoredRun]
CONFIG = IntervalConfig(resamples=300)


def right_on(make_run: MakeRun, share: float, seed: int = 0, n: int = 80) -> ScoredRun:
    """A run whose questions are answered in an order of hardness that all runs share, but for the noise of `seed`."""
    rng = np.random.default_rng(seed)
    hardness = (np.arange(n) + 0.5) / n + 0.05 * rng.normal(size=n)
    return make_run(["fact" if hard < share else "other" for hard in hardness])


def test_two_seeds_that_differ_beyond_the_questions_noise_have_a_spread(make_run: MakeRun) -> None:
    runs = [right_on(make_run, 0.4, 1), right_on(make_run, 0.7, 2)]
    found = seed_spreads(runs, ["facts_found", "voice"], config=CONFIG)
    assert found.keys() == {"facts_found"}  # nobody scored a voice
    # A difference of .3 between two seeds is one of sd .3 / sqrt 2 for each, less a little for the questions.
    assert found["facts_found"].value == pytest.approx(0.3 / 2**0.5, rel=0.15)
    assert found["facts_found"].seeds == 2


def test_what_the_questions_alone_explain_is_no_spread(make_run: MakeRun) -> None:
    same = right_on(make_run, 0.5, 1)
    assert seed_spreads([same, right_on(make_run, 0.5, 2)], ["facts_found"], config=CONFIG)["facts_found"].value < 0.03
    assert seed_spreads([same, same], ["facts_found"], config=CONFIG) == {"facts_found": SeedSpread(0.0, 2)}


def test_seeds_are_counted_metric_by_metric(make_run: MakeRun) -> None:
    """A seed that has no figure tells nothing of that metric."""
    heard = [make_run(["fact", "other"] * 20, percents=[50.0 + at + seed for at in range(10)]) for seed in (0, 9)]
    found = seed_spreads([*heard, right_on(make_run, 0.5)], ["facts_found", "voice"], config=CONFIG)
    assert {metric: one.seeds for metric, one in found.items()} == {"facts_found": 3, "voice": 2}


def test_one_seed_tells_nothing(make_run: MakeRun) -> None:
    assert seed_spreads([right_on(make_run, 0.5)], ["facts_found"], config=CONFIG) == {}


def test_a_gain_must_exceed_the_spread_of_seeds_a_loss_need_not(make_run: MakeRun) -> None:
    bar = RelativeBar(metric="facts_found", better="higher", margin=0.1)
    rubric = Rubric(
        absolute=(Bar(metric="cost", at_most=1, if_measured=True),), relative=(bar,), improves=("facts_found",),
        minimum=SampleSizes(questions=1, per_refusal_kind=0),
    )  # fmt: skip
    mine, theirs = right_on(make_run, 0.75, 1), right_on(make_run, 0.5, 2)

    def judge(spread: float | None, candidate: ScoredRun = mine, champion: ScoredRun = theirs) -> tuple[object, ...]:
        spreads = {} if spread is None else {"facts_found": SeedSpread(spread, 2)}
        decision = decide(candidate, champion, rubric, seed_spreads=spreads, config=CONFIG)
        (one,) = decision.comparisons
        return decision.verdict, one.outcome, one.seed_spread

    assert judge(None) == (Verdict.PROMOTE, ComparisonOutcome.BETTER, None)
    assert judge(0.0) == (Verdict.PROMOTE, ComparisonOutcome.BETTER, 0.0)
    assert judge(0.2) == (Verdict.INCONCLUSIVE, ComparisonOutcome.NOT_WORSE, 0.2)
    assert judge(0.2, theirs, mine)[:2] == (Verdict.REJECT, ComparisonOutcome.WORSE)
    known = rubric.model_copy(update={"relative": (bar.model_copy(update={"seed_spread": 0.2}),)})
    decision = decide(mine, theirs, known, config=CONFIG)
    assert decision.verdict is Verdict.INCONCLUSIVE
    assert "facts_found [spread of training seeds 0.200, the rubric's assumption]" in decision.reasons[0]
    assert [spread_words(one) for one in decision.comparisons] == ["0.200, the rubric's assumption"]
    measured = decide(mine, theirs, known, seed_spreads={"facts_found": SeedSpread(0.01, 3)}, config=CONFIG)
    assert measured.verdict is Verdict.PROMOTE and measured.comparisons[0].seeds == 3
    assert any("facts_found [spread of training seeds 0.010 of 3 seeds]" in one for one in measured.reasons)


def test_where_a_spread_is_known_from_is_told(make_run: MakeRun) -> None:
    rubric = Rubric(
        absolute=(Bar(metric="cost", at_most=1, if_measured=True),), improves=("facts_found",),
        relative=(RelativeBar(metric="facts_found", better="higher", margin=0.1),),
        minimum=SampleSizes(questions=1, per_refusal_kind=0),
    )  # fmt: skip

    def told(spreads: dict[str, SeedSpread]) -> str:
        mine, theirs = right_on(make_run, 0.75, 1), right_on(make_run, 0.5, 2)
        (one,) = decide(mine, theirs, rubric, seed_spreads=spreads, config=CONFIG).comparisons
        return spread_words(one)

    assert told({}) == "unknown"
    assert told({"facts_found": UNTRAINED}) == "none, nothing was trained"
    assert told({"facts_found": SeedSpread(0.0, 2)}) == "0.000 of 2 seeds"
