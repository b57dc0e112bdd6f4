from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from twin_data.contracts.coverage_risk import RefusalCosts
from twin_eval.coverage_risk import Calibration, calibrate, judged, threshold_in_force, why_not
from twin_eval.page.render import render_page
from twin_eval.records import Answer
from twin_eval.scored_run import ScoredRun
from twin_eval.scorers import ScoredAnswer
from twin_eval.statistics import IntervalConfig

MakeRun = Callable[..., ScoredRun]
CONFIG = IntervalConfig(resamples=200)
COSTS = RefusalCosts()
WHAT = ("fact", "other", "decline")


def with_scores(run: ScoredRun, scores: Sequence[float | None], threshold: float | None = 0.5) -> list[ScoredAnswer]:
    """The run's answers as a service gives them that tells the judge's score."""
    told = []
    for one, score in zip(run.answers, scores, strict=True):
        changes = {"signals": {"answerability": score}, "thresholds": {"answerability": threshold} if threshold else {}}
        answer = one.record.answer
        seen = answer.model_copy(update={"twin": answer.twin.model_copy(update=changes)}) if answer else None
        told.append(one.model_copy(update={"record": one.record.model_copy(update={"answer": seen})}))
    return told


def calibrated(answers: Sequence[ScoredAnswer], costs: RefusalCosts = COSTS) -> Calibration:
    found = calibrate(answers, costs=costs, config=CONFIG)
    assert found is not None
    return found


@pytest.fixture
def known(make_run: MakeRun) -> list[ScoredAnswer]:
    """Of six judged questions four were answered: two rightly, one without its fact, one that was to be refused."""
    run = make_run(["fact", "fact", "other", "decline"], ["other", "decline"])
    return with_scores(run, [0.9, 0.8, 0.6, 0.3, 0.7, 0.2])


def test_the_curve_follows_the_scores_down_to_the_threshold_in_force(known: list[ScoredAnswer]) -> None:
    found = calibrated(known).found
    assert (found.questions, found.answered) == (6, 4)
    assert [point.threshold for point in found.points] == [0.9, 0.8, 0.7, 0.6]
    assert [point.coverage for point in found.points] == pytest.approx([1 / 6, 2 / 6, 3 / 6, 4 / 6])
    assert [point.risk for point in found.points] == pytest.approx([0, 0, 1 / 3, 1 / 2])
    assert all(point.low <= point.risk <= point.high for point in found.points)
    assert found.points[0].high > 0.5  # one row that is right shows little


def test_the_curve_of_decisions_runs_over_what_was_declined_as_well(known: list[ScoredAnswer]) -> None:
    points = calibrated(known).found.decision_points
    assert points[-1].coverage == 1
    assert [point.risk for point in points] == pytest.approx([0, 0, 1 / 3, 1 / 4, 1 / 5, 2 / 6])


def test_the_areas_are_mean_risks_over_the_answers(known: list[ScoredAnswer]) -> None:
    scores = {score.name: score for score in calibrated(known).scores}
    assert scores["answer_risk"].value == 0.5
    assert scores["answer_risk_area"].value == pytest.approx((0 + 0 + 1 / 3 + 1 / 2) / 4)
    assert scores["answer_risk_area"].n == 4
    assert scores["decision_risk_area"].n == 6


def test_costs_are_counted_at_the_threshold_in_force_and_at_the_one_they_imply(known: list[ScoredAnswer]) -> None:
    found = calibrated(known).found
    assert found.in_force.cost == pytest.approx((0.5 + 0.5 + 1.0) / 6)
    assert (found.in_force.over_refusals, found.in_force.wrong_answers, found.in_force.under_refusals) == (1, 1, 1)
    assert found.implied.threshold == pytest.approx(0.75)
    assert found.implied.cost == pytest.approx((0.5 + 0.5) / 6)
    assert found.difference == pytest.approx(-1 / 6)
    assert found.difference_low <= found.difference <= found.difference_high


