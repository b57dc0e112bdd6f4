from __future__ import annotations

import subprocess
import sys
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


HOLDER = """
import sys
from pathlib import Path
from twin_data.registry.durable import exclusive
with exclusive(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_the_second_waits_and_is_told(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    # A program of its own: a fork of this process would take along whatever threads the other tests have started.
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdin and other.stdout
        assert other.stdout.readline() == b"held\n"
        told: list[str] = []

        def waiting() -> None:
            told.append("waiting")
            other.communicate()

        with exclusive(lock, waiting):
            assert told == ["waiting"]
    assert other.returncode == 0
    with exclusive(lock, lambda: told.append("again")):
        pass
    assert told == ["waiting"]
