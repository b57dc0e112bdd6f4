"""The folder of compiled extensions, which several trainings share and a killed one leaves locked."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

IN_USE = ".in-use"
TORCH_LOCK = "lock"
"""PyTorch's own lock: an empty file that waits for ever for a process which was killed before it removed it."""


@contextmanager
def extensions_in_use(folder: Path) -> Iterator[None]:
    """Hold the folder for the time of a training; locks that nobody alive can hold are removed first.

    Every training holds `.in-use` together with the others. Whoever gets it alone knows that no other training lives on
    this folder, so that whatever lock of PyTorch's lies there belongs to a killed one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / IN_USE).open("ab") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fcntl.flock(held, fcntl.LOCK_SH)
        else:
            for left_over in folder.glob(f"*/{TORCH_LOCK}"):
                left_over.unlink(missing_ok=True)
            fcntl.flock(held, fcntl.LOCK_SH)
        yield
