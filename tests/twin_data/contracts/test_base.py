from __future__ import annotations

from functools import cached_property

import pytest
from pydantic import ValidationError

from twin_data.contracts.base import Contract, Span


class Labelled(Contract):
    label: str

    @cached_property
    def shouted(self) -> str:
        return self.label.upper()


def test_a_contract_is_frozen_and_closed() -> None:
    one = Labelled(label="a")
    with pytest.raises(ValidationError, match="frozen"):
        one.label = "b"  # type: ignore[misc]
    with pytest.raises(ValidationError, match="Extra inputs"):
        Labelled(label="a", lable="b")  # type: ignore[call-arg]


def test_a_copy_forgets_what_its_original_cached() -> None:
    one = Labelled(label="a")
    assert one.shouted == "A"
    assert one.model_copy(update={"label": "b"}).shouted == "B"
    assert one.shouted == "A"


def test_what_is_cached_makes_no_difference_to_equality() -> None:
    one, other = Labelled(label="a"), Labelled(label="a")
    assert one.shouted == "A"
    assert one == other
    assert one.model_dump() == {"label": "a"}


@pytest.mark.parametrize(("start", "end"), [(3, 2), (-1, 2)])
def test_a_span_is_ordered(start: int, end: int) -> None:
    with pytest.raises(ValidationError, match="not ordered"):
        Span(start=start, end=end)


def test_a_span_counts_code_points() -> None:
    assert Span(start=2, end=4).of("a👩‍🚀é—b"[0:1] + "👩é—b") == "é—"
