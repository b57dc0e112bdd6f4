from __future__ import annotations

import random
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin_data.contracts.base import Contract
from twin_data.contracts.digests import (
    canonical_json,
    digest_bytes,
    digest_file,
    digest_folder,
    digest_rows,
    digest_text,
    digest_value,
    short,
)
from twin_data.contracts.documents import Role

SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.floats(-1e6, 1e6)
ROWS = st.lists(st.dictionaries(st.text(max_size=4), SCALARS, max_size=4), max_size=6)


class Row(Contract):
    name: str
    weight: float
    role: Role = Role.OWN


@given(ROWS, st.randoms())
def test_rows_in_any_order_have_one_digest(rows: list[dict[str, object]], order: random.Random) -> None:
    shuffled = rows.copy()
    order.shuffle(shuffled)
    assert digest_rows(shuffled) == digest_rows(rows)


@given(ROWS, st.dictionaries(st.text(max_size=4), SCALARS, max_size=4))
def test_one_row_more_is_another_digest(rows: list[dict[str, object]], row: dict[str, object]) -> None:
    assert digest_rows([*rows, row]) != digest_rows(rows)


@given(st.dictionaries(st.text(max_size=4), SCALARS, min_size=2))
def test_the_order_of_fields_is_nothing(fields: dict[str, object]) -> None:
    assert digest_value(dict(reversed(fields.items()))) == digest_value(fields)


def test_floats_are_rounded_to_six_places() -> None:
    assert digest_value(0.1 + 0.2) == digest_value(0.3)
    assert digest_value(-0.0) == digest_value(0.0)
    assert digest_value(0.300001) != digest_value(0.3)


def test_contracts_dates_and_paths_have_a_canonical_form() -> None:
    value = {
        "row": Row(name="a", weight=1 / 3),
        "when": datetime(2026, 1, 2, 3, tzinfo=UTC),
        "day": date(2026, 1, 2),
        "path": Path("a") / "b",
        "set": {"y", "x"},
    }
    assert canonical_json(value) == (
        '{"day":"2026-01-02","path":"a/b","row":{"name":"a","role":"own","weight":0.333333},'
        '"set":["x","y"],"when":"2026-01-02T03:00:00+00:00"}'
    )


def test_what_has_no_canonical_form_is_refused() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json(float("nan"))
    with pytest.raises(TypeError):
        canonical_json(object())


def test_half_a_surrogate_pair_has_a_digest() -> None:
    assert digest_text("\ud83d") != digest_text("\ud83e")
    assert digest_rows(["\ud83d"]) != digest_rows(["\ud83e"])


def test_a_text_its_bytes_and_its_file_agree(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("Niño — “x”", "utf-8")
    assert digest_file(path) == digest_text("Niño — “x”") == digest_bytes(path.read_bytes())
    assert len(short(digest_file(path))) == 12


def test_a_folder_is_named_by_names_and_contents(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a").write_text("1")
    (tmp_path / "b").write_text("2")
    before = digest_folder(tmp_path)
    (tmp_path / "ignored").write_text("3")
    assert digest_folder(tmp_path, ignore=frozenset({"ignored"})) == before
    (tmp_path / "ignored").unlink()
    (tmp_path / "b").rename(tmp_path / "c")
    renamed = digest_folder(tmp_path)
    (tmp_path / "c").write_text("4")
    assert len({before, renamed, digest_folder(tmp_path)}) == 3
