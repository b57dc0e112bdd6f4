from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin_eval.paired import Observation, difference
from twin_eval.statistics import IntervalConfig, t_quantile

CONFIG = IntervalConfig(resamples=500)
SHARES = st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 9)), min_size=4, max_size=40)


def rows(values: list[float], clusters: list[str] | None = None) -> list[Observation]:
    return [Observation(value, clusters[at] if clusters else str(at)) for at, value in enumerate(values)]


@pytest.mark.parametrize(
    ("confidence", "degrees", "published"),
    [(0.975, 4, 2.776), (0.975, 10, 2.228), (0.975, 30, 2.042), (0.95, 5, 2.015), (0.8, 9, 0.883)],
)
def test_students_t_against_its_table(confidence: float, degrees: int, published: float) -> None:
    assert t_quantile(confidence, degrees) == pytest.approx(published, rel=5e-3)


@given(SHARES)
def test_the_difference_lies_between_its_bounds(cases: list[tuple[bool, bool, int]]) -> None:
    labels = [f"{at % 4} {cluster}" for at, (_, _, cluster) in enumerate(cases)]
    mine = rows([float(one) for one, _, _ in cases], labels)
    theirs = rows([float(one) for _, one, _ in cases], labels)
    found = difference(mine, theirs, config=CONFIG)
    assert -1 <= found.lower(0.975) <= found.lower(0.8) <= found.value <= found.upper(0.8) <= found.upper(0.975) <= 1
    swapped = difference(theirs, mine, config=CONFIG)
    assert swapped.value == pytest.approx(-found.value)


def test_what_makes_a_question_hard_for_both_cancels_out() -> None:
    hard = [float(at % 2) for at in range(40)]
    better = [1.0 if at == 0 else value for at, value in enumerate(hard)]
    paired = difference(rows(better), rows(hard), config=CONFIG)
    alone = difference(rows(better), rows(hard, [f"other {at}" for at in range(40)]), config=CONFIG)
    assert paired.value == pytest.approx(alone.value) == pytest.approx(0.025)
    assert paired.standard_error < alone.standard_error / 3


def test_rows_of_one_document_count_as_one() -> None:
    values = [1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0] * 2
    nothing = [0.5] * 16
    apart = difference(rows(values), rows(nothing), config=CONFIG)
    documents = [str(at // 4) for at in range(16)]
    together = difference(rows(values, documents), rows(nothing, documents), config=CONFIG)
    assert together.clusters == 4
    assert together.upper(0.975) - together.lower(0.975) > 1.5 * (apart.upper(0.975) - apart.lower(0.975))


def test_shares_that_agree_on_every_row_are_not_certain_for_ever() -> None:
    few = difference(rows([1.0] * 10), rows([1.0] * 10), config=CONFIG)
    many = difference(rows([1.0] * 100), rows([1.0] * 100), config=CONFIG)
    assert few.lower(0.975) == pytest.approx(-(1 - 0.025**0.1))  # Hanley's bound: 31 % of unseen rows may differ
    assert many.lower(0.975) == pytest.approx(-0.0362, abs=1e-3)
    assert few.detectable() > many.detectable() > 0


def test_numbers_that_agree_are_equal() -> None:
    found = difference(rows([12.0] * 10), rows([12.0] * 10), config=CONFIG)
    assert (found.lower(0.975), found.value, found.upper(0.975)) == (0, 0, 0)


def test_nothing_to_compare_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="nothing to compare"):
        difference([], rows([1.0]), config=CONFIG)
    with pytest.raises(ValueError, match="1 clusters"):
        difference(rows([1.0, 0.0], ["a", "a"]), rows([1.0], ["a"]), config=CONFIG)


def planted(seed: int, n: int, shift: float) -> tuple[list[Observation], list[Observation]]:
    """Rows of n questions on n / 2 documents: champion right on six in ten, the candidate on `shift` more."""
    rng = np.random.default_rng(seed)
    documents = [str(at // 2) for at in range(n)]
    hardness = np.repeat(rng.normal(size=n // 2), 2) * 0.5 + rng.normal(size=n)
    noise = rng.normal(size=(2, n)) * 0.4
    bars = [np.quantile(hardness, 0.6), np.quantile(hardness, 0.6 + shift)]
    theirs, mine = ((hardness + noise[side] < bars[side]).astype(float).tolist() for side in (0, 1))
    return rows(mine, documents), rows(theirs, documents)


def test_intervals_hold_the_true_difference_as_often_as_they_say() -> None:
    covered = 0
    for seed in range(300):
        found = difference(*planted(seed, 40, 0.0), config=IntervalConfig(resamples=300, seed=seed))
        covered += found.lower(0.975) <= 0 <= found.upper(0.975)
    assert covered / 300 >= 0.93


@pytest.mark.parametrize("beside", [0.0, 0.05])
@pytest.mark.parametrize("confidence", [0.5, 0.8, 0.975, 0.9917])
def test_so_many_times_more_rows_find_a_size_as_the_detectable_one_needs_once(confidence: float, beside: float) -> None:
    found = difference(*planted(1, 120, 0.13), config=IntervalConfig(resamples=300))
    size = found.detectable(confidence, beside=beside)
    assert found.times_more_to_find(size, confidence, beside=beside) == pytest.approx(1)
    assert found.times_more_to_find(beside, confidence, beside=beside) == np.inf
    halved = replace(found, standard_error=found.standard_error / 2, jackknife_error=found.jackknife_error / 2)
    smaller = halved.detectable(confidence, beside=beside)
    assert found.times_more_to_find(smaller, confidence, beside=beside) == pytest.approx(4)


def test_a_difference_of_the_detectable_size_is_found_four_times_in_five() -> None:
    # 120 questions can detect about what is planted here; the share found must be near the power that is claimed.
    found = [
        difference(*planted(seed, 120, 0.13), config=IntervalConfig(resamples=300, seed=seed)) for seed in range(150)
    ]
    true = float(np.mean([one.value for one in found]))
    claimed = float(np.mean([one.detectable() for one in found]))
    power = float(np.mean([one.lower(0.975) > 0 for one in found]))
    assert claimed == pytest.approx(true, rel=0.35)
    assert 0.6 <= power <= 0.97
