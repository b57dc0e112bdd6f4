from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin_data.scoring.power_law import fitted, foretell

SIZES = np.array([1000.0, 2000, 4000, 8000, 16000])
EVEN = np.full(5, 0.01)


@given(
    asymptote=st.floats(0, 0.2), scale=st.floats(0.01, 0.3), exponent=st.sampled_from([0.25, 0.5, 1.0, 1.5])
)  # fmt: skip
def test_a_power_law_is_found_again(asymptote: float, scale: float, exponent: float) -> None:
    errors = asymptote + scale * (SIZES / SIZES[-1]) ** -exponent
    laws = fitted(SIZES, errors[np.newaxis], EVEN)
    assert foretell(laws, 32000.0)[0] == pytest.approx(asymptote + scale * 2**-exponent, abs=1e-3)


@given(errors=st.lists(st.floats(0, 1), min_size=5, max_size=5))
def test_no_law_promises_that_more_makes_it_worse_or_less_than_no_error(errors: list[float]) -> None:
    laws = fitted(SIZES, np.array([errors]), EVEN)
    now, twice = foretell(laws, 16000.0)[0], foretell(laws, 32000.0)[0]
    assert 0 <= twice <= now + 1e-12


def test_each_curve_is_fitted_by_itself() -> None:
    curves = np.array([[0.4, 0.3, 0.22, 0.17, 0.13], [0.1] * 5])
    together = fitted(SIZES, curves, EVEN)
    assert np.allclose(together, np.vstack([fitted(SIZES, one[np.newaxis], EVEN) for one in curves]))
    assert foretell(together, 32000.0)[1] == pytest.approx(0.1)
