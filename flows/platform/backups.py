"""A home in one file, and back.

The search index is not copied: `twin features` rebuilds it from the tables. Neither are logs and run files.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import os
import shutil
import sqlite3
import stat
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from pydantic import AwareDatetime, ValidationError

from flows.platform.home_schema import SCHEMA_VERSION, open_home, read_version
from flows.platform.locks import exclusive, ignore
from flows.platform.processes import marked
from flows.platform.service import Report
from flows.platform.services import marker
from flows.platform.supervisor import lock_path
from flows.platform.untar import unpack_tar
from twin_data.configuration.home import TwinHome
from twin_data.contracts.base import Contract
from twin_data.contracts.digests import digest_file
from twin_data.contracts.errors import IntegrityError, PlatformError
from twin_data.registry.durable import sync, write_file

MANIFEST = "MANIFEST.json"
NOTES = "backups.jsonl"
SQLITE_MAGIC = b"SQLite format 3\x00"
SQLITE_SIDE_FILES = ("-wal", "-shm", "-journal")
SQLITE_TIMEOUT_S = 60.0
LOCK_TIMEOUT_S = 60.0
COMPRESSION_LEVEL = 6
REPORT_EVERY_FILES = 500


class StoredFile(Contract):
    """One file of a backup."""

    sha256: str
    size_bytes: int


class NotedBackup(Contract):
    """Where a backup was written, and when."""

    file: str
    created_at: AwareDatetime


class Manifest(Contract):
    """What a backup holds; its last member."""

    schema_version: int
    created_at: AwareDatetime
    files: dict[str, StoredFile]
    skipped: tuple[str, ...] = ()
    """Links to folders elsewhere, sockets and the like, which are not copied."""


def backup(home: TwinHome, target: Path, *, report: Report = ignore) -> Manifest:
    """Write a home into a `.tar.gz`; the platform may go on running.

    Databases are copied by SQLite's own backup. They and the tables' logs come before the files that they refer
    to: such files are written first and never changed, so all that is referred to is in the archive.

    Raises:
        PlatformError: There is no home, or the target lies inside it.
    """
    target = target.absolute()
    if not home.version_file.is_file():
        raise PlatformError(f"{home.root} is not a twin home", next_step="set TWIN_HOME to the home to back up")
    if target.resolve().is_relative_to(home.root.resolve()):
        raise PlatformError(f"{target} lies inside the home", next_step="name a file outside it")
    if not target.parent.is_dir():
        raise PlatformError(f"the folder {target.parent} does not exist", next_step=f"mkdir -p {target.parent}")
    descriptor, beside = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")  # readable by its owner only
    try:
        with os.fdopen(descriptor, "wb") as stream:
            manifest = _write_archive(home, stream, report)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(beside, target)
    except (OSError, sqlite3.OperationalError) as error:
        raise PlatformError(
            f"{home.root} cannot be copied to {target}: {error}", next_step="free disk space or name another folder"
        ) from error
    finally:
        Path(beside).unlink(missing_ok=True)  # nothing is left of it after the rename
    sync(target.parent)
    _note(home, target, manifest)
    return manifest


def _note(home: TwinHome, target: Path, manifest: Manifest) -> None:
    """Remember where a backup went: `twin forget` names those that still hold what it forgets."""
    known = [one for one in noted_backups(home) if one.file != str(target)]
    lines = (one.model_dump_json() for one in (*known, NotedBackup(file=str(target), created_at=manifest.created_at)))
    write_file(home.root / NOTES, "".join(f"{line}\n" for line in lines).encode(), mode=0o600)


def noted_backups(home: TwinHome) -> tuple[NotedBackup, ...]:
    """The backups that were made of a home, wherever they are now."""
    path = home.root / NOTES
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    return tuple(NotedBackup.model_validate_json(line) for line in lines)


def restore(archive: Path, home: TwinHome, *, force: bool = False, report: Report = ignore) -> Manifest:
    """Put a backup in the place of a home; it appears only when every file has been verified.

    Raises:
        PlatformError: The home is not empty and `force` is not given, or its platform is running.
        IntegrityError: The archive is damaged, or holds what a backup never holds.
    """
    if not archive.is_file():
        raise PlatformError(f"{archive} does not exist", next_step="name a file that `twin backup` has written")
    _check_replaceable(home, force)
    home.root.parent.mkdir(parents=True, exist_ok=True)
    staging = TwinHome(Path(tempfile.mkdtemp(dir=home.root.parent, prefix=f".{home.root.name}.restore-")))
    try:
        manifest = _unpack_verified(archive, staging.root, report)
        with _locked(home, report):
            _check_replaceable(home, force)  # again: someone may have been quicker
            _swap(staging.root, home.root)
    except OSError as error:
        raise PlatformError(
            f"{archive} cannot be put in the place of {home.root}: {error}",
            next_step="free disk space, or set TWIN_HOME to a folder that can be renamed",
        ) from error
    finally:
        shutil.rmtree(staging.root, ignore_errors=True)  # nothing is left of it after the rename
    open_home(home, report=report)
    return manifest


def _locked(home: TwinHome, report: Report) -> AbstractContextManager[None]:
    if not home.version_file.is_file():
        return contextlib.nullcontext()
    return exclusive(lock_path(home), timeout_s=LOCK_TIMEOUT_S, report=report)


def _write_archive(home: TwinHome, stream: IO[bytes], report: Report) -> Manifest:
    files: dict[str, StoredFile] = {}
    paths, skipped = _contents(home)
    with (
        gzip.GzipFile(fileobj=stream, mode="wb", compresslevel=COMPRESSION_LEVEL, filename="") as packed,
        tarfile.open(fileobj=packed, mode="w") as tar,
        tempfile.TemporaryDirectory(dir=home.root, prefix=".backup-") as copies,
    ):
        for number, path in enumerate(paths, 1):
            name = path.relative_to(home.root).as_posix()
            # A file may go while we copy, such as a table's that is being compacted.
            with contextlib.suppress(FileNotFoundError):
                files[name] = _add(tar, path, name, Path(copies))
            if number % REPORT_EVERY_FILES == 0:
                report(f"{number} of {len(paths)} files")
        manifest = Manifest(
            schema_version=read_version(home), created_at=datetime.now(UTC), files=files, skipped=tuple(skipped)
        )
        body = manifest.model_dump_json(indent=1).encode()
        entry = tarfile.TarInfo(MANIFEST)
        entry.size = len(body)
        tar.addfile(entry, io.BytesIO(body))
    return manifest


def _contents(home: TwinHome) -> tuple[list[Path], list[str]]:
    """The files to copy, those that refer to others first; and what is not copied."""
    left_out = {home.run, home.logs, home.elasticsearch}
    paths: list[Path] = []
    skipped: list[str] = []
    for folder, folders, names in os.walk(home.root):
        here = Path(folder)
        for name in list(folders):
            path = here / name
            if path in left_out or path.name.startswith(".backup-"):
                folders.remove(name)
            elif path.is_symlink():
                skipped.append(path.relative_to(home.root).as_posix())
        for path in (here / name for name in names):
            if _is_part_of_database(path):
                continue  # the database is copied as a whole
            if path.is_file():
                paths.append(path)
            else:
                skipped.append(path.relative_to(home.root).as_posix())
    return sorted(paths, key=lambda path: (not _refers_to_others(path), path)), sorted(skipped)


def _refers_to_others(path: Path) -> bool:
    return "_delta_log" in path.parts or _is_sqlite(path)


def _is_part_of_database(path: Path) -> bool:
    return any(
        path.name.endswith(suffix) and _is_sqlite(path.with_name(path.name.removesuffix(suffix)))
        for suffix in SQLITE_SIDE_FILES
        if path.name != suffix
    )


def _is_sqlite(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            return stream.read(len(SQLITE_MAGIC)) == SQLITE_MAGIC
    except (FileNotFoundError, IsADirectoryError):
        return False


def _add(tar: tarfile.TarFile, path: Path, name: str, copies: Path) -> StoredFile:
    mode = stat.S_IMODE(path.stat().st_mode)
    if not _is_sqlite(path):
        return _add_file(tar, path, name, mode)
    copy = copies / "database"
    try:
        _copy_database(path, copy)
        return _add_file(tar, copy, name, mode)
    except sqlite3.OperationalError:
        raise  # locked for too long, or no room
    except sqlite3.DatabaseError:
        return _add_file(tar, path, name, mode)  # it only begins like a database
    finally:
        copy.unlink(missing_ok=True)


def _add_file(tar: tarfile.TarFile, path: Path, name: str, mode: int) -> StoredFile:
    """Add a file as long as it is now; what is appended meanwhile is left for the next backup."""
    with path.open("rb") as stream:
        entry = tarfile.TarInfo(name)
        found = os.fstat(stream.fileno())
        entry.size, entry.mtime, entry.mode = found.st_size, int(found.st_mtime), mode
        hashing = _HashingReader(stream)
        tar.addfile(entry, hashing)  # type: ignore[arg-type]  # it only calls read()
        return StoredFile(sha256=hashing.sha256.hexdigest(), size_bytes=entry.size)


class _HashingReader:
    """Passes reads on and digests what passes."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream = stream
        self.sha256 = hashlib.sha256()

    def read(self, size: int) -> bytes:
        data = self.stream.read(size)
        self.sha256.update(data)
        return data


