from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest

from flows.platform import locks
from flows.platform.locks import exclusive
from twin_data.contracts.errors import PlatformError


def test_a_second_holder_is_told_who_has_it(tmp_path: Path) -> None:
    path = tmp_path / "run" / "lock"
    said: list[str] = []
    with exclusive(path, timeout_s=1), pytest.raises(PlatformError, match="is held by process"):
        with exclusive(path, timeout_s=0.3, report=said.append):
            pytest.fail("two held it")
    assert len(said) == 1 and said[0].startswith("waiting for process")


def test_who_waits_for_long_says_so_again_and_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "SAY_EVERY_S", 0.0)
    said: list[str] = []
    with exclusive(tmp_path / "lock", timeout_s=1), pytest.raises(PlatformError, match="^the gate is shut by process"):
        with exclusive(tmp_path / "lock", timeout_s=0.5, report=said.append, held="the gate is shut"):
            pytest.fail("two held it")
    assert len(said) > 1


def test_a_second_holder_waits(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    order: list[str] = []
    waiting = threading.Event()

    def second() -> None:
        with exclusive(path, timeout_s=10, report=lambda _: waiting.set()):
            order.append("second")

    with exclusive(path, timeout_s=1):
        thread = threading.Thread(target=second)
        thread.start()
        assert waiting.wait(5)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_it_is_released_by_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError), exclusive(tmp_path / "lock", timeout_s=1):
        raise ValueError
    with exclusive(tmp_path / "lock", timeout_s=0):
        pass


def test_whoever_waited_for_a_replaced_folder_locks_the_new_one(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    waiting, entered = threading.Event(), threading.Event()

    def second() -> None:
        with exclusive(folder / "lock", timeout_s=10, report=lambda _: waiting.set()):
            entered.set()
            with pytest.raises(PlatformError), exclusive(folder / "lock", timeout_s=0):
                pytest.fail("the old file was locked, not the new one")

    with exclusive(folder / "lock", timeout_s=1):
        thread = threading.Thread(target=second)
        thread.start()
        assert waiting.wait(5)
        shutil.rmtree(folder)
        folder.mkdir()
    thread.join()
    assert entered.is_set()
