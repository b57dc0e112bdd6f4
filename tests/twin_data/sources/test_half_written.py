from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from twin_data.sources import half_written
from twin_data.sources.half_written import is_open_for_writing, is_whole


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "a.md"
    path.write_text("One.", "utf-8")
    return path


def test_a_file_that_somebody_holds_open_for_writing_is_not_whole(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(half_written, "QUIET_S", 0.0)
    assert is_whole(path) and is_whole(path.parent)
    with path.open("a", encoding="utf-8"):
        assert is_open_for_writing(path)
        assert not is_whole(path)
        assert not is_whole(path.parent), "nor is a folder that holds it"
    assert is_whole(path)
    with path.open(encoding="utf-8"):
        assert is_whole(path), "a reader is in nobody's way"


def test_a_file_that_changed_a_moment_ago_is_waited_for(path: Path) -> None:
    os.utime(path, (0, 0))  # an old date says nothing: the change of the file's own record counts
    assert not is_whole(path)
    time.sleep(half_written.QUIET_S)
    assert is_whole(path)


def test_a_file_that_is_gone_is_not_whole(path: Path) -> None:
    path.unlink()
    assert not is_whole(path)


def test_the_signal_of_a_broken_lease_is_as_it_was(path: Path) -> None:
    former = signal.getsignal(signal.SIGIO)
    is_open_for_writing(path)
    assert signal.getsignal(signal.SIGIO) == former
