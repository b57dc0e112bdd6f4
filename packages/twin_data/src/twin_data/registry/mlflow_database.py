"""Reads MLflow's SQLite database without MLflow.

Serving asks the registry every few seconds. MLflow takes 6-25 s to import and brings pandas and Polars with it,
so only writers pay for it; a contract test holds this reader and MLflow's own client to the same answers.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from twin_data.contracts.errors import RegistryError
from twin_data.contracts.releases import Alias

DELETED_STAGE = "Deleted_Internal"
BUSY_TIMEOUT_S = 30.0

_IS_MADE = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'registered_model_aliases'"
_NAMES = "SELECT DISTINCT name FROM model_versions WHERE current_stage IS NOT ? ORDER BY name"
_VERSIONS = "SELECT version, run_id FROM model_versions WHERE name = ? AND current_stage IS NOT ? ORDER BY version"
_TAGS = "SELECT version, key, value FROM model_version_tags WHERE name = ?"
_ALIASES = "SELECT version, alias FROM registered_model_aliases WHERE name = ?"


@dataclass(frozen=True, kw_only=True)
class StoredVersion:
    """One version of a registered model."""

    version: int
    run_id: str
    tags: dict[str, str]
    aliases: tuple[Alias, ...]


def is_made(database: Path) -> bool:
    """Whether there is a database with all its tables."""
    with _reading(database) as connection:
        return connection is not None


def read_model_names(database: Path) -> tuple[str, ...]:
    """The registered models that have a version; none if there is no database yet."""
    with _reading(database) as connection:
        if connection is None:
            return ()
        return tuple(name for (name,) in connection.execute(_NAMES, (DELETED_STAGE,)))


def read_versions(database: Path, model: str) -> tuple[StoredVersion, ...]:
    """The versions of a registered model, oldest first; none if there is no database yet."""
    with _reading(database) as connection:
        if connection is None:
            return ()
        connection.execute("BEGIN")  # so that the three answers are of one moment
        versions = connection.execute(_VERSIONS, (model, DELETED_STAGE)).fetchall()
        tags = connection.execute(_TAGS, (model,)).fetchall()
        aliases = connection.execute(_ALIASES, (model,)).fetchall()
    return tuple(
        StoredVersion(
            version=version,
            run_id=run_id,
            tags={key: value for of, key, value in tags if of == version},
            aliases=tuple(alias for alias in Alias if (version, alias.value) in aliases),
        )
        for version, run_id in versions
    )


@contextmanager
def _reading(database: Path) -> Iterator[sqlite3.Connection | None]:
    """A connection; None as long as there is no database, or MLflow has not made its tables yet."""
    if not database.is_file():
        yield None
        return
    try:
        with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True, timeout=BUSY_TIMEOUT_S)) as connection:
            yield connection if connection.execute(_IS_MADE).fetchone() else None
    except sqlite3.Error as error:
        raise RegistryError(
            f"the registry's database {database} cannot be read: {error}",
            next_step="if its making was interrupted, register again; else restore a backup: twin restore",
        ) from error
