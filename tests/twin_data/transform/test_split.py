from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from twin_data.transform import split
from twin_data.transform.split import SplitConfig

CONFIG = SplitConfig()
FAMILIES = st.lists(st.text("abcdefgh/.-", min_size=1, max_size=6), max_size=40)


def separated(families: list[str], config: SplitConfig = CONFIG) -> dict[str, str]:
    """The side of each family; raises if one stands on both."""
    ids = [f"d{at}" for at in range(len(families))]
    frame = pl.DataFrame(
        {"document_id": ids, "family": families}, schema={"document_id": pl.String, "family": pl.String}
    )
    found = split.run(frame, config=config)
    assert found["document_id"].to_list() == ids
    sides = found.group_by("family").agg(pl.col("split").unique())
    assert all(len(one) == 1 for one in sides["split"])
    return {family: one[0] for family, one in sides.iter_rows()}


@given(FAMILIES)
def test_a_family_stands_on_one_side(families: list[str]) -> None:
    sides = separated(families)
    assert set(sides.values()) <= {"train", "test"}
    if len(sides) >= CONFIG.min_families:
        assert set(sides.values()) == {"train", "test"}
    else:
        assert set(sides.values()) <= {"train"}


@given(FAMILIES, FAMILIES)
def test_the_order_and_number_of_documents_is_nothing(families: list[str], again: list[str]) -> None:
    more = [*families, *(one for one in again if one in set(families))]
    assert separated(list(reversed(more))) == separated(families)


@given(st.integers(0, 200), st.integers(0, 200))
def test_families_that_arrive_later_move_no_earlier_one(first: int, second: int) -> None:
    earlier = [f"blog/{at}.md" for at in range(60)]
    later = [f"mail/{first}#{at}" for at in range(second)]
    before, after = separated(earlier), separated([*later, *earlier])
    assert {family: after[family] for family in earlier} == before


def test_about_the_share_asked_for_is_held_out() -> None:
    families = [f"blog/{at}.md" for at in range(2000)]
    for share in (0.05, 0.12, 0.3):
        sides = separated(families, SplitConfig(test_share=share))
        held_out = sum(side == "test" for side in sides.values())
        assert held_out == pytest.approx(2000 * share, rel=0.2)


def test_another_salt_draws_another_test_set() -> None:
    families = [f"blog/{at}.md" for at in range(200)]
    assert separated(families) != separated(families, SplitConfig(salt="again"))


def test_the_split_of_the_sample(sample: Any) -> None:
    frame = sample.separated
    assert frame.group_by("family").agg(pl.col("split").n_unique())["split"].unique().to_list() == [1]
    share = (frame["split"] == "test").mean()
    assert 0.05 < share < 0.25


@pytest.mark.parametrize("share", [0.0, 0.5, -0.1])
def test_a_share_that_leaves_nothing(share: float) -> None:
    with pytest.raises(ValidationError):
        SplitConfig(test_share=share)
