"""One writer at a time: advisory file locks that the kernel releases when their holder dies."""

from __future__ import annotations

import fcntl
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from twin_data.contracts.errors import PlatformError

POLL_S = 0.2
SAY_EVERY_S = 300.0


def ignore(_: str) -> None:
    """Report progress to nobody."""


@contextmanager
def exclusive(
    path: Path, *, timeout_s: float, report: Callable[[str], None] = ignore, held: str = ""
) -> Iterator[None]:
    """Hold the lock file `path`, waiting for another holder for at most `timeout_s`.

    Args:
        path: The file.
        timeout_s: Longest wait, in seconds.
        report: Told who is waited for, at once and every few minutes.
        held: What the error says of it, to be followed by `by process …`; empty names the file.

    Raises:
        PlatformError: Another process still holds it; its id and command are named.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = _acquire(path, time.monotonic() + timeout_s, report, held or f"{path} is held")
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()} ({' '.join(sys.argv)[:200]})".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _acquire(path: Path, deadline: float, report: Callable[[str], None], held: str) -> int:
    say_at = time.monotonic()
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_still(path, descriptor):
                return descriptor
            os.close(descriptor)  # the folder was replaced while we waited: lock the new file
            continue
        except BlockingIOError:
            holder = os.pread(descriptor, 300, 0).decode("utf-8", "replace") or "another process"
            os.close(descriptor)
        if time.monotonic() > deadline:
            raise PlatformError(f"{held} by {holder}", next_step="wait for it to finish, or stop it, and try again")
        if time.monotonic() >= say_at:
            report(f"waiting for {holder}")
            say_at = time.monotonic() + SAY_EVERY_S
        time.sleep(POLL_S)


def _is_still(path: Path, descriptor: int) -> bool:
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    mine = os.fstat(descriptor)
    return (there.st_dev, there.st_ino) == (mine.st_dev, mine.st_ino)
