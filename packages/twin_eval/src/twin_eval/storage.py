"""Files of an evaluation: whole or not at all, and answers that survive an interruption."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TypeVar

from pydantic import ValidationError

from twin_data.contracts.base import Contract
from twin_data.contracts.errors import IntegrityError, StoreError
from twin_data.registry.durable import write_file
from twin_eval.errors import EvaluationError

Kept = TypeVar("Kept", bound=Contract)


def write_atomically(path: Path, text: str) -> None:
    """Write under a temporary name beside `path`, then rename into place.

    Raises:
        StoreError: The disk is full or the folder may not be written; the former file is untouched.
    """
    try:
        write_file(path, text.encode("utf-8"))
    except OSError as error:
        raise _unwritable(path, error) from error


def read_kept(path: Path, kind: type[Kept], what: str, *, again: str = "evaluate again") -> Kept | None:
    """What an evaluation has written to `path`; None if there is no such file.

    Args:
        path: A JSON file.
        kind: What it holds.
        what: The same in words: "{path} is not {what}".
        again: How it is made once more.

    Raises:
        IntegrityError: The file is damaged.
    """
    if not path.is_file():
        return None
    try:
        return kind.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise IntegrityError(f"{path} is not {what}", next_step=f"delete {path} and {again}") from error


def complete_lines(path: Path) -> list[str]:
    """The lines of a file that end in a newline; a last one that a crash cut short is left out."""
    if not path.is_file():
        return []
    # Not splitlines, which also splits at characters that may stand inside a JSON string, such as U+2028.
    return [line.decode("utf-8") for line in path.read_bytes().split(b"\n")[:-1]]


class AppendOnlyLines:
    """An open file whose lines are on the disk when `append` returns."""

    def __init__(self, stream: IO[bytes], path: Path) -> None:
        self._stream = stream
        self._path = path

    def append(self, line: str) -> None:
        """Write one line.

        Raises:
            StoreError: The disk is full.
        """
        try:
            self._stream.write(line.encode("utf-8") + b"\n")
            os.fsync(self._stream.fileno())
        except OSError as error:
            raise _unwritable(self._path, error) from error


@contextmanager
def append_lines(path: Path) -> Iterator[AppendOnlyLines]:
    """Open `path` for appending, by one process at a time; a line that a crash cut short is removed first.

    Raises:
        EvaluationError: Another process has it open.
        StoreError: The folder may not be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = path.open("a+b", buffering=0)
    except OSError as error:
        raise _unwritable(path, error) from error
    with stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise EvaluationError(
                f"another command is writing {path}", next_step="wait for it to end, or stop it, then run this again"
            ) from error
        stream.seek(0)
        stream.truncate(stream.read().rfind(b"\n") + 1)
        yield AppendOnlyLines(stream, path)


def _unwritable(path: Path, error: OSError) -> StoreError:
    return StoreError(
        f"{path} could not be written: {error.strerror or error}",
        next_step="free disk space or correct the folder's permissions, then run the same command again",
    )
