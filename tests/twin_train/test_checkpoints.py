from __future__ import annotations

from pathlib import Path

from twin_train.worker.checkpoints import is_complete, last_complete, mark_complete, remove_incomplete, step_of


def write(folder: Path, step: int, *, marked: bool = True) -> Path:
    checkpoint = folder / f"checkpoint-{step}"
    (checkpoint / "global_step").mkdir(parents=True)
    (checkpoint / "adapter_model.safetensors").write_bytes(b"weights")
    (checkpoint / "global_step" / "shard.pt").write_bytes(b"moments")
    if marked:
        mark_complete(checkpoint)
    return checkpoint


def test_the_newest_whole_checkpoint_is_gone_on_from(tmp_path: Path) -> None:
    assert last_complete(tmp_path) is None
    write(tmp_path, 9)
    newest = write(tmp_path, 10)
    write(tmp_path, 11, marked=False)
    assert last_complete(tmp_path) == newest
    assert step_of(newest) == 10


def test_a_shortened_or_missing_file_makes_it_incomplete(tmp_path: Path) -> None:
    short, lacking = write(tmp_path, 1), write(tmp_path, 2)
    (short / "global_step" / "shard.pt").write_bytes(b"mom")
    (lacking / "adapter_model.safetensors").unlink()
    assert not is_complete(short) and not is_complete(lacking)


def test_what_is_incomplete_is_removed(tmp_path: Path) -> None:
    kept = write(tmp_path, 1)
    write(tmp_path, 2, marked=False)
    remove_incomplete(tmp_path)
    assert list(tmp_path.iterdir()) == [kept]