def _copy_database(source: Path, target: Path) -> None:
    with (
        contextlib.closing(
            sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, timeout=SQLITE_TIMEOUT_S)
        ) as reader,
        contextlib.closing(sqlite3.connect(target)) as writer,
    ):
        reader.backup(writer)


def _check_replaceable(home: TwinHome, force: bool) -> None:
    if running := marked(marker(home)):
        raise PlatformError(f"the platform of {home.root} is running ({len(running)} processes)", next_step="twin down")
    if not home.root.exists() or (home.root.is_dir() and not any(home.root.iterdir())):
        return
    if not home.version_file.is_file():
        raise PlatformError(
            f"{home.root} is not empty and not a twin home: it is not replaced",
            next_step="set TWIN_HOME to a new folder",
        )
    if not force:
        raise PlatformError(
            f"{home.root} is not empty; restoring replaces all of it",
            next_step="set TWIN_HOME to a new folder, or add --force to lose what is there",
        )


def _unpack_verified(archive: Path, folder: Path, report: Report) -> Manifest:
    report(f"unpacking {archive}")
    try:
        with tarfile.open(archive, "r:gz") as tar:
            unpack_tar(tar, folder)
    except (tarfile.TarError, OSError, EOFError, ValueError) as error:
        if isinstance(error, OSError) and error.errno:
            raise  # the disk's fault, not the archive's
        raise IntegrityError(f"{archive} is not a whole backup: {error}", next_step="use another backup") from error
    report("verifying every file")
    manifest = _read_manifest(archive, folder)
    for name, problem in _differences(folder, manifest):
        raise IntegrityError(f"{archive}: {name} {problem}", next_step="use another backup")
    return manifest


