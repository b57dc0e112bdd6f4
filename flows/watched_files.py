"""The files below a watched folder: which have changed, which are still being written, and how long they took."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

from twin_data.contracts.errors import SourceError
from twin_data.sources.half_written import is_whole
from twin_data.sources.units import digest_of

Signature = tuple[tuple[str, int, int, int, int], ...]


class WatchedFiles:
    """What is known of files between passes. What is kept is a few numbers a file."""

    def __init__(self, sources: Path) -> None:
        self._sources = sources
        self._digests: dict[Path, tuple[Signature, str]] = {}
        self._unready: set[Path] = set()
        self._read: list[float] = []

    def begin(self) -> None:
        """A pass begins: it finds out anew which files are half written."""
        self._unready.clear()
        self._read.clear()

    def note(self, paths: Iterable[Path]) -> bool:
        """Take note of paths that something happened to; returns whether a pass has something to do now."""
        worth_it = False
        for path in paths:
            if self._is_hidden(path):
                continue
            if path.is_file() and not is_whole(path):
                self._unready.add(path)
            else:
                worth_it = True
        whole = {path for path in self._unready if not path.exists() or is_whole(path)}
        self._unready -= whole
        return worth_it or bool(whole)

    @property
    def unready(self) -> int:
        """How many files the last pass left because they are half written."""
        return len(self._unready)

    def are_unready(self) -> bool:
        """Whether there are any; waits a moment if so."""
        if self._unready:
            time.sleep(0.1)
        return bool(self._unready)

    def is_ready(self, path: Path) -> bool:
        """Whether a file or folder may be read; remembers the answer."""
        if not is_whole(path):
            self._unready.add(path)
            return False
        self._read.append(max((one[-1] for one in _signature(path)), default=time.time_ns()) / 1e9)
        return True

    def is_origin_ready(self, path: Path) -> bool:
        """The same of a file that is copied into the sources first."""
        if not is_whole(path):
            self._unready.add(path)
            return False
        return True

    def read_lags(self) -> list[float]:
        """Seconds since each file that this pass has read was last changed."""
        now = time.time()
        return [now - changed for changed in self._read]

    def digest_of(self, path: Path) -> str:
        """The digest of a file or folder; one that has not been touched is not read again."""
        signature = _signature(path)
        known = self._digests.get(path)
        if known is None or known[0] != signature:
            known = self._digests[path] = (signature, digest_of(path))
        return known[1]

    def _is_hidden(self, path: Path) -> bool:
        inside = path.relative_to(self._sources) if path.is_relative_to(self._sources) else Path(path.name)
        return any(part.startswith(".") for part in inside.parts)


def _signature(path: Path) -> Signature:
    """Name, inode, size and times of a file, or of every file of a folder."""
    try:
        files = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
        stats = [(one, one.stat()) for one in files]
    except FileNotFoundError as error:
        raise SourceError(f"{path} went away while it was read", next_step="it is looked at again") from error
    return tuple((str(one), s.st_ino, s.st_size, s.st_mtime_ns, s.st_ctime_ns) for one, s in stats)
