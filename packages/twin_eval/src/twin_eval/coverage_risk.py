"""How well the judge's score tells what should be answered: coverage, risk, and the threshold that the costs imply.

Selective prediction (El-Yaniv and Wiener, 2010): answer a question if its score reaches a threshold; the share answered
is the coverage, the share of wrong answers among them the risk. The area under the curve is the mean risk over the
answers, each at its own score (AURC; Geifman, Uziel and El-Yaniv, 2019).

What is not known is not drawn. A question that the judge declined has no answer, so nothing can be said of wrong
answers below the threshold in force: raising it is replayed on the answers that were given, and of lowering it there
are bounds only, from all answers right to all wrong, if whatever the judge lets through is answered. Whether a question
*ought* to be answered is known of every question, so the curve of decisions runs over all thresholds. Questions that
never reached the judge, such as those a rule declines, are left out: no threshold moves them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from twin_data.contracts.coverage_risk import CoverageRisk, LowerThreshold, RefusalCosts, RiskPoint, ThresholdCost
from twin_data.contracts.evaluation import Score
from twin_data.statistics import wilson_interval
from twin_eval.paired import Observation, difference
from twin_eval.scorers import AnswerScores, ScoredAnswer
from twin_eval.statistics import MIN_CLUSTERS, Floats, IntervalConfig, proportion_score, resampled_interval

SIGNAL = "answerability"


@dataclass(frozen=True)
class Judged:
    """A question that the judge saw, and what came of it."""

    score: float
    is_answerable: bool
    is_answered: bool
    is_right: bool
    """Whether the answer is; False where there is none."""
    cluster: str

    @property
    def is_wrong(self) -> bool:
        """Whether there is an answer that is wrong, or that there ought not to be."""
        return self.is_answered and not self.is_right


@dataclass(frozen=True)
class Calibration:
    """The curves, and the figures of them that bars may name."""

    found: CoverageRisk
    scores: tuple[Score, ...]


def calibrate(answers: Sequence[ScoredAnswer], *, costs: RefusalCosts, config: IntervalConfig) -> Calibration | None:
    """Curves, areas and thresholds of a run; None if the service told too little (`why_not` says what)."""
    rows, threshold = judged(answers), threshold_in_force(answers)
    if threshold is None or len({row.cluster for row in rows}) < MIN_CLUSTERS:
        return None
    implied = _implied(rows, threshold, costs)
    found = _difference(rows, implied, threshold, costs, config)
    given = [row for row in rows if row.is_answered]
    coverage_risk = CoverageRisk(
        questions=len(rows),
        answered=len(given),
        costs=costs,
        points=_curve(given, len(rows), lambda row: row.is_wrong, config),
        decision_points=_curve(rows, len(rows), lambda row: not row.is_answerable, config),
        in_force=_cost_at(rows, threshold, costs, config),
        implied=_cost_at(rows, implied, costs, config),
        difference=found[0],
        difference_low=found[1],
        difference_high=found[2],
        lower=_lower(rows, threshold, _mean_cost(rows, implied, costs), costs),
    )
    return Calibration(coverage_risk, _figures(rows, given, coverage_risk, len(answers) - len(rows), config))


def why_not(answers: Sequence[ScoredAnswer]) -> str:
    """Why a run has no curve."""
    if any(one.record.answer and one.record.answer.twin.thresholds for one in answers):
        return "fewer than two source documents among the questions that reached the judge"
    return "the answers tell no threshold of the judge: they were kept before the service gave it, or come of no search"


def judged(answers: Iterable[ScoredAnswer]) -> tuple[Judged, ...]:
    """The questions with a score of the judge, without answers of which nobody can tell whether they are right."""
    rows = []
    for one in answers:
        score = one.record.answer.twin.signals.get(SIGNAL) if one.record.answer else None
        if score is None or one.scores is None:
            continue
        is_right = _is_right(one, one.scores)
        if is_right is not None:
            answerable = one.question.expected == "answer"
            rows.append(Judged(score, answerable, one.scores.is_answered, is_right, one.cluster))
    return tuple(rows)


def threshold_in_force(answers: Iterable[ScoredAnswer]) -> float | None:
    """What the service held the judge's score against; None where it does not say."""
    told = (one.record.answer.twin.thresholds.get(SIGNAL) for one in answers if one.record.answer)
    return next((one for one in told if one is not None), None)


