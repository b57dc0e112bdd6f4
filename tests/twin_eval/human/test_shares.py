from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin_eval.human.shares import share
from twin_eval.statistics import IntervalConfig

QUICK = IntervalConfig(resamples=200)
ROWS = st.lists(st.tuples(st.none() | st.booleans(), st.integers(0, 6)), max_size=30)


@given(ROWS)
def test_a_share_lies_in_its_interval_and_counts_what_is_unscored(rows: list[tuple[bool | None, int]]) -> None:
    flags = [flag for flag, _ in rows]
    score = share("x", flags, clusters=[cluster for _, cluster in rows], config=QUICK)
    kept = [flag for flag in flags if flag is not None]
    if not kept:
        assert score is None
        return
    assert score is not None and (score.n, score.unscored) == (len(kept), len(flags) - len(kept))
    assert score.value == sum(kept) / len(kept)
    assert 0 <= score.low <= score.value <= score.high <= 1


def test_one_source_says_nothing_and_two_that_agree_little() -> None:
    alone = share("x", [True] * 9, clusters=["a"] * 9, config=QUICK)
    two = share("x", [True] * 9, clusters=[*"aaaaabbbb"], config=QUICK)
    many = share("x", [True] * 40, clusters=list(range(40)), config=QUICK)
    assert alone and (alone.low, alone.high) == (0, 1)
    assert two and many and two.low < 0.2 and many.low == pytest.approx(0.025 ** (1 / 40))


def test_five_documents_hold_the_truth_as_often_as_they_say() -> None:
    rng, held, runs = np.random.default_rng(3), 0, 150
    for _ in range(runs):
        rates, sizes = rng.beta(3.2, 0.8, size=5), rng.integers(1, 9, size=5)
        flags = [bool(rng.random() < rate) for rate, size in zip(rates, sizes, strict=True) for _ in range(size)]
        clusters = [at for at, size in enumerate(sizes) for _ in range(size)]
        score = share("x", flags, clusters=clusters, config=QUICK)
        assert score
        held += score.low <= 0.8 <= score.high
    assert held / runs > 0.88, "a plain bootstrap holds it in .80"
