from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin_eval.figures import figure, with_interval


@pytest.mark.parametrize(
    ("value", "sign", "text"),
    [
        (None, "", "–"),
        (0.0, "", "0.000"),
        (0.25, "+", "+0.250"),
        (86.04, "", "86.0"),
        (0.000262, "", "0.000262"),
        (-0.00021, "+", "-0.000210"),
    ],
)
def test_a_figure_has_as_many_places_as_it_bears(value: float | None, sign: str, text: str) -> None:
    assert figure(value, sign=sign) == text


@given(st.floats(1e-6, 1e6))
def test_what_is_not_nothing_does_not_read_as_nothing(value: float) -> None:
    assert float(figure(value)) > 0


def test_an_interval_without_ends_has_dashes() -> None:
    assert with_interval(0.5, None, 0.6) == "0.500 [–, 0.600]"
