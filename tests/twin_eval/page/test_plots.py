"""Each of the four families is drawn with its intervals."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from twin_data.contracts.evaluation import Score
from twin_eval.page.drawing import Sample, ScoreRow, expense_plot, seconds_plot, voices_plot
from twin_eval.page.plots import glance
from twin_eval.scored_run import ScoredRun

from . import specimen


def score(low: float, high: float, name: str = "voice") -> Score:
    return Score(name=name, value=50, low=low, high=high, n=9)


def quantiles(low: float, high: float) -> tuple[Score, Score]:
    return score(low, high, "seconds_p50"), score(low, high, "seconds_p95")


@pytest.mark.parametrize(
    "draw",
    [
        lambda low, high: voices_plot(Sample([40, 60], [score(low, high)]), Sample()),
        lambda low, high: voices_plot(Sample([40, 60]), Sample([40, 60], [score(low, high)])),
        lambda low, high: seconds_plot(Sample([40, 60], quantiles(low, high)), Sample()),
        lambda low, high: expense_plot([ScoreRow("cost", score(low, high), score(0, 100))]),
    ],
)
def test_a_wider_interval_is_another_drawing(draw: Callable[[float, float], str]) -> None:
    assert draw(45, 55) == draw(45, 55) != draw(30, 70)


def test_the_four_families_are_drawn_and_the_champion_beside() -> None:
    run, champion = specimen.run(specimen.BUNDLE), specimen.run(specimen.CHAMPION, worse=2, seed=2)
    families = glance(run, champion, None, None)
    assert [one.title for one in families] == ["Voice", "Facts and sources", "Refusals", "Time and cost"]
    (expense, *_) = families[-1].plots
    assert expense.caption == "What an answer takes; cost in EUR"
    for name in ("seconds_p50", "seconds_p95", "cost", "prompt_tokens"):
        assert name in expense.svg
    assert "95 % intervals" in families[0].plots[0].caption


def test_a_cost_that_is_unknown_is_said_to_be(make_run: Callable[..., ScoredRun]) -> None:
    (expense, *_) = glance(make_run(["fact"]), None, None, None)[-1].plots
    assert expense.caption.endswith("cost is unknown: the recipe states no price") and ">cost<" not in expense.svg
