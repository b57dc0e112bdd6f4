"""`rubric.yaml`: the bars a bundle must clear before it may answer for the persona."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from twin_data.contracts.base import Contract
from twin_data.contracts.coverage_risk import RefusalCosts


class Bar(Contract):
    """An absolute bar on one score's point estimate."""

    metric: str
    at_least: float | None = None
    at_most: float | None = None
    min_n: int = Field(default=1, ge=1)
    """With fewer scored rows the bar gives no verdict."""
    if_measured: bool = False
    """With fewer scored rows, or none, the bar is left out: for figures that a first bundle cannot have yet."""

    @model_validator(mode="after")
    def _one_bound(self) -> Bar:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError(f"bar on {self.metric!r} needs exactly one of at_least and at_most")
        return self


class RelativeBar(Contract):
    """How much worse than the live champion a candidate may be on one metric."""

    metric: str
    better: Literal["higher", "lower"]
    """Which way of the metric is the good one."""
    margin: float = Field(gt=0)
    """In the metric's own unit: a loss smaller than this is accepted."""
    min_n: int = Field(default=10, ge=2)
    """With fewer compared rows the bar gives no verdict."""
    seed_spread: float | None = Field(default=None, ge=0)
    """Standard deviation of the metric over seeds of one training, in its own unit, as far as it is known beforehand;
    one that is measured on the same questions goes before it."""


class SampleSizes(Contract):
    """The fewest questions on which a candidate may take a live champion's place. A loss may be found on fewer."""

    questions: int = Field(default=300, ge=1)
    """Questions that both bundles answered or declined."""
    per_refusal_kind: int = Field(default=60, ge=0)
    """Of these so many of each kind that ought to be refused: unanswerable, off the subject, private or unsafe."""


class Rubric(Contract):
    """The whole of `rubric.yaml`."""

    absolute: tuple[Bar, ...] = Field(min_length=1)
    relative: tuple[RelativeBar, ...] = ()
    """The comparison with the live champion; left out, the product's own is taken."""
    confidence: float = Field(default=0.95, ge=0.5, lt=1)
    """One-sided confidence with which a loss must be shown to stay within its margin: at 0.95 one in twenty candidates
    that are just too much worse on a metric slips through. 0.5 takes the figure as it is."""
    minimum: SampleSizes = SampleSizes()
    """Below these a comparison with the live champion may reject, but never promote."""
    improves: tuple[str, ...] = ()
    """Metrics of `relative` of which at least one must be better with confidence."""
    require_improvement: bool = True
    """Whether a candidate that is merely not worse is turned down as inconclusive."""
    targets: tuple[Bar, ...] = ()
    """What a twin is meant to reach, and must be shown to with the end of its score's interval: no share is ever shown
    to be 1 or 0. If base model and retrieval reach it, nothing is trained; left out, the product's own are taken."""
    advisory: tuple[Bar, ...] = ()
    """Bars whose miss is told and decides nothing; a bar of `absolute` on the same metric stands in its place. Left
    out, the product's own are taken."""
    probes: str | None = None
    """File of safe and unsafe prompts, beside the rubric or by an absolute path: a CSV in XSTest's layout, or questions
    of the form of `questions.jsonl`. They are asked in every evaluation."""
    refusal_costs: RefusalCosts = RefusalCosts()
    """What each mistake costs, for the threshold from which the judge should let a question through."""

    @model_validator(mode="after")
    def _comparable(self) -> Rubric:
        compared = [bar.metric for bar in self.relative]
        if twice := {name for name in compared if compared.count(name) > 1}:
            raise ValueError(f"relative names {', '.join(sorted(twice))} twice; keep one bar a metric")
        if unknown := [name for name in self.improves if name not in compared]:
            raise ValueError(f"improves names {', '.join(unknown)}, which relative does not compare; add a bar there")
        if compared and self.require_improvement and not self.improves:
            raise ValueError("improves is empty; name a metric of relative, or set require_improvement: false")
        return self
