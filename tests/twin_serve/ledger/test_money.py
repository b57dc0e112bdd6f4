import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin_data.contracts.releases import MachinePrice
from twin_serve.ledger.money import from_nano, price_of, to_nano


def test_an_hour_costs_the_price_of_an_hour() -> None:
    assert price_of(3600, MachinePrice(per_hour=1.5)) == 1.5
    assert price_of(1.8, MachinePrice(per_hour=2.0)) == pytest.approx(0.001)


def test_an_unset_price_is_unknown_and_a_price_of_zero_is_zero() -> None:
    assert price_of(3600, MachinePrice()) is None
    assert price_of(0.0, MachinePrice()) is None
    assert price_of(3600, MachinePrice(per_hour=0)) == 0.0


@given(st.floats(min_value=0, max_value=1e6))
def test_an_amount_survives_storage_to_a_billionth(amount: float) -> None:
    assert from_nano(to_nano(amount)) == pytest.approx(amount, abs=1e-9, rel=1e-15)


@pytest.mark.parametrize("amount", [-0.01, math.nan, math.inf, 1e12])
def test_what_is_no_amount_is_refused(amount: float) -> None:
    with pytest.raises(ValueError, match="amount"):
        to_nano(amount)
