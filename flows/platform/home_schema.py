"""The layout of `$TWIN_HOME`: created whole, numbered, migrated step by step."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from flows.platform.locks import exclusive, ignore
from twin_data.configuration.home import TwinHome
from twin_data.contracts.errors import PlatformError
from twin_data.registry.durable import write_file

SCHEMA_VERSION = 1
LOCK_TIMEOUT_S = 120.0
SECRETS_MODE = 0o700

Migration = Callable[[TwinHome], None]

MIGRATIONS: dict[int, Migration] = {}
"""The step from each version to the next. A step may be run again after a crash, so it must bear that."""


def open_home(
    home: TwinHome,
    *,
    migrations: Mapping[int, Migration] = MIGRATIONS,
    version: int = SCHEMA_VERSION,
    report: Callable[[str], None] = ignore,
) -> TwinHome:
    """Create the home, or bring an older one up to date; returns it.

    Raises:
        PlatformError: The folder is not a twin home, or was written by a newer program.
    """
    if not home.version_file.is_file():
        _create(home, version)
    if (found := read_version(home)) < version:
        with exclusive(migration_lock(home), timeout_s=LOCK_TIMEOUT_S, report=report):
            _migrate(home, migrations, version, report)
    elif found > version:
        raise PlatformError(
            f"{home.root} has schema version {found}; this program knows {version}",
            next_step="update the program, or set TWIN_HOME to another folder",
        )
    secure_secrets(home)
    return home


def read_version(home: TwinHome) -> int:
    """The schema version that the home states.

    Raises:
        PlatformError: The file does not hold a number.
    """
    text = home.version_file.read_text("utf-8").strip()
    if not text.isdigit():
        raise PlatformError(
            f"{home.version_file} holds {text[:40]!r}, not a schema version",
            next_step="restore the home from a backup: twin restore FILE --force",
        )
    return int(text)


def migration_lock(home: TwinHome) -> Path:
    """The lock under which a home's layout changes."""
    return home.run / "migration.lock"


def secure_secrets(home: TwinHome) -> None:
    """Make the secrets folder, readable by its owner only."""
    home.secrets.mkdir(mode=SECRETS_MODE, exist_ok=True)
    if home.secrets.stat().st_mode & 0o777 != SECRETS_MODE:
        home.secrets.chmod(SECRETS_MODE)


def _create(home: TwinHome, version: int) -> None:
    """Make the folder beside its place and rename it; the loser of a race finds the winner's.

    It holds a person's archive, so it is readable by its owner only.
    """
    if home.root.exists() and not home.root.is_dir():
        raise PlatformError(f"{home.root} is a file, not a folder", next_step="set TWIN_HOME to a folder")
    if home.root.is_dir() and (entries := [entry.name for entry in home.root.iterdir()]):
        _adopt(home, entries, version)
        return
    home.root.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(dir=home.root.parent, prefix=f".{home.root.name}."))
    try:
        made = TwinHome(beside)
        made.secrets.mkdir(mode=SECRETS_MODE)
        write_file(made.version_file, f"{version}\n".encode())
        os.rename(beside, home.root)
    except OSError:
        shutil.rmtree(beside, ignore_errors=True)
        if not home.version_file.is_file():
            raise


def _adopt(home: TwinHome, entries: list[str], version: int) -> None:
    """Number a folder that holds only what a home holds, such as one whose first command was cut off."""
    known = {path.name for path in parts_of(home)}
    unfinished = f".{home.version_file.name}."
    if foreign := sorted(name for name in entries if name not in known and not name.startswith(unfinished)):
        raise PlatformError(
            f"{home.root} holds {', '.join(foreign[:3])} and no VERSION: it is not a twin home",
            next_step="set TWIN_HOME to an empty or new folder",
        )
    write_file(home.version_file, f"{version}\n".encode())


def parts_of(home: TwinHome) -> tuple[Path, ...]:
    """Every path that a home may hold at its top."""
    values = (getattr(home, name) for name, kind in vars(TwinHome).items() if isinstance(kind, property))
    return tuple(value for value in values if isinstance(value, Path))


def _migrate(home: TwinHome, migrations: Mapping[int, Migration], version: int, report: Callable[[str], None]) -> None:
    current = read_version(home)  # again: whoever held the lock may have migrated
    while current < version:
        if current not in migrations:
            raise PlatformError(
                f"{home.root} has schema version {current}, from which no migration to {version} is known",
                next_step="update the program, or restore a newer backup: twin restore FILE --force",
            )
        report(f"migrating {home.root} from version {current} to {current + 1}")
        migrations[current](home)
        current += 1
        write_file(home.version_file, f"{current}\n".encode())
