"""How far the luck of a training seed moves a metric.

Two trainings that differ in nothing but their seed give two bundles with different scores (Bouthillier et al., 2021,
"Accounting for variance in machine learning benchmarks"). A gain over the champion that another seed would not have
shown is the seed's and not the training's, so `comparison` asks a gain to exceed this spread as well.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import combinations

from twin_eval.comparison import SeedSpread, difference_on
from twin_eval.scored_run import ScoredRun
from twin_eval.statistics import IntervalConfig


def seed_spreads(
    runs: Sequence[ScoredRun], metrics: Iterable[str], *, config: IntervalConfig | None = None
) -> dict[str, SeedSpread]:
    """The standard deviation of each metric over the seeds of one training, and how many seeds have told it.

    Half the mean square difference of all pairs of runs, less what the questions alone make of that difference (the
    square of its standard error); never below zero. Metrics that fewer than two runs have are left out. Of two seeds
    this is one draw, and rough: better than to take the seed for a constant, no more.

    Args:
        runs: Bundles of the same training but for its seed, one a seed, on the same questions.
        metrics: Names of comparable metrics.
        config: Resamples and seed of the comparison.
    """
    found = {}
    for metric in metrics:
        squares: list[float] = []
        heard: set[int] = set()
        for first, second in combinations(range(len(runs)), 2):
            one = difference_on(runs[first], runs[second], metric, config=config or IntervalConfig())
            if one is not None:
                squares.append(one.value**2 - one.standard_error**2)
                heard |= {first, second}
        if squares:
            spread = math.sqrt(max(0.0, math.fsum(squares) / len(squares)) / 2)
            found[metric] = SeedSpread(spread, len(heard))
    return found
