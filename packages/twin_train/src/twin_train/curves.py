"""The curve's file: one line a step, written by the first training process, followed by the parent."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import ValidationError

from twin_data.registry.durable import write_file
from twin_train.job import LoggedStep


def append(path: Path, step: LoggedStep) -> None:
    """Add a line; a reader never takes half of one, because it waits for the line's end."""
    with path.open("a", encoding="utf-8") as stream:
        stream.write(step.model_dump_json() + "\n")


def read(path: Path) -> list[LoggedStep]:
    """The whole lines of a curve's file; a line that a killed process left half-written ends it."""
    found, _ = read_from(path, 0)
    return found


def read_from(path: Path, offset: int) -> tuple[list[LoggedStep], int]:
    """Whole lines from a byte offset on, and the offset behind them."""
    if not path.is_file():
        return [], offset
    with path.open("rb") as stream:
        stream.seek(offset)
        data = stream.read()
    found = []
    for line in data.splitlines(keepends=True):
        if not line.endswith(b"\n"):
            break
        try:
            found.append(LoggedStep.model_validate(json.loads(line)))
        except (ValueError, ValidationError):
            break
        offset += len(line)
    return found, offset


def cut(path: Path, step: int) -> list[LoggedStep]:
    """Forget the lines of later steps than `step`, which are about to be trained again; returns those that stay."""
    kept = [line for line in read(path) if line.point.step <= step]
    write_file(path, "".join(line.model_dump_json() + "\n" for line in kept).encode())
    return kept
