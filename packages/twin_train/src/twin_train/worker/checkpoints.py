"""Checkpoints that are whole: a marker with every file's size is written last; what has none is not used."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from twin_data.registry.durable import sync, write_file
from twin_train.job import CHECKPOINT_MARKER, CHECKPOINT_PREFIX


def mark_complete(checkpoint: Path) -> None:
    """Say that every process has written its part of a checkpoint."""
    sizes = {path.relative_to(checkpoint).as_posix(): path.stat().st_size for path in _files(checkpoint)}
    for name in sizes:
        sync(checkpoint / name)
    write_file(checkpoint / CHECKPOINT_MARKER, json.dumps(sizes, sort_keys=True).encode())


def is_complete(checkpoint: Path) -> bool:
    """Whether a checkpoint has its marker and the files that the marker names."""
    marker = checkpoint / CHECKPOINT_MARKER
    if not marker.is_file():
        return False
    sizes: dict[str, int] = json.loads(marker.read_text("utf-8"))
    return all((checkpoint / name).is_file() and (checkpoint / name).stat().st_size == sizes[name] for name in sizes)


def step_of(checkpoint: Path) -> int:
    """The optimizer step after which a checkpoint was written."""
    return int(checkpoint.name.removeprefix(CHECKPOINT_PREFIX))


def last_complete(folder: Path) -> Path | None:
    """The newest checkpoint that is whole."""
    found = [path for path in folder.glob(f"{CHECKPOINT_PREFIX}*") if is_complete(path)]
    return max(found, key=step_of, default=None)


def remove_incomplete(folder: Path) -> None:
    """Remove what a killed run left half-written, lest it be counted among the checkpoints that are kept."""
    for path in folder.glob(f"{CHECKPOINT_PREFIX}*"):
        if not is_complete(path):
            shutil.rmtree(path)


def _files(checkpoint: Path) -> list[Path]:
    return sorted(path for path in checkpoint.rglob("*") if path.is_file() and path.name != CHECKPOINT_MARKER)
