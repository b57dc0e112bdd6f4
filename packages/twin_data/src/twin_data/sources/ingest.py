"""`twin add`: copy what a user points at into the persona's folder, whole or not at all."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import re
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from twin_data.contracts.base import Contract
from twin_data.contracts.digests import digest_file
from twin_data.contracts.errors import SourceError
from twin_data.registry.durable import sync
from twin_data.sources.archives import ArchiveLimits, is_archive, stem_of, unpack

SOURCES_FOLDER = "sources"
STAGING_FOLDER = ".adding"
"""Beside `sources`, so that a half-made copy is never taken for a source."""
_ASIDE = "before"
_SOURCE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}")
_HISTORY_FOLDERS = frozenset({".git", ".hg", ".svn"})
_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_CANNOT_EXCHANGE = frozenset({errno.EINVAL, errno.ENOSYS, errno.ENOTSUP})


class AddedSource(Contract):
    """What an addition did, counted in files."""

    name: str
    files: int
    bytes: int
    new: int
    changed: int
    removed: int
    unchanged: int


@dataclass(frozen=True)
class _Plan:
    """The files of a source by path inside it, and how they compare with the copy that is there."""

    files: Mapping[str, Path]
    new: frozenset[str]
    changed: frozenset[str]
    removed: frozenset[str]

    @property
    def changes_nothing(self) -> bool:
        return not (self.new or self.changed or self.removed)


Inspect = Callable[[str, Path], None]
"""Looks at a source by its name and where it lies unpacked, and raises if it may not be added."""


def add_source(
    persona_folder: Path,
    origin: Path,
    name: str | None = None,
    *,
    limits: ArchiveLimits | None = None,
    is_ready: Callable[[Path], bool] = lambda path: True,
    inspect: Inspect = lambda name, folder: None,
) -> AddedSource:
    """Copy a file, a folder or the content of an archive to `<persona_folder>/sources/<name>`.

    Adding the same source again is incremental by content: files that are equal keep their copy, changed
    ones are replaced, and those that are gone from the origin go. The whole source changes in one rename;
    after an error or Ctrl-C it is as it was before. Version-control folders are left out. What `inspect` raises passes.

    Args:
        persona_folder: Whose sources.
        origin: A file, a folder or an archive.
        name: The source's name; made of the origin's if None.
        limits: Of archives.
        is_ready: Whether a file may be copied yet; one that may not is left as it is there.
        inspect: Called with the source's name and what it holds before anything is copied.

    Raises:
        SourceError: There is nothing at `origin`, or nothing in it, or an archive is damaged or unsafe, or a link
            leads out of the folder, or the disk is full.
    """
    source_name = _check_name(name or _name_from(origin), origin)
    target = persona_folder / SOURCES_FOLDER / source_name
    _check_origin(origin, persona_folder)
    with _explained(origin), _staging(persona_folder, source_name) as staging:
        folder = origin
        if origin.is_file() and is_archive(origin):
            folder = staging / "unpacked"
            unpack(origin, folder, limits or ArchiveLimits())
        files = _list_files(folder, origin)
        inspect(source_name, folder)
        plan = _plan(_ready_files(files, target, is_ready), target)
        if not plan.changes_nothing:
            _build(plan, target, staging / "built")
            _swap(staging / "built", target)
    return AddedSource(
        name=source_name,
        files=len(plan.files),
        bytes=sum((target / relative).stat().st_size for relative in plan.files),
        new=len(plan.new),
        changed=len(plan.changed),
        removed=len(plan.removed),
        unchanged=len(plan.files) - len(plan.new) - len(plan.changed),
    )


def _name_from(origin: Path) -> str:
    """A source name from a file or folder name: what cannot stand in one becomes a dash."""
    plain = origin.resolve() if origin.name in {"", ".", ".."} else origin
    stem = stem_of(plain) if plain.is_file() else plain.name
    return re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-._")


def _check_name(name: str, origin: Path) -> str:
    if not _SOURCE_NAME.fullmatch(name):
        raise SourceError(
            f"{name!r} cannot name the source at {origin}: letters, digits, '.', '_' and '-' only, at most 81",
            next_step="give it a name of its own: twin add … --name NAME",
        )
    return name


def _check_origin(origin: Path, persona_folder: Path) -> None:
    if not persona_folder.is_dir():
        raise SourceError(f"there is no persona at {persona_folder}", next_step=f"twin init {persona_folder.name}")
    if not origin.exists():
        raise SourceError(f"there is nothing at {origin}", next_step="check the path, and try again")
    origin_path, persona_path = origin.resolve(), persona_folder.resolve()
    if origin_path == persona_path or origin_path in persona_path.parents or persona_path in origin_path.parents:
        raise SourceError(
            f"{origin} and the persona's own folder {persona_folder} lie within each other",
            next_step="add a folder outside of the persona's",
        )


@contextmanager
def _explained(origin: Path) -> Iterator[None]:
    """Turn what the system refuses into the product's error."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            message, next_step = f"the disk is full; {origin} was not added", "free space, and add it again"
        else:
            where, reason = error.filename or origin, error.strerror or error
            message, next_step = f"{where}: {reason}; {origin} was not added", "make it readable"
        raise SourceError(message, next_step=next_step) from error


