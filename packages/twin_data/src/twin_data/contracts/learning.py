"""How surely the persona's hand is told from others', by how much of its writing was learned from."""

from __future__ import annotations

from pydantic import Field

from twin_data.contracts.base import Contract


class CurvePoint(Contract):
    """The score of held-out texts after learning from so many words, with 95 % intervals."""

    words: int
    """Own words learned from, as a mean over the draws."""
    fits: int
    auc: float
    """Chance that a held-out text of the persona's is ranked above one of an author never seen."""
    auc_low: float
    auc_high: float
    log_loss: float
    """In nats, the persona and the others weighing alike; knowing nothing costs ln 2, 0.69."""
    log_loss_low: float
    log_loss_high: float


class Forecast(Contract):
    """What a power law through the points says of another size."""

    words: int
    auc: float
    low: float
    high: float


class Backtest(Contract):
    """The largest size measured, foretold from the smaller ones alone."""

    foretold: Forecast
    measured: float
    held: bool
    """Whether what was measured lies in the interval of what had been foretold."""


class PowerLaw(Contract):
    """`1 - AUC = asymptote + scale (words / largest)^-exponent`."""

    asymptote: float
    scale: float
    exponent: float
    largest: float
    """The largest size measured, in words."""

    def error(self, words: float) -> float:
        """What it says of a size."""
        return float(self.asymptote + self.scale * (words / self.largest) ** -self.exponent)


class LearningCurve(Contract):
    """Held-out texts told from other authors', by words learned from; or why nothing can be said."""

    unsaid: str = ""
    """Why there is no curve; empty if there is one."""
    text_words: int = 0
    """Length of the texts that are told apart."""
    families: int = 0
    authors: tuple[str, ...] = ()
    held_out_texts: int = 0
    points: tuple[CurvePoint, ...] = ()
    """By size, the smallest first."""
    doubled: Forecast | None = None
    """Twice as much as the largest size measured; None where there are too few sizes to draw a curve through."""
    gain: float = 0.0
    """AUC that the doubling brings."""
    gain_low: float = 0.0
    gain_high: float = 0.0
    law: PowerLaw | None = None
    backtest: Backtest | None = None

    @property
    def last(self) -> CurvePoint:
        """The largest size measured."""
        return self.points[-1]


class LearningCurveConfig(Contract):
    """How the curve is measured."""

    text_words: int = Field(default=120, ge=30)
    """Length of the texts that are learned from and told apart."""
    folds: int = Field(default=5, ge=2)
    """Families and authors are held out in turn, in so many parts; fewer where there are fewer authors."""
    draws: int = Field(default=3, ge=1)
    """Growing subsamples, each by families in another order."""
    sizes: int = Field(default=7, ge=3)
    """Sizes at most, each half of the next."""
    min_words: int = Field(default=1_000, ge=100)
    """The smallest size."""
    min_families: int = Field(default=12, ge=4)
    min_authors: int = Field(default=3, ge=2)
    """Contrast authors below which nothing is said: too few to speak of authors never seen."""
    max_texts_per_author: int = Field(default=150, ge=10)
    """Of a contrast author, evenly spaced."""
    max_own_texts: int = Field(default=2_500, ge=50)
    """Of the persona; of more, the largest size is capped, and the curve says of how many words it speaks."""
    max_grams: int = Field(default=4_000, ge=100)
    """N-grams of characters, and as many of tokens: fewer than a profile has, for speed."""
    resamples: int = Field(default=400, ge=100)
