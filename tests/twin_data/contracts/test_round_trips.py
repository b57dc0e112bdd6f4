"""Every contract comes back from JSON as it went."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from twin_data.contracts import answers, documents, evaluation, releases
from twin_data.contracts.base import Contract, Span

CONTRACTS = sorted(
    {
        one
        for module in (answers, documents, evaluation, releases)
        for one in vars(module).values()
        if isinstance(one, type) and issubclass(one, Contract) and one is not Contract
    }
    | {Span},
    key=lambda one: one.__name__,
)


def test_none_is_forgotten() -> None:
    assert len(CONTRACTS) >= 30


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda one: one.__name__)
@settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_through_json_and_back(
    contract: type[BaseModel],
    contract_strategy: Callable[[type[BaseModel]], st.SearchStrategy[Any]],
    data: st.DataObject,
) -> None:
    row = data.draw(contract_strategy(contract))
    assert contract.model_validate_json(row.model_dump_json()) == row
    assert contract.model_validate(row.model_dump()) == row
