"""Processes that end with the one that started them, even if that was killed and could say nothing."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

from twin_train.job import LAUNCHER_VARIABLE

PR_SET_PDEATHSIG = 1


def end_with_parent(parent: int) -> None:
    """Have the kernel kill this process when the thread of `parent` that started it ends.

    Raises:
        SystemExit: The parent ended before the kernel could be asked.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent:
        sys.exit(f"process {parent}, which started this one, has ended")


def end_with_launcher() -> None:
    """Tie a training process to the launcher that its environment names."""
    if launcher := os.environ.get(LAUNCHER_VARIABLE):
        end_with_parent(int(launcher))
