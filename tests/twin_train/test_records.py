from __future__ import annotations

import pytest

from twin_train.records import preference_accuracy, preference_effect


def test_ties_are_no_wins() -> None:
    found = preference_accuracy([0.2, 0.0, -0.1, 0.4])
    assert found is not None
    assert (found.value, found.n, found.name) == (0.5, 4, "preference_accuracy")
    assert preference_accuracy([]) is None


@pytest.mark.parametrize(
    ("wins", "losses", "told"),
    [(6, 4, "no effect"), (40, 2, "prefers the chosen side"), (2, 40, "prefers the rejected side, not the chosen")],
)
def test_the_effect_is_said_plainly(wins: int, losses: int, told: str) -> None:
    effect = preference_effect(preference_accuracy([1.0] * wins + [-1.0] * losses), 0.25)
    assert effect.startswith(told)
    assert "longer one in 25%" in effect


def test_an_effect_that_was_not_measured_is_not_claimed() -> None:
    assert preference_effect(None, None) == "not measured: no held-out pairs"
