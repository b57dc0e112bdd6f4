from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin_data.statistics import wilson_interval
from twin_eval.statistics import (
    IntervalConfig,
    bootstrap_interval,
    function_score,
    kappa_score,
    mean_score,
    proportion_score,
    quantile_score,
)

CONFIG = IntervalConfig()
QUICK = IntervalConfig(resamples=200)
FLOATS = st.floats(-1e6, 1e6, allow_nan=False)


@given(st.lists(FLOATS, min_size=2, max_size=40))
def test_the_mean_lies_in_its_interval_and_the_interval_within_what_can_be(values: list[float]) -> None:
    within = min(values), max(values)
    score = mean_score("x", values, config=QUICK, within=within)
    assert score is not None
    assert score.value == pytest.approx(sum(values) / len(values), rel=1e-9, abs=1e-6)
    assert score.low <= score.value <= score.high
    slack = 1e-9 * (1 + max(map(abs, values)))
    assert within[0] - slack <= score.low
    assert score.high <= within[1] + slack


def test_a_mean_of_few_values_reaches_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(4)
    config = IntervalConfig(resamples=200)
    for n in (2, 3, 5, 9):
        scores = [mean_score("x", rng.normal(60, 43, n).tolist(), config=config) for _ in range(300)]
        assert sum(one is not None and one.low <= 60 <= one.high for one in scores) / 300 > 0.91, n


def test_of_one_value_or_one_document_a_mean_has_no_interval() -> None:
    assert mean_score("x", [50.0], config=CONFIG) is None
    assert mean_score("x", [50.0, 60.0], config=CONFIG, clusters=["a", "a"]) is None
    share = mean_score("x", [0.5, 0.7], config=CONFIG, clusters=["a", "a"], within=(0, 1))
    assert share is not None
    assert (share.low, share.high) == (0, 1)
    assert function_score("x", [50.0], np.abs, config=CONFIG) is None


def test_a_function_of_a_mean_has_all_that_it_is_over_the_means_interval() -> None:
    score = function_score("x", [80.0, 90.0, 110.0, 130.0], lambda mean: 100 - np.abs(mean - 100), config=CONFIG)
    assert score is not None
    assert (round(score.value, 1), score.high) == (97.5, pytest.approx(100, abs=1))
    assert score.low < 80


@pytest.mark.parametrize(("documents", "each"), [(6, 20), (20, 5), (28, 2)])
def test_a_share_of_rows_that_stand_and_fall_together_reaches_the_truth(documents: int, each: int) -> None:
    """Rows of one document agree; taken for independent ones, their interval holds the truth about half the time."""
    rng = np.random.default_rng(documents)
    labels = np.repeat(np.arange(documents), each).tolist()
    together = alone = 0
    for _ in range(400):
        flags = (rng.random(documents * each) < np.repeat(rng.beta(0.6, 0.6, documents), each)).tolist()
        clustered, plain = proportion_score("x", flags, clusters=labels), proportion_score("x", flags)
        assert clustered is not None and plain is not None
        together += clustered.low <= 0.5 <= clustered.high
        alone += plain.low <= 0.5 <= plain.high
    assert together / 400 > 0.92
    assert alone < together


def test_rows_that_are_their_own_documents_have_wilsons_interval() -> None:
    score = proportion_score("x", [True] * 7 + [False] * 5, clusters=list("abcdefghijkl"))
    assert score is not None
    assert (score.low, score.high) == pytest.approx(wilson_interval(7, 12))


@given(st.lists(FLOATS, min_size=1, max_size=40), st.sampled_from([0.5, 0.95]))
def test_a_quantile_is_a_value_of_the_sample(values: list[float], quantile: float) -> None:
    score = quantile_score("x", values, quantile, config=QUICK)
    assert score is not None
    assert score.value in values
    assert score.low <= score.value <= score.high
    assert sum(value <= score.value for value in values) >= quantile * len(values)


@given(st.lists(st.one_of(st.none(), st.booleans()), max_size=150))
def test_unscored_rows_are_counted_and_not_taken_for_zero(flags: list[bool | None]) -> None:
    score = proportion_score("x", flags)
    kept = [flag for flag in flags if flag is not None]
    if not kept:
        assert score is None
        return
    assert score is not None
    assert (score.n, score.unscored) == (len(kept), len(flags) - len(kept))
    assert score.value == sum(kept) / len(kept)
    assert 0 <= score.low <= score.value <= score.high <= 1