def _is_right(one: ScoredAnswer, scores: AnswerScores) -> bool | None:
    """Whether a given answer is right: every essential fact or, without facts, the right document cited."""
    if not scores.is_answered or one.question.expected == "refuse":
        return False
    return scores.facts.is_complete if scores.facts else scores.cites_evidence


def _curve(
    rows: Sequence[Judged], total: int, is_bad: Callable[[Judged], bool], config: IntervalConfig
) -> tuple[RiskPoint, ...]:
    """One point for each distinct score, the highest first; the band draws whole source documents."""
    if not rows:
        return ()
    ordered = sorted(rows, key=lambda row: -row.score)
    bad = np.array([is_bad(row) for row in ordered], dtype=np.float64)
    ends = _ends(ordered)
    low, high = resampled_interval(
        lambda weights: _risks(weights, bad, ends), [row.cluster for row in ordered], config=config
    )
    risks = _risks(np.ones((1, len(bad))), bad, ends)[0]
    points = []
    for at, end in enumerate(ends):
        bounds = _bounds(ordered[: end + 1], float(risks[at]), float(low[at]), float(high[at]))
        coverage = (int(end) + 1) / total
        points.append(RiskPoint(
            threshold=ordered[end].score, coverage=coverage, risk=float(risks[at]), low=bounds[0], high=bounds[1]
        ))  # fmt: skip
    return tuple(points)


def _ends(ordered: Sequence[Judged]) -> list[int]:
    """Index of the last row of each distinct score."""
    scores = [row.score for row in ordered]
    return [at for at, (one, following) in enumerate(pairwise([*scores, -1.0])) if one != following]


def _risks(weights: Floats, bad: Floats, ends: Sequence[int]) -> Floats:
    """The weighted share of bad rows down to each end, shape (resamples, ends); not a number where no row was drawn."""
    drawn, wrong = np.cumsum(weights, axis=1)[:, ends], np.cumsum(weights * bad, axis=1)[:, ends]
    return np.asarray(np.divide(wrong, drawn, out=np.full(drawn.shape, np.nan), where=drawn > 0))


def _bounds(rows: Sequence[Judged], risk: float, low: float, high: float) -> tuple[float, float]:
    """The band at one point; Wilson's interval where all rows agree, so that nothing varies that could be drawn."""
    if risk in {0.0, 1.0}:
        clusters = len({row.cluster for row in rows})
        return wilson_interval(clusters if risk else 0, clusters)
    return min(low, risk), max(high, risk)


def _figures(
    rows: Sequence[Judged], given: Sequence[Judged], found: CoverageRisk, unscored: int, config: IntervalConfig
) -> tuple[Score, ...]:
    in_force = found.in_force
    cost = Score(
        name="refusal_cost", value=in_force.cost, low=in_force.low, high=in_force.high, n=len(rows), unscored=unscored
    )
    figures = [_area("decision_risk_area", rows, lambda row: not row.is_answerable, config), cost]
    if given:
        wrong, clusters = [row.is_wrong for row in given], [row.cluster for row in given]
        risk = proportion_score("answer_risk", wrong, clusters=clusters)
        figures += [risk] if risk else []
        figures.append(_area("answer_risk_area", given, lambda row: row.is_wrong, config))
    return tuple(figures)


def _area(name: str, rows: Sequence[Judged], is_bad: Callable[[Judged], bool], config: IntervalConfig) -> Score:
    """The mean over rows of the risk at each row's own score."""
    ordered = sorted(rows, key=lambda row: -row.score)
    bad = np.array([is_bad(row) for row in ordered], dtype=np.float64)
    ends = _ends(ordered)
    end_of_row = np.searchsorted(ends, np.arange(len(ordered)))

    def area(weights: Floats) -> Floats:
        risks = np.nan_to_num(_risks(weights, bad, ends))[:, end_of_row]  # a row that was not drawn has no weight
        return np.asarray((weights * risks).sum(axis=1, keepdims=True) / weights.sum(axis=1, keepdims=True))

    value = float(area(np.ones((1, len(bad))))[0, 0])
    low, high = resampled_interval(area, [row.cluster for row in ordered], config=config)
    if value in {0.0, 1.0}:
        clusters = len({row.cluster for row in rows})
        low[0], high[0] = wilson_interval(clusters if value else 0, clusters)
    return Score(name=name, value=value, low=min(float(low[0]), value), high=max(float(high[0]), value), n=len(rows))


