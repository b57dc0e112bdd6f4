from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin_data.contracts.labels import AnswerLabel, BlindChoice, SentenceLabel
from twin_eval.errors import LabelsError
from twin_eval.human.reading import ReadLabels, read_file, read_rows

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ROW = {
    "kind": "sentence",
    "bundle": "0123",
    "question": "What of it?",
    "sentence": "It was high water.",
    "label": "supported",
    "labeller": "Ada",
    "labelled_at": "2026-03-01T12:00:00Z",
}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FIELDS = [
    "kind",
    "bundle",
    "question",
    "sentence",
    "answer",
    "label",
    "in_voice",
    "note",
    "labeller",
    "labelled_at",
    "page",
]
NEARLY = st.dictionaries(
    st.sampled_from(FIELDS), VALUES | st.sampled_from(["sentence", "answer", "choice", "right", "yes"])
)


def read(*rows: Any, labeller: str | None = None) -> ReadLabels:
    return read_rows(
        "\n".join(one if isinstance(one, str) else json.dumps(one) for one in rows), labeller=labeller, undated=NOW
    )


def problem(**changes: Any) -> str:
    found = read({**ROW, **changes})
    assert not found.rows and len(found.problems) == 1
    return str(found.problems[0])


def test_each_kind_of_row_is_read() -> None:
    answer = {
        "kind": "answer",
        "bundle": "0123",
        "question": "Q?",
        "answer": "A.",
        "in_voice": "unsure",
        "labeller": "Ada",
    }
    choice = {"kind": "choice", "page": "f0", "pair": "a1", "choice": "both_bad", "labeller": "Ada"}
    found = read(ROW, "", answer, choice)
    assert [(row.line, type(row.label)) for row in found.rows] == [
        (1, SentenceLabel),
        (3, AnswerLabel),
        (4, BlindChoice),
    ]
    assert found.problems == []
    assert found.rows[1].label.labelled_at == NOW, "rows without a date carry that of the reading"


def test_each_bad_row_is_named_with_line_value_and_fix_and_the_others_are_read() -> None:
    found = read("nonsense", ROW, [1], {**ROW, "kind": "sentance"}, ROW)
    assert [row.line for row in found.rows] == [2, 5]
    assert [str(one)[:40] for one in found.problems] == [
        "line 1: not JSON at character 1: Expecti",
        "line 3: a list where an object belongs: ",
        "line 4: kind: unknown kind 'sentance'; d",
    ]
    assert str(found.problems[2]).endswith("did you mean 'sentence'?")


def test_what_is_wrong_with_a_field_is_said_with_its_value() -> None:
    assert problem(label="suported") == "line 1: label: unknown label 'suported'; did you mean 'supported'?"
    assert problem(label="x").endswith("known: supported, unsupported, contradicted, nonsense")
    assert problem(sentense="x") == "line 1: unknown field 'sentense'; did you mean 'sentence'?"
    assert "sentence: String should have at least 1 character, not ''" in problem(sentence="")
    assert "labelled_at" in problem(labelled_at="yesterday") and "'yesterday'" in problem(labelled_at="yesterday")
    assert "timezone" in problem(labelled_at="2026-03-01T12:00:00"), "a date without a zone is not one moment"
    empty = {key: value for key, value in ROW.items() if key not in {"sentence", "label"}}
    assert str(read({**empty, "kind": "answer", "answer": "A."}).problems[0]) == (
        "line 1: neither label nor in_voice is given; give at least one of the two"
    )
    assert "twin ab" in problem(kind="preference"), "what is not blind is no blind choice"


def test_a_row_without_a_name_takes_the_one_that_was_given() -> None:
    nameless = {key: value for key, value in ROW.items() if key != "labeller"}
    assert str(read(nameless).problems[0]).endswith("add it, or give --labeller NAME")
    assert read(nameless, labeller="Grace").rows[0].label.labeller == "Grace"
    assert read(ROW, labeller="Grace").rows[0].label.labeller == "Ada"


@given(st.lists(VALUES.map(json.dumps) | NEARLY.map(json.dumps) | st.text(), max_size=6))
def test_whatever_a_file_holds_every_line_is_read_or_named(lines: list[str]) -> None:
    text = "\n".join(lines)
    found = read_rows(text, labeller=None, undated=NOW)
    numbers = sorted([row.line for row in found.rows] + [one.line for one in found.problems])
    assert numbers == [at for at, line in enumerate(text.split("\n"), start=1) if line.strip()]
    assert all(one.message for one in found.problems)


@given(st.sampled_from(sorted(ROW)), VALUES)
def test_a_label_that_was_read_is_written_and_read_the_same(name: str, value: object) -> None:
    for row in read({**ROW, name: value}).rows:
        again = read_rows(row.label.model_dump_json(), labeller=None, undated=NOW)
        assert [one.label for one in again.rows] == [row.label]


@pytest.mark.parametrize("line", ["9" * 5000, "[" * 100_000, '{"kind": "\\ud800"}'])
def test_what_json_cannot_hold_is_a_problem_and_no_crash(line: str) -> None:
    assert len(read(line).problems) == 1


def test_a_file_that_is_none_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(LabelsError, match="does not exist"):
        read_file(tmp_path / "labels.jsonl")
    (tmp_path / "empty.jsonl").write_text("\n\n", "utf-8")
    with pytest.raises(LabelsError, match="holds no label"):
        read_file(tmp_path / "empty.jsonl")
    (tmp_path / "latin.jsonl").write_bytes(b"\xff\xfe")
    with pytest.raises(LabelsError, match="not UTF-8 at byte 0"):
        read_file(tmp_path / "latin.jsonl")
    (tmp_path / "bom.jsonl").write_text(json.dumps(ROW), "utf-8-sig")
    assert len(read_file(tmp_path / "bom.jsonl").rows) == 1
