from __future__ import annotations

import multiprocessing.synchronize
from pathlib import Path

import pytest

from twin_data.registry.durable import exclusive, new_folder, write_file


def test_a_failed_block_leaves_the_former_folder_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    with new_folder(folder) as beside:
        (beside / "a").write_text("first")
    with pytest.raises(OSError, match="full"), new_folder(folder) as beside:
        (beside / "a").write_text("second")
        raise OSError("disk full")

    assert (folder / "a").read_text() == "first"
    assert list(tmp_path.iterdir()) == [folder]


def test_what_a_killed_attempt_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".model.left0ver").mkdir()
    (tmp_path / ".model.left0ver" / "big").write_text("x")
    (tmp_path / ".model.verified.json").write_text("{}")
    with new_folder(tmp_path / "model") as beside:
        (beside / "a").write_text("x")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".model.verified.json", "model"]


def test_write_file_replaces(tmp_path: Path) -> None:
    for data in (b"one", b"two"):
        write_file(tmp_path / "sub" / "file", data)
    assert [path.read_bytes() for path in (tmp_path / "sub").iterdir()] == [b"two"]


def hold(path: Path, held: multiprocessing.synchronize.Event, release: multiprocessing.synchronize.Event) -> None:
    with exclusive(path):
        held.set()
        assert release.wait(30)


def test_the_second_waits_and_is_told(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    held, release = context.Event(), context.Event()
    other = context.Process(target=hold, args=(tmp_path / "lock", held, release))
    other.start()
    assert held.wait(30)
    told: list[str] = []

    def waiting() -> None:
        told.append("waiting")
        release.set()

    with exclusive(tmp_path / "lock", waiting):
        assert told == ["waiting"]
        other.join(30)
    assert other.exitcode == 0
    with exclusive(tmp_path / "lock", lambda: told.append("again")):
        pass
    assert told == ["waiting"]