@contextmanager
def _staging(persona_folder: Path, source_name: str) -> Iterator[Path]:
    """A folder on the same file system to build in. One addition at a time; what a killed one left is put right."""
    base = persona_folder / STAGING_FOLDER
    lock = os.open(persona_folder, os.O_RDONLY)  # the lock is on the folder itself, so no lock file stays behind
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _recover(base, persona_folder / SOURCES_FOLDER)
        staging = base / source_name
        staging.mkdir(parents=True)
        yield staging
    finally:
        shutil.rmtree(base, ignore_errors=True)
        os.close(lock)


def _recover(base: Path, sources: Path) -> None:
    """Put back a source that an addition had moved aside when it was killed, and clear what else it left."""
    for aside in base.glob(f"*/{_ASIDE}"):
        target = sources / aside.parent.name
        if not target.exists():
            aside.rename(target)
    shutil.rmtree(base, ignore_errors=True)


def _list_files(folder: Path, origin: Path) -> dict[str, Path]:
    """The files to copy, by path inside the source, in order.

    Raises:
        SourceError: There are none, or something is neither file nor folder, or a link leads out.
    """
    if folder.is_file():
        return {folder.name: folder}
    files: dict[str, Path] = {}
    for parent, folders, names in os.walk(folder, onerror=_raise):
        folders[:] = [one for one in folders if one not in _HISTORY_FOLDERS]
        for path in (Path(parent, one) for one in (*folders, *names)):
            if path.is_symlink():
                _check_link(path, folder)
            elif stat.S_ISREG(mode := path.stat().st_mode):
                files[path.relative_to(folder).as_posix()] = path
            elif not stat.S_ISDIR(mode):
                raise SourceError(f"{path} is neither file nor folder", next_step=f"take it out of {origin}")
    if not files:
        raise SourceError(f"{origin} holds no files", next_step="add a folder with files in it")
    return dict(sorted(files.items()))


def _ready_files(files: Mapping[str, Path], target: Path, is_ready: Callable[[Path], bool]) -> dict[str, Path]:
    """The files that may be copied, and the copies that are there of those that may not yet."""
    there = {one: path if is_ready(path) else target / one for one, path in files.items()}
    return {one: path for one, path in there.items() if path == files[one] or path.is_file()}


def _raise(error: OSError) -> None:
    raise error


def _check_link(path: Path, folder: Path) -> None:
    """Pass over a link to what is copied anyway; refuse one that would bring in something else."""
    aim = path.resolve()
    if not aim.exists() or not aim.is_relative_to(folder.resolve()):
        raise SourceError(
            f"{path} is a link to {os.readlink(path)}, which is not in the folder that is added",
            next_step="replace the link by a copy, or remove it",
        )


def _plan(files: Mapping[str, Path], target: Path) -> _Plan:
    """Compare what is to be there with what is there, by content."""
    there = {one.relative_to(target).as_posix() for one in target.rglob("*") if one.is_file()}
    kept = frozenset(files) & there
    return _Plan(
        files=files,
        new=frozenset(files) - there,
        changed=frozenset(one for one in kept if not _is_equal(files[one], target / one)),
        removed=frozenset(there - set(files)),
    )


def _is_equal(one: Path, other: Path) -> bool:
    return one.stat().st_size == other.stat().st_size and digest_file(one) == digest_file(other)


def _build(plan: _Plan, target: Path, folder: Path) -> None:
    """Make the new state of the source: equal files are linked to the copy that is there, others copied."""
    for relative, origin in plan.files.items():
        path = folder / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        if relative in plan.new or relative in plan.changed:
            _copy(origin, path)
        else:
            os.link(target / relative, path)


def _copy(origin: Path, path: Path) -> None:
    """Copy one file to the disk, not just to the cache."""
    shutil.copyfile(origin, path)
    sync(path)


def _swap(built: Path, target: Path) -> None:
    """Put the new state in the place of the old, which afterwards lies beside or where the new one was."""
    target.parent.mkdir(exist_ok=True)
    if not target.exists():
        built.rename(target)
    elif not _exchange(built, target):
        aside = built.with_name(_ASIDE)
        target.rename(aside)
        try:
            built.rename(target)
        except BaseException:  # also Ctrl-C: the old state must not be missed for a moment longer
            if not target.exists():
                aside.rename(target)
            raise
    sync(target.parent)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two folders in one step, so that no moment is without a source; False where that is not offered."""
    library = ctypes.CDLL(None, use_errno=True)
    result = library.renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE)
    if result == 0:
        return True
    code = ctypes.get_errno()
    if code in _CANNOT_EXCHANGE:
        return False
    raise OSError(code, os.strerror(code), str(other))
