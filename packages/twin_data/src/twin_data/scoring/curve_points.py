"""What was measured at each size as a curve: points with intervals, and what a power law makes of them.

Families and authors are drawn as wholes (the cluster bootstrap); one draw weighs them alike at all sizes, so that the
differences between sizes are surer than the points.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twin_data.contracts.learning import (
    Backtest,
    CurvePoint,
    Forecast,
    LearningCurve,
    LearningCurveConfig,
    PowerLaw,
)
from twin_data.scoring.power_law import fitted, foretell
from twin_data.scoring.style_features import Floats

MIN_SIZES = 4
"""Points through which a curve of three parameters may be drawn."""


@dataclass(frozen=True)
class Measured:
    """What was seen at S sizes, of F families and J authors.

    Attributes:
        words: Learned from, shape (S,).
        fits: At each size.
        ranked: Mean over a family's texts of the chance to stand above an author's, shape (S, F, J); NaN where the
            two are held out in different folds.
        own_loss: Mean log-loss of each family's texts, shape (S, F).
        other_loss: Of each author's, shape (S, J).
        texts: Of each family, shape (F,).
    """

    words: Floats
    fits: tuple[int, ...]
    ranked: Floats
    own_loss: Floats
    other_loss: Floats
    texts: Floats


def curve_of(measured: Measured, authors: tuple[str, ...], *, config: LearningCurveConfig) -> LearningCurve:
    """The curve of what was measured.

    Args:
        measured: Of F families and J authors at S sizes.
        authors: Their J names.
        config: Length of the texts, number of resamples.
    """
    chance = np.random.default_rng(0)
    families, others = measured.ranked.shape[1:]
    ones = np.ones((1, families)), np.ones((1, others))
    drawn = (
        chance.multinomial(families, np.full(families, 1 / families), size=config.resamples).astype(float),
        chance.multinomial(others, np.full(others, 1 / others), size=config.resamples).astype(float),
    )
    auc, loss = (one[0] for one in _scores(measured, *ones))
    auc_drawn, loss_drawn = _scores(measured, *drawn)
    points = tuple(
        CurvePoint(
            words=round(float(measured.words[at])),
            fits=measured.fits[at],
            **_with_interval("auc", auc[at], auc_drawn[:, at]),
            **_with_interval("log_loss", loss[at], loss_drawn[:, at]),
        )
        for at in range(len(measured.words))
    )
    curve = LearningCurve(
        text_words=config.text_words,
        families=families,
        authors=authors,
        held_out_texts=int(measured.texts.sum()),
        points=points,
    )
    return _with_outlook(curve, measured.words, auc, auc_drawn) if len(points) >= MIN_SIZES else curve


def _scores(measured: Measured, family_weights: Floats, author_weights: Floats) -> tuple[Floats, Floats]:
    """AUC and log-loss at each size under weights of families (B, F) and authors (B, J); both (B, S)."""
    known = np.isfinite(measured.ranked)
    texts = measured.texts[:, np.newaxis]
    per_author = np.einsum("bf,sfj->bsj", family_weights, np.where(known, measured.ranked, 0.0) * texts)
    per_author /= np.maximum(1e-12, np.einsum("bf,sfj->bsj", family_weights, known * texts))
    seen = np.einsum("bf,sfj->bsj", family_weights, known * texts) > 0
    author = author_weights[:, np.newaxis, :] * seen
    auc = (per_author * author).sum(axis=2) / np.maximum(1e-12, author.sum(axis=2))
    own = family_weights * measured.texts
    own_loss = (own @ measured.own_loss.T) / own.sum(axis=1, keepdims=True)
    other_loss = (author_weights @ measured.other_loss.T) / author_weights.sum(axis=1, keepdims=True)
    return auc, (own_loss + other_loss) / 2


def _with_interval(name: str, value: float, drawn: Floats) -> dict[str, float]:
    low, high = np.quantile(drawn, [0.025, 0.975])
    bounds = {name: value, f"{name}_low": min(low, value), f"{name}_high": max(high, value)}
    return {key: round(float(one), 6) for key, one in bounds.items()}


def _with_outlook(curve: LearningCurve, words: Floats, auc: Floats, drawn: Floats) -> LearningCurve:
    """The curve with what a power law makes of it: twice the size, and the largest size foretold from the others."""
    spread = drawn.std(axis=0) + 1e-3
    best, laws = (fitted(words, 1 - one, spread) for one in (auc[np.newaxis], drawn))
    largest, twice = float(words[-1]), 2 * float(words[-1])
    gains = foretell(laws, largest) - foretell(laws, twice)
    gain = float((foretell(best, largest) - foretell(best, twice))[0])
    low, high = np.quantile(gains, [0.025, 0.975])
    backtest = None
    if len(words) > MIN_SIZES:
        one, drawn_laws = (fitted(words[:-1], 1 - one[:, :-1], spread[:-1]) for one in (auc[np.newaxis], drawn))
        foretold = _forecast(one, drawn_laws, largest)
        held = foretold.low <= float(auc[-1]) <= foretold.high
        backtest = Backtest(foretold=foretold, measured=round(float(auc[-1]), 6), held=held)
    return curve.model_copy(
        update={
            "doubled": _forecast(best, laws, twice),
            "gain": round(gain, 6),
            "gain_low": round(float(min(low, gain)), 6),
            "gain_high": round(float(max(high, gain)), 6),
            "law": _law(best),
            "backtest": backtest,
        }
    )


def _forecast(best: Floats, laws: Floats, words: float) -> Forecast:
    value = 1 - float(foretell(best, words)[0])
    low, high = np.quantile(1 - foretell(laws, words), [0.025, 0.975])
    return Forecast(
        words=round(words),
        auc=round(value, 6),
        low=round(float(min(low, value)), 6),
        high=round(float(max(high, value)), 6),
    )


def _law(best: Floats) -> PowerLaw:
    asymptote, scale, exponent, largest = (round(float(one), 6) for one in best[0])
    return PowerLaw(asymptote=asymptote, scale=scale, exponent=exponent, largest=largest)
