from __future__ import annotations

import os
import resource
import signal
from pathlib import Path

import pytest

from twin_data.contracts.errors import StoreError
from twin_eval.errors import EvaluationError
from twin_eval.storage import append_lines, complete_lines, write_atomically


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "report.json"
    write_atomically(path, "first\n")
    write_atomically(path, "second é\n")
    assert path.read_text("utf-8") == "second é\n"
    assert [one.name for one in path.parent.iterdir()] == ["report.json"]


def test_a_failed_write_leaves_the_former_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "report.json"
    write_atomically(path, "first\n")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="No space left on device") as caught:
        write_atomically(path, "second\n")
    assert "free disk space" in caught.value.next_step
    assert path.read_text("utf-8") == "first\n"
    assert [one.name for one in tmp_path.iterdir()] == ["report.json"]


def test_a_line_cut_short_is_not_read_and_is_removed_before_the_next(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_text('{"a": 1}\n{"b": ', "utf-8")
    assert complete_lines(path) == ['{"a": 1}']
    with append_lines(path) as lines:
        lines.append('{"c": 3}')
    assert path.read_text("utf-8") == '{"a": 1}\n{"c": 3}\n'


def test_a_full_disk_is_told_from_other_faults(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        with append_lines(path) as lines:
            lines.append("a" * 50)
            resource.setrlimit(resource.RLIMIT_FSIZE, (60, before[1]))
            with pytest.raises(StoreError, match=r"answers.jsonl could not be written"):
                lines.append("b" * 50)
                lines.append("c")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert complete_lines(path) == ["a" * 50]


def test_two_runs_do_not_write_one_file(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    with append_lines(path), pytest.raises(EvaluationError, match="another command is writing"):
        with append_lines(path):
            pass
    with append_lines(path) as lines:
        lines.append("free again")


def test_only_a_newline_ends_a_line(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    with append_lines(path) as lines:
        lines.append("one\u2028two\u0085three")
    assert complete_lines(path) == ["one\u2028two\u0085three"]


def test_no_file_has_no_lines(tmp_path: Path) -> None:
    assert complete_lines(tmp_path / "answers.jsonl") == []