def _read_manifest(archive: Path, folder: Path) -> Manifest:
    path = folder / MANIFEST
    try:
        manifest = Manifest.model_validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError) as error:
        raise IntegrityError(
            f"{archive} holds no valid {MANIFEST}", next_step="name a file that `twin backup` has written"
        ) from error
    if manifest.schema_version > SCHEMA_VERSION:
        raise PlatformError(
            f"{archive} has schema version {manifest.schema_version}; this program knows {SCHEMA_VERSION}",
            next_step="update the program",
        )
    path.unlink()
    return manifest


def _differences(folder: Path, manifest: Manifest) -> Iterator[tuple[str, str]]:
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    for name in sorted(found ^ set(manifest.files)):
        yield name, "is missing" if name in manifest.files else "is not in the manifest"
    for name, stored in manifest.files.items():
        if digest_file(folder / name) != stored.sha256:
            yield name, "has another digest than recorded"


def _swap(staging: Path, root: Path) -> None:
    """Put the restored folder in place by renames, and delete what was there when it is no longer needed."""
    replaced = staging.with_name(f"{staging.name}.replaced")
    if root.is_dir():
        root.rename(replaced)
    try:
        staging.rename(root)
    except OSError:
        if replaced.is_dir():
            replaced.rename(root)
        raise
    sync(root.parent)
    shutil.rmtree(replaced, ignore_errors=True)


def size_of(manifest: Manifest) -> int:
    """Bytes of all files, unpacked."""
    return sum(file.size_bytes for file in manifest.files.values())
