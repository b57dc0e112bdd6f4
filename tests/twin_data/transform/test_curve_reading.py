from __future__ import annotations

from typing import Any

import pytest

from twin_data.contracts.learning import Backtest, CurvePoint, Forecast, LearningCurve, PowerLaw
from twin_data.transform.curve_reading import read_curve
from twin_data.transform.verdict import VerdictConfig

BARS = VerdictConfig(min_auc=0.8, max_gain=0.02)


def point(words: int, auc: float, half: float = 0.02) -> CurvePoint:
    return CurvePoint(
        words=words, fits=3, auc=auc, auc_low=auc - half, auc_high=auc + half,
        log_loss=0.4, log_loss_low=0.3, log_loss_high=0.5,
    )  # fmt: skip


def measured(auc: float = 0.95, gain: tuple[float, float, float] = (0.001, 0.0, 0.004), **rest: Any) -> LearningCurve:
    """A curve that ends at 16,000 words with `auc`, and what a doubling brings."""
    forecast = Forecast(words=32_000, auc=auc + gain[0], low=auc + gain[1], high=auc + gain[2])
    given = {
        "text_words": 120,
        "points": (point(2000, auc - 0.1), point(16_000, auc)),
        "doubled": forecast,
        "gain": gain[0],
        "gain_low": gain[1],
        "gain_high": gain[2],
        "law": PowerLaw(asymptote=0.02, scale=0.1, exponent=1.0, largest=16_000),
        "backtest": Backtest(foretold=forecast, measured=auc, held=True),
    }
    return LearningCurve(**{**given, **rest})


def test_a_levelled_curve_settles_it() -> None:
    found = read_curve(measured(), BARS)
    assert found.is_levelled and found.settles and found.objection is None
    assert "16,000 own words" in found.evidence[0] and "0.950 [0.930, 0.970]" in found.evidence[0]
    assert found.evidence[-1].startswith("so the curve has levelled")


def test_a_curve_that_still_rises_speaks_against_it_and_says_how_much_would_do() -> None:
    found = read_curve(measured(gain=(0.06, 0.04, 0.08)), BARS)
    assert found.objection is not None and "still rises" in found.objection.reason
    # A doubling from n halves what is left of 0.1 (16,000 / n); it is 0.02 where that is 0.04.
    assert found.objection.remedy == "about 41,499 own words to learn from, by the curve"
    far = measured(gain=(0.06, 0.04, 0.08), law=PowerLaw(asymptote=0, scale=0.5, exponent=0.1, largest=16_000))
    assert "more than 128,000 own words" in str(read_curve(far, BARS).objection)


def test_a_hand_that_is_not_told_gives_training_nothing_to_aim_at() -> None:
    found = read_curve(measured(auc=0.6), BARS)
    assert found.objection is not None and "cannot be told" in found.objection.reason


@pytest.mark.parametrize(
    ("curve", "said"),
    [
        (None, "no learning curve has been measured yet"),
        (LearningCurve(unsaid="2 contrast authors; 3 are needed"), "can say nothing: 2 contrast authors"),
        (measured(doubled=None, law=None), "too few sizes"),
        (measured(auc=0.8), "neither shown"),
        (measured(gain=(0.02, 0.0, 0.05)), "neither shown"),
        (
            measured(
                backtest=Backtest(foretold=Forecast(words=1, auc=0.9, low=0.9, high=0.9), measured=0.95, held=False)
            ),
            "nothing is extrapolated",
        ),
    ],
)
def test_where_it_settles_nothing_rules_of_thumb_decide_and_it_says_so(curve: LearningCurve | None, said: str) -> None:
    found = read_curve(curve, BARS)
    assert not found.settles
    assert said in " ".join(found.evidence) and "rules of thumb decide" in found.evidence[-1]
