"""The gate by simulation, small enough to run with every change; `python -m benchmarks.gate` says it more exactly."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.gate import BETTER, CHAMPION, GAIN, Twin, World
from twin_data.contracts.evaluation import Verdict
from twin_eval.gate import decide, default_rubric
from twin_eval.statistics import IntervalConfig

PAIRS = 80
CONFIG = IntervalConfig(resamples=300)
MOST_FALSE = 9
"""Of 80: at a true rate of 5 % more come once in sixty times."""


@pytest.fixture(scope="module")
def world() -> World:
    return World(400)


def promoted(world: World, candidate: Twin) -> int:
    rubric = default_rubric()
    verdicts = [decide(*world.pair(seed, candidate), rubric, config=CONFIG).verdict for seed in range(PAIRS)]
    return verdicts.count(Verdict.PROMOTE)


@pytest.mark.parametrize("metric", ["whole_answer", "facts_found", "under_refusal"])
def test_what_is_worse_by_the_margin_is_promoted_once_in_twenty_times_at_most(world: World, metric: str) -> None:
    """Far better on all the rest, which is when the gate is easiest to fool."""
    loss = 0.1 if metric == "under_refusal" else -0.1
    assert promoted(world, replace(BETTER, **{metric: getattr(CHAMPION, metric) + loss})) <= MOST_FALSE


def test_what_is_no_better_is_hardly_ever_promoted(world: World) -> None:
    assert promoted(world, CHAMPION) <= MOST_FALSE


def test_the_stated_gain_is_found_four_times_in_five(world: World) -> None:
    assert promoted(world, GAIN) / PAIRS >= 0.75
