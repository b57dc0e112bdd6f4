from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin_eval.monitoring.foreign import (
    PROBE_WIDENING,
    ForeignLevel,
    compare_foreign_shares,
    foreign_level,
    foreign_probabilities,
)

LEVEL = ForeignLevel(mean=0.17, spread=0.1)


def questions(size: int, seed: int, *, foreign: int = 0) -> np.ndarray:
    generator = np.random.default_rng(seed)
    own = generator.normal(0.55, 0.1, size - foreign)
    return np.concatenate([generator.normal(0.17, 0.06, foreign), own])


def test_a_tenth_of_foreign_questions_is_seen_and_measured() -> None:
    tested, _ = compare_foreign_shares(questions(150, 1), questions(200, 2, foreign=20), LEVEL, threshold=0.01)
    assert tested.drifted
    assert tested.share == pytest.approx(0.1, abs=0.02)
    assert tested.reference_share < 0.03


def test_a_small_window_that_is_half_foreign_is_seen() -> None:
    tested, _ = compare_foreign_shares(questions(24, 1), questions(30, 2, foreign=15), LEVEL, threshold=0.01)
    assert tested.drifted


def test_fewer_foreign_questions_than_before_are_no_drift() -> None:
    tested, _ = compare_foreign_shares(questions(150, 1, foreign=40), questions(200, 2), LEVEL, threshold=0.01)
    assert not tested.drifted and tested.p_value > 0.9


def test_chance_raises_no_more_alarms_than_the_threshold_allows() -> None:
    alarms = [
        compare_foreign_shares(questions(100, 2 * at), questions(60, 2 * at + 1), LEVEL, threshold=0.1)[0].drifted
        for at in range(60)
    ]
    assert sum(alarms) <= 13  # of 60 at 10 %: more than 13 would come by chance once in 200 times


def test_the_limit_says_the_same_as_the_p_value() -> None:
    for foreign in (0, 4, 8, 12, 20):
        tested, _ = compare_foreign_shares(questions(150, 1), questions(200, 2, foreign=foreign), LEVEL, threshold=0.01)
        assert tested.drifted == (tested.share > tested.limit), foreign


def test_the_same_questions_give_the_same_figures() -> None:
    pair = [compare_foreign_shares(questions(80, 1), questions(40, 2), LEVEL, threshold=0.01)[0] for _ in range(2)]
    assert pair[0] == pair[1]


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=60), st.floats(-0.2, 0.6), st.floats(0.04, 0.3))
def test_probabilities_are_probabilities_and_fall_with_nearness(
    cosines: list[float], mean: float, spread: float
) -> None:
    values = np.sort(np.asarray(cosines))
    found = foreign_probabilities(values, ForeignLevel(mean, spread))
    assert np.all((found >= 0) & (found <= 1)) and not np.isnan(found).any()


def test_probes_give_a_level_wider_than_themselves() -> None:
    level = foreign_level(np.asarray([0.1, 0.2, 0.3]))
    assert level.mean == pytest.approx(0.2)
    assert level.spread == pytest.approx(PROBE_WIDENING * np.std([0.1, 0.2, 0.3]))
    assert foreign_level(np.asarray([0.2, 0.2])).spread > 0
    with pytest.raises(ValueError, match="1 probes"):
        foreign_level(np.asarray([0.2]))


def test_nothing_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="cannot compare 0 questions with 3"):
        compare_foreign_shares(np.ones(3), np.zeros(0), LEVEL, threshold=0.01)
