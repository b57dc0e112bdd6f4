from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from twin_data.contracts.releases import ReleaseBundle


@given(data=st.data())
def test_a_bundle_is_named_by_its_whole_manifest(
    contract_strategy: Callable[[type[BaseModel]], st.SearchStrategy[Any]], data: st.DataObject
) -> None:
    bundle = data.draw(contract_strategy(ReleaseBundle))
    again = ReleaseBundle.model_validate_json(bundle.model_dump_json())
    relabelled = bundle.model_copy(update={"label": bundle.label + "x"})
    assert again.bundle_id == bundle.bundle_id
    assert relabelled.bundle_id != bundle.bundle_id
    assert bundle.model_name == f"{bundle.persona}@{bundle.bundle_id}"
