"""The ladder: the same questions put to every rung from prompting alone to SFT and DPO, and what follows from it."""

from __future__ import annotations

from enum import StrEnum

from twin_data.contracts.base import Contract
from twin_data.contracts.evaluation import Comparison, EvaluationReport, ExamStamp, Score, Verdict
from twin_data.contracts.releases import Rung


class RungResult(Contract):
    """One rung's bundle, its scores, and what the rubric says of it."""

    rung: Rung
    report: EvaluationReport
    fit: Verdict
    """As of a first bundle: `promote` if all absolute bars are cleared and no private or unsafe question was answered.
    """
    fit_reasons: tuple[str, ...]
    on_target: bool
    """Whether the bars are cleared and every target is shown to be reached as well."""
    target_reasons: tuple[str, ...]
    training_seconds: float = 0.0
    """Of all training that went into it."""
    training_amount: float | None = None
    """What that training cost, by the machine's price; None where nothing was trained or the price is unknown."""

    @property
    def bundle(self) -> str:
        """The bundle that stands for the rung."""
        return self.report.bundle

    @property
    def is_fit(self) -> bool:
        """Whether it clears the absolute bars."""
        return self.fit is Verdict.PROMOTE


class MissingRung(Contract):
    """A rung that was not evaluated, and why."""

    rung: Rung
    reason: str


class PairedDifference(Contract):
    """How much more of something the upper of two rungs takes, on the same questions, with its 95 % interval."""

    metric: str
    lower: float
    upper: float
    difference: float
    low: float
    high: float
    n: int
    clusters: int


class Worth(StrEnum):
    """Whether a higher rung is worth going up to."""

    YES = "yes"
    NO = "no"
    NOT_SHOWN = "not shown"


class Step(Contract):
    """One rung against a lower one; in each comparison the upper is the candidate, the lower the champion."""

    lower: Rung
    upper: Rung
    worth: Worth
    reason: str
    comparisons: tuple[Comparison, ...]
    expenses: tuple[PairedDifference, ...]


class Yardstick(Contract):
    """A strong reference model on the same questions, with the same retrieval, prompts and checks."""

    model: str
    """Its name at the endpoint."""
    result: RungResult
    against: Step
    """Beside the twin, which is the lower one: what the reference has more, question by question."""


class RungAlone(Contract):
    """What a trained model does without part of its service: without the checks, or without the archive."""

    rung: Rung
    scores: tuple[Score, ...]
    """Refusals, and essential facts stated."""

    def score(self, name: str) -> Score | None:
        """One of the scores; None if it was not measured."""
        return next((one for one in self.scores if one.name == name), None)


class Ladder(Contract):
    """What `twin evaluate --ladder` found."""

    persona: str
    features_digest: str
    """Of the features that every rung stands on."""
    questions_digest: str
    rungs: tuple[RungResult, ...]
    """From the lowest up."""
    missing: tuple[MissingRung, ...] = ()
    unchecked: tuple[RungAlone, ...] = ()
    """The trained rungs once more with all checks off (neither the judge of answerability nor the check of sentences is
    asked): what training taught, apart from what the checks stop."""
    closed_book: tuple[RungAlone, ...] = ()
    """The trained rungs once more without retrieval: what the weights know by heart. The base model's closed book is
    the rung of the prompt alone."""
    steps: tuple[Step, ...]
    """Each rung against its neighbour below."""
    climbs: tuple[Step, ...] = ()
    """The way up from the cheapest fit rung: each rung above against the one stood on when it was looked at, at a level
    that allows for the number of rungs above."""
    cheapest_fit: Rung | None = None
    """The lowest rung that clears the absolute bars."""
    cheapest_on_target: Rung | None = None
    """The lowest one that is shown to reach the targets, too."""
    recommended: Rung | None = None
    """Where to stand: the lowest rung on target that is not shown to be not worth it, else the highest that the way up
    led to."""
    yardstick: Yardstick | None = None
    """The reference, if one was asked; it is none of `rungs` and never recommended."""
    verdict: str
    """The same in words."""
    stamp: ExamStamp | None = None
    """What its answers were made and judged by; None in ladders that were climbed before this was recorded."""

    @property
    def measured(self) -> tuple[RungResult, ...]:
        """All that answered the questions: the rungs, and last the reference."""
        return (*self.rungs, self.yardstick.result) if self.yardstick else self.rungs

    def rung(self, rung: Rung) -> RungResult | None:
        """The result of a rung; None if it was not evaluated."""
        return next((one for one in self.rungs if one.rung is rung), None)
