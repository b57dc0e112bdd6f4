"""Is a file still being written? It is waited for, rather than read in part and read again."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import time
from pathlib import Path

QUIET_S = 0.3
"""How long nothing may have happened to a file that nobody holds open: between two writes of a program that reopens."""
_NO_LEASES = frozenset({errno.EINVAL, errno.EACCES, errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP})


def is_whole(path: Path) -> bool:
    """Whether a file, or every file of a folder, has been left alone for a moment and is not open for writing."""
    files = [one for one in path.rglob("*") if one.is_file()] if path.is_dir() else [path]
    try:
        return all(is_quiet(one) and not is_open_for_writing(one) for one in files)
    except FileNotFoundError:
        return False  # gone or renamed meanwhile: the next look finds what there is then


def is_quiet(path: Path) -> bool:
    """Whether a file's content and name have not changed for `QUIET_S`."""
    return abs(time.time() - path.stat().st_ctime) >= QUIET_S


def is_open_for_writing(path: Path) -> bool:
    """Whether a process holds a file open for writing, as far as the file system tells (by refusing a read lease)."""
    # A program that opens the file for writing while the lease is held, for some microseconds, is announced by SIGIO,
    # whose default would end this process.
    former = signal.signal(signal.SIGIO, signal.SIG_IGN)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        if error.errno == errno.EAGAIN:
            return True
        if error.errno not in _NO_LEASES:
            raise
    finally:
        os.close(descriptor)
        signal.signal(signal.SIGIO, former)
    return False
