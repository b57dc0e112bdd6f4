"""Archives opened with limits: what is too much, points elsewhere, or is no plain file is refused by name."""

from __future__ import annotations

import errno
import gzip
import lzma
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO, Protocol, cast

from twin_data.contracts.base import Contract
from twin_data.contracts.errors import SourceError
from twin_data.sources.reader import MEBIBYTE

_ZIP_SUFFIXES = (".zip", ".epub")
_SUFFIXES = (".tar.gz", ".tgz", ".tar", *_ZIP_SUFFIXES)
_COPY_BYTES = 256 * 1024
_RATIO_FREE_BYTES = 4 * MEBIBYTE
"""Below this size any ratio is harmless: a few kilobytes of blank text compress a thousandfold."""
_ZIP_ENCRYPTED = 0x1
_DAMAGE = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, gzip.BadGzipFile)


class ArchiveLimits(Contract):
    """How much an archive may hold."""

    max_total_mb: int = 4096
    max_files: int = 100_000
    max_ratio: float = 200.0
    """Unpacked size over the archive's own size."""


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def is_archive(path: Path) -> bool:
    """Whether the name ends like that of an archive that can be opened."""
    return path.name.lower().endswith(_SUFFIXES)


def stem_of(path: Path) -> str:
    """A file's name without its suffix, without both for `.tar.gz`."""
    for suffix in _SUFFIXES:
        if path.name.lower().endswith(suffix) and len(path.name) > len(suffix):
            return path.name[: -len(suffix)]
    return path.stem


def unpack(archive: Path, folder: Path, limits: ArchiveLimits) -> int:
    """Unpack an archive into a new folder and return the number of files. On any failure the folder is gone.

    Raises:
        SourceError: The archive is damaged, encrypted or empty, or an entry of it, which the message
            names, breaks a limit or would be written elsewhere.
    """
    folder.mkdir(parents=True)
    try:
        with _explained(archive):
            target = _Target(archive, folder, limits, archive.stat().st_size)
            (_unpack_zip if archive.name.lower().endswith(_ZIP_SUFFIXES) else _unpack_tar)(archive, target)
        if not target.files:
            raise SourceError(f"{archive} holds no files", next_step="add an archive with files in it")
        return target.files
    except BaseException:  # also Ctrl-C: half an archive is worse than none
        shutil.rmtree(folder, ignore_errors=True)
        raise


@dataclass
class _Target:
    """Where entries are written, and what has been written so far."""

    archive: Path
    folder: Path
    limits: ArchiveLimits
    archive_bytes: int
    files: int = 0
    total_bytes: int = 0
    current: str = "(first entry)"

    def path_of(self, name: str) -> Path:
        """Where an entry goes.

        Raises:
            SourceError: Its name is absolute, climbs out, or is no name.
        """
        pure = PurePosixPath(name.replace("\\", "/"))
        if pure.is_absolute() or PureWindowsPath(name).drive or ".." in pure.parts or "\x00" in name:
            raise self.refusal(name, "its path leads out of the archive")
        if not pure.parts:
            raise self.refusal(name, "it has no name")
        return self.folder.joinpath(*pure.parts)

    def write(self, name: str, source: _Readable) -> None:
        """Write one file, counting the bytes that really come: sizes in headers can lie."""
        path = self.path_of(name)
        self.current = name
        self.files += 1
        if self.files > self.limits.max_files:
            raise self.refusal(name, f"it is one more than the {self.limits.max_files} files allowed")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as stream:
                while piece := source.read(_COPY_BYTES):
                    self.count(len(piece), name)
                    stream.write(piece)
        except FileExistsError as error:
            raise self.refusal(name, "an entry of that name came before") from error
        except NotADirectoryError as error:
            raise self.refusal(name, "its folder is a file of the archive") from error
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                raise self.refusal(name, "its name is too long") from error
            raise

    def count(self, size: int, name: str) -> None:
        """Add to the unpacked size, and refuse what is over the limits."""
        self.total_bytes += size
        if self.total_bytes > self.limits.max_total_mb * MEBIBYTE:
            raise self.refusal(name, f"with it the archive is larger than {self.limits.max_total_mb} MiB")
        ratio = self.total_bytes / max(self.archive_bytes, 1)
        if self.total_bytes > _RATIO_FREE_BYTES and ratio > self.limits.max_ratio:
            raise self.refusal(name, f"with it the archive unpacks to over {self.limits.max_ratio:g} times its size")

    def refusal(self, name: str, reason: str) -> SourceError:
        """The error that names an entry."""
        return SourceError(
            f"{self.archive}: entry {name!r} was refused: {reason}; nothing of the archive was used",
            next_step="unpack the archive yourself, look at it, and add the folder",
        )


@contextmanager
def _explained(archive: Path) -> Iterator[None]:
    """Turn what the libraries raise into the product's error."""
    try:
        yield
    except _DAMAGE as error:
        raise SourceError(f"{archive} is damaged: {error}", next_step="download or export the archive again") from error
    except (NotImplementedError, RuntimeError, UnicodeError, ValueError) as error:
        raise SourceError(f"{archive} cannot be unpacked: {error}", next_step="unpack it and add the folder") from error
    except OSError as error:
        raise SourceError(
            f"{archive} cannot be unpacked: {error.strerror or error}",
            next_step="free disk space, or add a folder instead",
        ) from error


def _unpack_zip(archive: Path, target: _Target) -> None:
    with zipfile.ZipFile(archive) as opened:
        for entry in opened.infolist():
            if not entry.filename:
                raise target.refusal(entry.filename, "it has no name")
            mode = entry.external_attr >> 16
            if stat.S_IFMT(mode) not in {0, stat.S_IFREG, stat.S_IFDIR}:
                raise target.refusal(entry.filename, "it is a link or device, not a file")
            if entry.is_dir() or stat.S_ISDIR(mode):
                target.path_of(entry.filename)
                continue
            if entry.flag_bits & _ZIP_ENCRYPTED:
                raise target.refusal(entry.filename, "it is encrypted")
            with opened.open(entry) as source:
                target.write(entry.filename, source)


def _unpack_tar(archive: Path, target: _Target) -> None:
    compressed = not archive.name.lower().endswith(".tar")
    with gzip.open(archive) if compressed else archive.open("rb") as stream:
        # Read as a stream through a counter, so that swollen headers and sparse files hit the limits as well.
        with tarfile.open(fileobj=cast(IO[bytes], _Counted(stream, target)), mode="r|", errorlevel=2) as opened:
            for member in opened:
                if member.isdir():
                    if PurePosixPath(member.name).parts:  # "./" is how many tools name the root
                        target.path_of(member.name)
                    continue
                if not member.isreg():
                    raise target.refusal(member.name, "it is a link or device, not a file")
                source = opened.extractfile(member)
                if source is None:
                    raise target.refusal(member.name, "it has no content")
                target.write(member.name, source)


class _Counted:
    """A stream that ends in refusal when more comes out of it than an archive may hold."""

    def __init__(self, stream: IO[bytes] | gzip.GzipFile, target: _Target) -> None:
        self._stream = stream
        self._target = target
        self._counter = _Target(target.archive, target.folder, target.limits, target.archive_bytes)

    def read(self, size: int = -1) -> bytes:
        """Read on, counting."""
        data = self._stream.read(size)
        self._counter.count(len(data), self._target.current)
        return data
