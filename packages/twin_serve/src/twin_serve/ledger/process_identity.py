"""Which process writes a row, told so that its death can be noticed by another."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
START_TICKS_FIELD = 19
"""Field 22 of /proc/PID/stat, counted from the state that follows the name in parentheses."""


@dataclass(frozen=True)
class ProcessIdentity:
    """A process: where its id counts, the id, and when it was born, because ids are given out again."""

    place: str
    pid: int
    born: str

    @classmethod
    def current(cls) -> ProcessIdentity:
        """This process."""
        return cls(place=_place(), pid=os.getpid(), born=_birth(os.getpid()) or "unknown")

    @classmethod
    def parse(cls, text: str) -> ProcessIdentity:
        """The inverse of `str`."""
        place, pid, born = text.rsplit(" ", 2)
        return cls(place=place, pid=int(pid), born=born)

    def __str__(self) -> str:
        return f"{self.place} {self.pid} {self.born}"

    @property
    def is_here(self) -> bool:
        """Whether its id counts in this process's own place, so that its death can be seen."""
        return self.place == _place()

    @property
    def is_alive(self) -> bool:
        """Whether it still runs; only to be asked if `is_here`."""
        return _birth(self.pid) == self.born


def _place() -> str:
    """Host and process-id namespace: two containers on one machine both have a process 1."""
    return f"{socket.gethostname()}/{os.readlink('/proc/self/ns/pid')}"


def _birth(pid: int) -> str | None:
    """The boot's id and the clock ticks since it; None if there is no such process, or only its zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = stat.rpartition(")")[2].split()
    if fields[0] in "ZX":
        return None
    return f"{BOOT_ID.read_text('ascii').strip()}:{fields[START_TICKS_FIELD]}"
