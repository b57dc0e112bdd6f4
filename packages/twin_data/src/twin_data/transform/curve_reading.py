"""What a learning curve says of a corpus, in the terms of the verdict; where it says nothing, why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from twin_data.contracts.learning import LearningCurve

OUTLOOK = 8
"""Times the largest size measured beyond which nothing is foretold."""
_STEPS_A_DOUBLING = 8


class Bars(Protocol):
    """The part of the verdict's bars that a curve is read by."""

    @property
    def min_auc(self) -> float:
        """AUC above which the hand is told."""

    @property
    def max_gain(self) -> float:
        """AUC that a doubling may bring."""


@dataclass(frozen=True)
class Problem:
    """What speaks against fine-tuning, and what would mend it."""

    reason: str
    remedy: str


@dataclass(frozen=True)
class CurveReading:
    """What was made of a curve.

    Attributes:
        evidence: In sentences.
        is_levelled: Whether the hand is told and more material would tell it little better.
        objection: What the curve has against fine-tuning; None if nothing.
    """

    evidence: tuple[str, ...]
    is_levelled: bool = False
    objection: Problem | None = None

    @property
    def settles(self) -> bool:
        """Whether the curve decided anything."""
        return self.is_levelled or self.objection is not None


def read_curve(curve: LearningCurve | None, bars: Bars) -> CurveReading:
    """Read a curve by the bars."""
    if curve is None:
        return CurveReading(("no learning curve has been measured yet, so rules of thumb decide",))
    if curve.unsaid:
        return CurveReading((f"a learning curve can say nothing: {curve.unsaid}; rules of thumb decide",))
    last = curve.last
    told = (
        f"after {last.words:,} own words, held-out texts of {curve.text_words} words rank above those of authors "
        f"never seen with a chance (AUC) of {last.auc:.3f} [{last.auc_low:.3f}, {last.auc_high:.3f}]"
    )
    if last.auc_high < bars.min_auc:
        reason = f"the hand cannot be told from other authors': AUC {last.auc:.2f}, below {bars.min_auc:.2f}"
        return CurveReading(
            (told,), objection=Problem(reason, "more of the persona's own writing, less of others' in it")
        )
    if curve.doubled is None or curve.law is None:
        return CurveReading((told, "too few sizes to draw a curve through, so rules of thumb decide"))
    outlook = (
        f"twice as much would bring {curve.gain:+.3f} AUC [{curve.gain_low:+.3f}, {curve.gain_high:+.3f}] "
        "by the power law through the sizes measured"
    )
    tried = _tried(curve)
    if curve.backtest and not curve.backtest.held:
        return CurveReading((told, tried, "so nothing is extrapolated, and rules of thumb decide"))
    evidence = (told, outlook, tried)
    if curve.gain_low > bars.max_gain:
        reason = f"the curve still rises: twice the corpus would bring {curve.gain:+.2f} AUC, over {bars.max_gain:.2f}"
        return CurveReading(evidence, objection=Problem(reason, _enough(curve, bars.max_gain)))
    if curve.gain_high <= bars.max_gain and last.auc_low >= bars.min_auc:
        return CurveReading(
            (*evidence, f"so the curve has levelled (a doubling brings at most {bars.max_gain:.2f})"), True
        )
    return CurveReading((*evidence, "which is neither shown to have levelled nor to rise, so rules of thumb decide"))


def _tried(curve: LearningCurve) -> str:
    if curve.backtest is None:
        return "too few sizes to try the extrapolation on what is known"
    one = curve.backtest
    return (
        f"foretold from the smaller sizes, the largest was to reach {one.foretold.auc:.3f} "
        f"[{one.foretold.low:.3f}, {one.foretold.high:.3f}] and reached {one.measured:.3f}"
    )


def _enough(curve: LearningCurve, max_gain: float) -> str:
    """At which size the curve would have levelled, if that lies within sight."""
    law = curve.law
    if law is None:
        raise ValueError("a curve that rises has a law")
    for step in range(OUTLOOK.bit_length() * _STEPS_A_DOUBLING):
        words = law.largest * 2 ** (step / _STEPS_A_DOUBLING)
        if words > OUTLOOK * law.largest:
            break
        if law.error(words) - law.error(2 * words) <= max_gain:
            return f"about {words:,.0f} own words to learn from, by the curve"
    return f"more than {OUTLOOK * law.largest:,.0f} own words to learn from, by the curve"
