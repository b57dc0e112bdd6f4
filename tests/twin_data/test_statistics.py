from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin_data.statistics import mean_with_interval, wilson_interval


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_solves_the_score_test(case: tuple[int, int]) -> None:
    k, n = case
    low, high = wilson_interval(k, n)
    assert 0 <= low <= k / n <= high <= 1
    for bound in {low, high} - {0.0, 1.0}:
        z = abs(k / n - bound) / math.sqrt(bound * (1 - bound) / n)
        assert z == pytest.approx(1.959964, rel=1e-5)


def test_wilson_against_a_published_value() -> None:
    # Newcombe (1998), table I: 15 of 148.
    assert wilson_interval(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)


def test_wilson_against_other_published_values() -> None:
    assert wilson_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)  # Newcombe (1998), table I
    assert wilson_interval(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)


def test_wilson_refuses_what_is_no_proportion() -> None:
    with pytest.raises(ValueError, match="3 successes of 2"):
        wilson_interval(3, 2)


def test_an_interval_holds_its_mean() -> None:
    mean, low, high = mean_with_interval([0.0, 1.0, 2.0, 3.0])
    assert low < mean == 1.5 < high
    with pytest.raises(ValueError, match="at least one"):
        mean_with_interval([])
