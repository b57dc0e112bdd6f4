from __future__ import annotations

from pathlib import Path

from twin_train.extensions import TORCH_LOCK, extensions_in_use


def locked(folder: Path) -> Path:
    lock = folder / "deepspeed_shm_comm" / TORCH_LOCK
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.touch()
    return lock


def test_the_lock_of_a_killed_training_is_removed(tmp_path: Path) -> None:
    lock = locked(tmp_path)
    with extensions_in_use(tmp_path):
        assert not lock.exists()


def test_the_lock_of_a_living_training_stays(tmp_path: Path) -> None:
    with extensions_in_use(tmp_path):
        lock = locked(tmp_path)
        with extensions_in_use(tmp_path):
            assert lock.exists()


def test_a_folder_that_is_not_there_yet_is_made(tmp_path: Path) -> None:
    with extensions_in_use(tmp_path / "new"):
        assert (tmp_path / "new").is_dir()
