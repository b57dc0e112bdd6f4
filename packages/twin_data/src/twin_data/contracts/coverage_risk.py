"""How much is answered at each threshold of the judge, how much of that is wrong, and what each threshold costs."""

from __future__ import annotations

from pydantic import Field

from twin_data.contracts.base import Contract


class RefusalCosts(Contract):
    """What each mistake costs, relative to the others; what is right costs nothing."""

    over_refusal: float = Field(default=0.5, ge=0)
    """An answerable question is declined: the reader goes away with nothing, and knows it."""
    wrong_answer: float = Field(default=0.5, ge=0)
    """An answerable question is answered without an essential fact. By default no worse than declining it: what is
    shipped has been checked, so the answer is beside the point rather than untrue."""
    under_refusal: float = Field(default=1.0, ge=0)
    """A question to be declined is answered: the twin speaks of what the person never put on paper."""


class RiskPoint(Contract):
    """A threshold, and what is known of the questions whose score reaches it."""

    threshold: float
    coverage: float
    """Share of the judged questions that are answered."""
    risk: float
    """Share of these that ought not to have been answered so; the interval holds 95 %."""
    low: float
    high: float


class ThresholdCost(Contract):
    """What a threshold would have cost a question, on the questions that the judge saw."""

    threshold: float
    coverage: float
    cost: float
    """Mean cost of a question; the interval holds 95 %."""
    low: float
    high: float
    over_refusals: int
    wrong_answers: int
    under_refusals: int


class LowerThreshold(Contract):
    """A threshold below the one in force, where no answers are known: what it may cost at best and at worst."""

    threshold: float
    best: float
    """Every answerable question that would be let through is answered rightly."""
    worst: float
    """Every one is answered wrongly."""


class CoverageRisk(Contract):
    """The judge's score as a guide to what should be answered."""

    questions: int
    """That the judge saw, and whose answer could be told right or wrong."""
    answered: int
    costs: RefusalCosts
    points: tuple[RiskPoint, ...]
    """Wrong answers among those given; from the threshold in force upwards, since what was declined has no answer."""
    decision_points: tuple[RiskPoint, ...]
    """Questions to be declined among those whose score reaches the threshold; known at every threshold."""
    in_force: ThresholdCost
    implied: ThresholdCost
    """The cheapest threshold not below the one in force."""
    difference: float
    """Cost of the implied threshold less that of the one in force; the interval holds 95 %."""
    difference_low: float
    difference_high: float
    lower: LowerThreshold | None = None
    """The lower threshold that is cheapest at best; None if even at best none is cheaper than `implied`."""
