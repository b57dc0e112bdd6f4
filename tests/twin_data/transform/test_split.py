from __future__ import annotations

import random
from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from twin_data.transform import split
from twin_data.transform.split import SplitConfig

CONFIG = SplitConfig()
FAMILIES = st.lists(st.text("abcdefgh/.-", min_size=1, max_size=6), max_size=40)


def documents(rows: list[tuple[str, str, date | None, str]]) -> pl.DataFrame:
    """Documents of (family, source, date, text)."""
    listed = [(f"d{at}", *row, "") for at, row in enumerate(rows)]
    schema = {
        "document_id": pl.String, "family": pl.String, "source": pl.String, "date": pl.Date, "text": pl.String,
        "title": pl.String,
    }  # fmt: skip
    return pl.DataFrame(listed, schema=schema, orient="row")


def archive(families: int, seed: int) -> list[tuple[str, str, date | None, str]]:
    """Families of several documents over three sources, four years and topics, unevenly."""
    draw = random.Random(seed)
    rows: list[tuple[str, str, date | None, str]] = []
    for at in range(families):
        source = draw.choice(["blog", "blog", "mail", "talks"])
        day = date(draw.choice([2021, 2022, 2022, 2023, 2024]), draw.randrange(1, 13), 5)
        topic = draw.choice(["harbour tides", "kernel patches", "bread ovens"])
        family = f"{source}/{seed}-{at}"
        rows += [(family, source, None if draw.random() < 0.05 else day, topic)] * draw.choice([1, 1, 3])
    return rows


def sides(rows: list[tuple[str, str, date | None, str]], config: SplitConfig = CONFIG) -> dict[str, str]:
    return dict(split.run(documents(rows), config=config).select("family", "split").iter_rows())


def separated(families: list[str], config: SplitConfig = CONFIG) -> dict[str, str]:
    """The side of each family; raises if one stands on both."""
    ids = [f"d{at}" for at in range(len(families))]
    found = split.run(documents([(one, "notes", None, "") for one in families]), config=config)
    assert found["document_id"].to_list() == ids
    grouped = found.group_by("family").agg(pl.col("split").unique())
    assert all(len(one) == 1 for one in grouped["split"])
    return {family: one[0] for family, one in grouped.iter_rows()}


@settings(max_examples=30)
@given(FAMILIES)
def test_a_family_stands_on_one_side(families: list[str]) -> None:
    found = separated(families)
    assert set(found.values()) <= {"train", "test"}
    if len(found) >= CONFIG.min_families:
        assert set(found.values()) == {"train", "test"}
    else:
        assert set(found.values()) <= {"train"}


@settings(max_examples=30)
@given(FAMILIES, FAMILIES)
def test_the_order_and_number_of_documents_is_nothing(families: list[str], again: list[str]) -> None:
    more = [*families, *(one for one in again if one in set(families))]
    assert separated(list(reversed(more))) == separated(families)


@settings(max_examples=30)
@given(st.integers(0, 200), st.integers(0, 200))
def test_families_that_arrive_later_move_no_earlier_one(first: int, second: int) -> None:
    earlier = [f"blog/{at}.md" for at in range(60)]
    later = [f"mail/{first}#{at}" for at in range(second)]
    before, after = separated(earlier), separated([*later, *earlier])
    assert {family: after[family] for family in earlier} == before


def test_about_the_share_asked_for_is_held_out() -> None:
    families = [f"blog/{at}.md" for at in range(2000)]
    for share in (0.05, 0.12, 0.3):
        found = separated(families, SplitConfig(test_share=share))
        held_out = sum(side == "test" for side in found.values())
        assert held_out == pytest.approx(2000 * share, rel=0.2)


def test_another_salt_draws_another_test_set() -> None:
    families = [f"blog/{at}.md" for at in range(200)]
    assert separated(families) != separated(families, SplitConfig(salt="again"))


@pytest.mark.parametrize("seed", range(2))
def test_every_stratum_holds_out_its_share(seed: int) -> None:
    rows = archive(900, seed)
    found = split.run(documents(rows), config=CONFIG)
    families = found.unique("family", keep="first", maintain_order=True)
    for by in (["source"], [pl.col("date").dt.year()], ["text"], ["source", "text"]):
        strata = families.group_by(by).agg(pl.len(), (pl.col("split") == "test").mean().alias("share"))
        large = strata.filter(pl.col("len") >= 60)
        assert large.height >= 3
        assert large["share"].is_between(0.6 * 0.06, 1.2 * 0.24).all()


def test_a_salt_that_leaves_a_source_out_is_put_right() -> None:
    """By names alone, one in some dozens of salts holds nothing out of a source of thirty families."""
    rows = [(f"mail/{at}", "mail", date(2024, 1, 1), "") for at in range(30)]
    rows += [(f"blog/{at}", "blog", date(2024, 1, 1), "") for at in range(300)]
    for salt in range(12):
        config = SplitConfig(salt=str(salt))
        held_out = [family for family, side in sides(rows, config).items() if side == "test" and family[:4] == "mail"]
        assert 1 <= len(held_out) <= 8


@pytest.mark.parametrize("seed", range(2))
def test_documents_that_arrive_later_move_next_to_none(seed: int) -> None:
    earlier, later = archive(500, seed), archive(120, seed + 100)
    before, after = sides(earlier), sides([*later, *earlier])
    moved = [family for family, side in before.items() if after[family] != side]
    assert len(moved) <= 3
    for at in range(0, 40, 8):  # one at a time, none moves but who is nearest to a bound
        once = sides([*earlier, *later[: at + 1]])
        assert sum(once[family] != side for family, side in before.items()) <= 2


def test_a_family_is_in_the_stratum_of_its_first_document() -> None:
    rows = [(f"f{at}", "blog", date(2020, 1, 1), "") for at in range(200)]
    follow_ups = [(f"f{at}", "mail", date(2024, 1, 1), "bread") for at in range(0, 200, 2)]
    assert sides(rows) == sides([*rows, *follow_ups])


def test_the_split_of_the_sample(sample: Any) -> None:
    frame = sample.separated
    assert frame.group_by("family").agg(pl.col("split").n_unique())["split"].unique().to_list() == [1]
    share = (frame["split"] == "test").mean()
    assert 0.05 < share < 0.25


@pytest.mark.parametrize("share", [0.0, 0.5, -0.1])
def test_a_share_that_leaves_nothing(share: float) -> None:
    with pytest.raises(ValidationError):
        SplitConfig(test_share=share)
