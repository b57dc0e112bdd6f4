from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from twin_data.contracts.datasets import CertificateCheck, DatasetKind
from twin_data.contracts.errors import DatasetError
from twin_train.certified_dataset import open_dataset

INSTRUCTIONS = DatasetKind.INSTRUCTIONS


def test_rows_come_in_the_order_of_the_file_with_their_columns_only(make_dataset: Callable[..., Path]) -> None:
    dataset = open_dataset(make_dataset(DatasetKind.PREFERENCES, rows=3, held_out=2), DatasetKind.PREFERENCES)
    assert [set(row) for row in dataset.train_rows()] == [{"prompt", "chosen", "rejected"}] * 3
    assert len(dataset.held_out_rows()) == 2


@pytest.mark.parametrize("name", ["certificate.json", "files.json", "train.jsonl", "held_out.jsonl"])
def test_a_missing_file_is_named(make_dataset: Callable[..., Path], name: str) -> None:
    folder = make_dataset()
    (folder / name).unlink()
    with pytest.raises(DatasetError, match=f"has no {name}") as refused:
        open_dataset(folder, INSTRUCTIONS)
    assert "twin datasets" in refused.value.next_step


@pytest.mark.parametrize("name", ["certificate.json", "files.json"])
@pytest.mark.parametrize("content", [b"", b"{", b'{"persona": "ada"', b"[1]", b"\xff\xfe"])
def test_an_unreadable_certificate_is_refused(make_dataset: Callable[..., Path], name: str, content: bytes) -> None:
    folder = make_dataset()
    (folder / name).write_bytes(content)
    with pytest.raises(DatasetError, match=name):
        open_dataset(folder, INSTRUCTIONS)


def test_a_failed_check_is_named_with_its_value_and_its_bar(
    make_dataset: Callable[..., Path], certify: Callable[..., None]
) -> None:
    folder = make_dataset()
    checks = (
        CertificateCheck(name="duplicates", value=0.01, wanted="≤ 0.02", passed=True),
        CertificateCheck(name="test_overlap", value=0.07, wanted="= 0", passed=False),
    )
    certify(folder, INSTRUCTIONS, 40, 6, checks=checks)
    with pytest.raises(DatasetError, match="test_overlap is 0.07, wanted = 0") as refused:
        open_dataset(folder, INSTRUCTIONS)
    assert "duplicates" not in refused.value.message


def test_a_certificate_without_checks_proves_nothing(
    make_dataset: Callable[..., Path], certify: Callable[..., None]
) -> None:
    folder = make_dataset()
    certify(folder, INSTRUCTIONS, 40, 6, checks=())
    with pytest.raises(DatasetError, match="states no check"):
        open_dataset(folder, INSTRUCTIONS)


@pytest.mark.parametrize("name", ["train.jsonl", "held_out.jsonl"])
def test_rows_added_after_the_certificate_are_refused(make_dataset: Callable[..., Path], name: str) -> None:
    folder = make_dataset()
    with (folder / name).open("a") as stream:
        stream.write("{}\n")
    with pytest.raises(DatasetError, match=f"{name} was changed after its certificate"):
        open_dataset(folder, INSTRUCTIONS)


def test_files_that_are_not_listed_are_refused(make_dataset: Callable[..., Path]) -> None:
    folder = make_dataset()
    (folder / "files.json").write_text(json.dumps({}))
    with pytest.raises(DatasetError, match="does not name train.jsonl"):
        open_dataset(folder, INSTRUCTIONS)


def test_the_other_kind_of_dataset_is_refused(make_dataset: Callable[..., Path]) -> None:
    with pytest.raises(DatasetError, match="holds preferences, this stage trains on instructions"):
        open_dataset(make_dataset(DatasetKind.PREFERENCES), INSTRUCTIONS)


@pytest.mark.parametrize(
    "line", ["not json", "[]", '{"prompt": [], "completion": "text"}', '{"prompt": [{"role": "user"}]}']
)
def test_a_malformed_row_is_named_by_its_line(
    make_dataset: Callable[..., Path], certify: Callable[..., None], line: str
) -> None:
    folder = make_dataset(rows=2)
    with (folder / "train.jsonl").open("a") as stream:
        stream.write(line + "\n")
    certify(folder, INSTRUCTIONS, 3, 6)
    with pytest.raises(DatasetError, match="train.jsonl:3"):
        open_dataset(folder, INSTRUCTIONS).train_rows()


def test_a_line_separator_inside_a_text_ends_no_row(
    make_dataset: Callable[..., Path], certify: Callable[..., None]
) -> None:
    folder, said = make_dataset(rows=0, held_out=0), "one\u2028two\x85three"
    row = {"prompt": [{"role": "user", "content": "go on"}], "completion": [{"role": "assistant", "content": said}]}
    (folder / "train.jsonl").write_text(json.dumps(row, ensure_ascii=False) + "\n")
    certify(folder, INSTRUCTIONS, 1, 0)
    (found,) = open_dataset(folder, INSTRUCTIONS).train_rows()
    assert found["completion"][0]["content"] == said
