"""The schema's version and the ordered steps from each version to the next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, inspect, text

from twin_data.contracts.errors import StoreError
from twin_serve.ledger.tables import Base

FIRST_VERSION = 1
ADVISORY_LOCK = 7_701_893_412
"""Postgres: one process at a time creates or migrates. SQLite's write transaction does the same by itself."""


@dataclass(frozen=True, kw_only=True)
class Migration:
    """One step. It runs in the transaction that also writes the new version: both happen or neither."""

    to_version: int
    what: str
    apply: Callable[[Connection], None]


def _add_signals(connection: Connection) -> None:
    """Interactions of before get no signals; every one of them was an answer."""
    for column in (
        "mode TEXT DEFAULT 'answer' NOT NULL",
        "decline_reason TEXT",
        "signals JSON DEFAULT '{}' NOT NULL",
    ):
        connection.execute(text(f"ALTER TABLE interactions ADD COLUMN {column}"))


MIGRATIONS: tuple[Migration, ...] = (
    Migration(to_version=2, what="mode, decline reason and signals of interactions", apply=_add_signals),
)
"""In order, each one version further. `tables` always shows the schema after the last one."""


def latest_version(migrations: Sequence[Migration]) -> int:
    """The version that a new database gets.

    Raises:
        ValueError: The registry has a gap or is out of order.
    """
    versions = [migration.to_version for migration in migrations]
    if versions != list(range(FIRST_VERSION + 1, FIRST_VERSION + 1 + len(versions))):
        raise ValueError(f"migrations lead to versions {versions}, which is not one after the other")
    return FIRST_VERSION + len(versions)


def create_or_migrate(connection: Connection, migrations: Sequence[Migration] = MIGRATIONS) -> int:
    """Bring the database to the latest version and return it. Call inside a write transaction.

    Raises:
        StoreError: A newer program has written this database.
    """
    latest = latest_version(migrations)
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": ADVISORY_LOCK})
    if not inspect(connection).has_table("schema_version"):
        Base.metadata.create_all(connection)
        connection.execute(text("INSERT INTO schema_version (version) VALUES (:version)"), {"version": latest})
        return latest
    found: int = connection.execute(text("SELECT version FROM schema_version")).scalar_one()
    if found > latest:
        raise StoreError(
            f"the serving database has schema version {found}; this program knows {latest}",
            next_step="update the program, or restore a backup made by this version: twin restore FILE",
        )
    for migration in migrations[found - FIRST_VERSION :]:
        migration.apply(connection)
        connection.execute(text("UPDATE schema_version SET version = :version"), {"version": migration.to_version})
    return latest