def test_a_unanimous_proportion_is_not_certain() -> None:
    for n in (10, 400):
        score = proportion_score("x", [True] * n)
        assert score is not None
        assert score.low == pytest.approx(wilson_interval(n, n)[0])
        assert score.low < 1


def test_the_interval_of_a_mean_agrees_with_the_normal_one() -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(5, 2, 400).tolist()
    score = mean_score("x", values, config=CONFIG)
    half = 1.96 * np.std(values) / math.sqrt(400)
    assert score is not None
    assert score.low == pytest.approx(score.value - half, abs=0.04)
    assert score.high == pytest.approx(score.value + half, abs=0.04)


def test_bootstrap_covers_the_true_mean_about_nineteen_times_in_twenty() -> None:
    rng = np.random.default_rng(11)
    config = IntervalConfig(resamples=400)
    hits = 0
    for _ in range(300):
        low, high = bootstrap_interval(rng.exponential(1.0, 60).tolist(), config=config)
        hits += low <= 1.0 <= high
    assert 0.89 <= hits / 300 <= 0.98


def test_the_same_seed_gives_the_same_interval() -> None:
    values = np.random.default_rng(1).normal(size=50).tolist()
    first = bootstrap_interval(values, config=CONFIG)
    assert bootstrap_interval(values, config=CONFIG) == first
    assert bootstrap_interval(values, config=IntervalConfig(seed=1)) != first


def test_rows_that_stand_and_fall_together_widen_the_interval() -> None:
    rng = np.random.default_rng(5)
    by_document = rng.normal(0, 1, 20)
    values = np.repeat(by_document, 10).tolist()
    clusters = [f"document-{at // 10}" for at in range(200)]
    low, high = bootstrap_interval(values, config=CONFIG)
    wide_low, wide_high = bootstrap_interval(values, config=CONFIG, clusters=clusters)
    # Ten equal rows a document: the clustered interval is that of 20 rows, wider by the root of ten.
    assert (wide_high - wide_low) / (high - low) == pytest.approx(math.sqrt(10), rel=0.12)
    alone = bootstrap_interval(by_document.tolist(), config=CONFIG)
    assert (wide_low, wide_high) == pytest.approx(alone, abs=1e-9)


def test_clusters_of_unscored_rows_are_left_out() -> None:
    score = mean_score("x", [1.0, None, 3.0], config=CONFIG, clusters=["a", "b", "c"])
    assert score is not None
    assert (score.value, score.n, score.unscored) == (2.0, 2, 1)
    with pytest.raises(ValueError, match="2 cluster labels for 3 values"):
        mean_score("x", [1.0, 2.0, 3.0], config=CONFIG, clusters=["a", "b"])


def test_nothing_has_no_interval() -> None:
    assert mean_score("x", [], config=CONFIG) is None
    with pytest.raises(ValueError, match="no value"):
        bootstrap_interval([], config=CONFIG)


def test_kappa_is_cohens() -> None:
    # Cohen (1960), table 1: proportions of 200 judgements into three categories.
    table = {("a", "a"): 88, ("a", "b"): 10, ("a", "c"): 2, ("b", "a"): 14, ("b", "b"): 40, ("b", "c"): 6,
             ("c", "a"): 18, ("c", "b"): 10, ("c", "c"): 12}  # fmt: skip
    pairs = [pair for pair, count in table.items() for _ in range(count)]
    score = kappa_score("x", pairs, config=CONFIG)
    assert score is not None
    assert score.value == pytest.approx(0.492, abs=5e-4)
    assert 0.3 < score.low < score.value < score.high < 0.65
    assert score.n == 200


def test_kappa_is_1_where_both_agree_0_by_chance_and_none_where_nothing_varies() -> None:
    same = kappa_score("x", [("a", "a"), ("b", "b")] * 20, config=QUICK)
    chance = kappa_score("x", [("a", "a"), ("a", "b"), ("b", "a"), ("b", "b")] * 10, config=QUICK)
    assert same and same.value == 1 and chance and chance.value == pytest.approx(0)
    assert kappa_score("x", [("a", "a")] * 9, config=QUICK) is None
    assert kappa_score("x", [], config=QUICK) is None


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("abc"), st.integers(0, 3)), max_size=30))
def test_kappa_never_leaves_its_range_or_its_interval(rows: list[tuple[str, str, int]]) -> None:
    pairs = [(one, other) for one, other, _ in rows]
    score = kappa_score("x", pairs, config=QUICK, clusters=[cluster for *_, cluster in rows])
    if score is not None:
        assert -1 <= score.low <= score.value <= score.high <= 1