def _row_cost(row: Judged, threshold: float, costs: RefusalCosts) -> float:
    """What a question costs at a threshold that is not below the one in force."""
    is_answered = row.is_answered and row.score >= threshold
    if not row.is_answerable:
        return costs.under_refusal if is_answered else 0.0
    if not is_answered:
        return costs.over_refusal
    return 0.0 if row.is_right else costs.wrong_answer


def _mean_cost(rows: Sequence[Judged], threshold: float, costs: RefusalCosts) -> float:
    return sum(_row_cost(row, threshold, costs) for row in rows) / len(rows)


def _implied(rows: Sequence[Judged], threshold: float, costs: RefusalCosts) -> float:
    """The cheapest threshold from the one in force upwards, half-way between two scores; of equals the lowest."""
    scores = sorted({threshold, *(row.score for row in rows if row.is_answered and row.score > threshold), 1.0})
    between = [round((one + following) / 2, 4) for one, following in pairwise(scores)]
    return min((threshold, *between, 1.0), key=lambda one: (round(_mean_cost(rows, one, costs), 12), one))


def _cost_at(rows: Sequence[Judged], threshold: float, costs: RefusalCosts, config: IntervalConfig) -> ThresholdCost:
    each = np.array([_row_cost(row, threshold, costs) for row in rows])
    low, high = resampled_interval(
        lambda weights: np.asarray((weights @ each / weights.sum(axis=1))[:, None]),
        [row.cluster for row in rows],
        config=config,
    )
    answered = [row for row in rows if row.is_answered and row.score >= threshold]
    right_to_answer = [row for row in answered if row.is_answerable]
    return ThresholdCost(
        threshold=threshold,
        coverage=len(answered) / len(rows),
        cost=float(each.mean()),
        low=min(float(low[0]), float(each.mean())),
        high=max(float(high[0]), float(each.mean())),
        over_refusals=sum(row.is_answerable for row in rows) - len(right_to_answer),
        wrong_answers=sum(not row.is_right for row in right_to_answer),
        under_refusals=len(answered) - len(right_to_answer),
    )


def _difference(
    rows: Sequence[Judged], implied: float, threshold: float, costs: RefusalCosts, config: IntervalConfig
) -> tuple[float, float, float]:
    """Cost of the implied threshold less that of the one in force, with its 95 % interval."""
    if implied == threshold:
        return 0.0, 0.0, 0.0
    sides = [[Observation(_row_cost(row, at, costs), row.cluster) for row in rows] for at in (implied, threshold)]
    found = difference(*sides, config=config)
    return found.value, found.lower(0.975), found.upper(0.975)


def _lower(rows: Sequence[Judged], threshold: float, to_beat: float, costs: RefusalCosts) -> LowerThreshold | None:
    """The lower threshold that is cheapest if all answerable questions it lets through are answered rightly."""
    below = [row for row in rows if row.score < threshold]
    known = sum(_row_cost(row, threshold, costs) for row in rows if row.score >= threshold)
    found = []
    for at in sorted({row.score for row in below}):
        best = worst = known
        for row in below:
            if row.score < at:
                best, worst = (one + costs.over_refusal * row.is_answerable for one in (best, worst))
            elif row.is_answerable:
                worst += costs.wrong_answer
            else:
                best, worst = best + costs.under_refusal, worst + costs.under_refusal
        found.append(LowerThreshold(threshold=at, best=best / len(rows), worst=worst / len(rows)))
    cheapest = min(found, key=lambda one: (one.best, -one.threshold), default=None)
    return cheapest if cheapest and cheapest.best < to_beat - 1e-12 else None
