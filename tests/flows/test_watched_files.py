from __future__ import annotations

import os
from pathlib import Path

import pytest

from flows import watched_files
from flows.watched_files import WatchedFiles
from twin_data.contracts.errors import SourceError
from twin_data.sources import half_written


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(half_written, "QUIET_S", 0.0)
    (tmp_path / "posts").mkdir()
    (tmp_path / "posts" / "a.md").write_text("One.", "utf-8")
    return tmp_path


def test_an_event_is_worth_a_pass_once_the_file_is_whole(folder: Path) -> None:
    files, path = WatchedFiles(folder), folder / "posts" / "a.md"
    with path.open("a", encoding="utf-8") as stream:
        assert not files.note([path])
        stream.write("Two.")
        assert not files.note([]) and files.unready == 1
    assert files.note([]), "no event tells that it was closed"
    assert not files.note([]) and files.unready == 0


def test_what_is_deleted_is_worth_a_pass_and_what_is_hidden_is_not(folder: Path) -> None:
    files = WatchedFiles(folder)
    assert files.note([folder / "posts" / "gone.md"])
    assert not files.note([folder / "posts" / ".a.md.swp", folder / ".trash" / "a.md"])


def test_a_half_written_file_that_goes_away_is_worth_a_pass(folder: Path) -> None:
    files, path = WatchedFiles(folder), folder / "posts" / "a.md"
    with path.open("a", encoding="utf-8"):
        files.note([path])
        path.unlink()
        assert files.note([])


def test_what_a_pass_reads_is_timed(folder: Path) -> None:
    files, path = WatchedFiles(folder), folder / "posts" / "a.md"
    assert files.is_ready(path) and files.is_ready(folder / "posts")
    assert [0 <= one < 60 for one in files.read_lags()] == [True, True]
    files.begin()
    assert files.read_lags() == []
    with path.open("a", encoding="utf-8"):
        assert not files.is_ready(path) and not files.is_origin_ready(path)
    assert files.read_lags() == []


def test_a_file_is_digested_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digested: list[Path] = []
    whole = watched_files.digest_of
    monkeypatch.setattr(watched_files, "digest_of", lambda path: digested.append(path) or whole(path))
    files, path = WatchedFiles(folder), folder / "posts" / "a.md"
    first = files.digest_of(path)
    assert files.digest_of(path) == first and len(digested) == 1
    path.write_text("Two.", "utf-8")
    os.utime(path, (0, 0))
    assert files.digest_of(path) != first and len(digested) == 2
    path.unlink()
    with pytest.raises(SourceError, match="went away while it was read"):
        files.digest_of(path)