def test_a_dear_refusal_keeps_the_threshold_and_looks_below_it(known: list[ScoredAnswer]) -> None:
    found = calibrated(known, RefusalCosts(over_refusal=5, wrong_answer=1, under_refusal=0.1)).found
    assert found.implied == found.in_force
    assert found.difference == 0
    assert found.lower is not None
    assert found.lower.threshold == 0.3  # lets the answerable question through, not the one to be refused
    assert found.lower.best == pytest.approx((1 + 0.1) / 6)
    assert found.lower.worst == pytest.approx((1 + 0.1 + 1) / 6)


def test_where_a_wrong_answer_is_dear_nothing_may_be_answered(make_run: MakeRun) -> None:
    run = make_run(["other", "other"], ["other"])
    found = calibrated(with_scores(run, [0.9, 0.8, 0.95]), RefusalCosts(wrong_answer=10, under_refusal=10)).found
    assert found.implied.threshold == pytest.approx(0.975)
    assert found.implied.coverage == 0


def test_equal_scores_share_one_point(make_run: MakeRun) -> None:
    found = calibrated(with_scores(make_run(["fact", "other"], ["decline"]), [0.8, 0.8, 0.1])).found
    assert [(point.threshold, point.risk) for point in found.points] == [(0.8, 0.5)]


def test_questions_that_never_reached_the_judge_are_left_out(make_run: MakeRun) -> None:
    run = make_run(["fact", "fact", "error"], ["decline"])
    answers = with_scores(run, [0.9, None, None, None])
    assert len(judged(answers)) == 1
    assert calibrate(answers, costs=COSTS, config=CONFIG) is None
    assert "fewer than two source documents" in why_not(answers)


def test_a_service_that_tells_no_threshold_leaves_the_curve_unmeasured(make_run: MakeRun) -> None:
    run = make_run(["fact", "fact"], ["decline"])
    assert threshold_in_force(run.answers) is None
    assert run.report.coverage_risk is None
    reasons = {one.name: one.reason for one in run.report.unmeasured}
    assert "tell no threshold" in reasons["decision_risk_area"]
    assert "Coverage and risk" not in render_page(run)


def test_the_page_says_what_the_costs_imply(make_run: MakeRun, make_answer: Callable[..., Answer]) -> None:
    run = make_run(["fact", "fact", "other", "decline"], ["other", "decline"])
    calibration = calibrated(with_scores(run, [0.9, 0.8, 0.6, 0.3, 0.7, 0.2]))
    scores = (*run.report.scores, *calibration.scores)
    report = run.report.model_copy(update={"coverage_risk": calibration.found, "scores": scores})
    page = render_page(ScoredRun(report=report, answers=run.answers))
    assert "4 of 6 questions that the judge saw were answered" in page
    assert "the threshold 0.75 would have cost least: 0.167 a question where the one in force cost 0.333" in page
    assert "answer_risk_area" in page


ROWS = st.lists(
    st.tuples(st.sampled_from(WHAT), st.booleans(), st.integers(min_value=0, max_value=100)), min_size=2, max_size=25
)
PRICES = st.floats(min_value=0, max_value=10)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])  # it only builds
@given(rows=ROWS, prices=st.tuples(PRICES, PRICES, PRICES))
def test_no_threshold_from_the_one_in_force_upwards_is_cheaper_than_the_implied_one(
    make_run: MakeRun, rows: list[tuple[str, bool, int]], prices: tuple[float, float, float]
) -> None:
    answerable = [row for row in rows if row[1]]
    to_refuse = [row for row in rows if not row[1]]
    run = make_run([row[0] for row in answerable], ["other" if row[0] == "fact" else row[0] for row in to_refuse])
    scores = [row[2] / 100 if row[0] == "decline" else max(50, row[2]) / 100 for row in (*answerable, *to_refuse)]
    costs = RefusalCosts(over_refusal=prices[0], wrong_answer=prices[1], under_refusal=prices[2])
    found = calibrated(with_scores(run, scores), costs).found
    assert found.implied.threshold >= 0.5
    assert found.implied.cost <= found.in_force.cost + 1e-9
    assert all(0 <= point.low <= point.risk <= point.high <= 1 for point in (*found.points, *found.decision_points))
    assert [point.coverage for point in found.points] == sorted(point.coverage for point in found.points)
    if found.lower:
        assert found.lower.threshold < 0.5
        assert found.lower.best <= found.lower.worst + 1e-9
