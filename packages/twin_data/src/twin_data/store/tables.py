"""Delta tables of one persona: `<store>/<persona>/<table>`, versioned, written whole or not at all."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError, DeltaError

from twin_data.contracts.base import Contract
from twin_data.contracts.digests import digest_rows
from twin_data.contracts.errors import StoreError

# Polars panics at a file that was cut short.
_UNREADABLE = (DeltaError, OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException)

_OF_THE_SYSTEM = re.compile(r"([^:]+) \(os error \d+\)")
MOST_FILES = 100
"""Of a table that is appended to."""
REPLACED_KEPT_H = 7 * 24
"""Of files whose rows stand in another one."""


class TableVersion(Contract):
    """One version of one table, and the digest of its rows."""

    table: str
    version: int
    rows: int
    digest: str


@dataclass(frozen=True)
class FeatureStore:
    """The tables of one persona below a local folder or an object-store URL."""

    root: str

    @classmethod
    def of(cls, features: Path | str, persona: str) -> FeatureStore:
        """The store of a persona below the features folder or URL."""
        return cls(f"{str(features).rstrip('/')}/{persona}")

    def location(self, table: str) -> str:
        """Path or URL of a table."""
        return f"{self.root}/{table}"

    def exists(self, table: str) -> bool:
        """Whether the table has been written."""
        return DeltaTable.is_deltatable(self.location(table))

    def write(self, table: str, frame: pl.DataFrame) -> TableVersion:
        """Replace the table's rows by `frame`'s in one new version; older versions stay readable until vacuumed.

        Raises:
            StoreError: The table could not be written (disk full, no permission); the former version is untouched.
        """
        self._overwrite(table, frame)
        return self._describe(table, frame)

    def make_newest(self, described: TableVersion) -> TableVersion:
        """Make the rows of an older version those of a new one, unless it is the newest; no file is copied.

        Args:
            described: A version that is there (`has_version`).

        Returns:
            The newest version, which has the rows of `described`.

        Raises:
            StoreError: The table could not be written; its newest version is what it was.
        """
        if self.newest_version(described.table) == described.version:
            return described
        try:
            table = DeltaTable(self.location(described.table))
            table.restore(described.version)
        except (DeltaError, OSError) as error:
            raise self._unwritten(described.table, error) from error
        return described.model_copy(update={"version": table.version()})

    def append(self, table: str, frame: pl.DataFrame) -> None:
        """Add rows in one new version. What many additions left in small files is put into large ones.

        The small ones are deleted a week later, when nobody reads them any more: a table that grows for years would
        be on the disk several times over. Of such a table older versions are nobody's.
        """
        try:
            frame.write_delta(self.location(table), mode="append")
            written = DeltaTable(self.location(table))
            if len(written.file_uris()) > MOST_FILES:
                with suppress(CommitFailedError):  # another writer is putting them together
                    written.optimize.compact()
                    written.vacuum(retention_hours=REPLACED_KEPT_H, dry_run=False, enforce_retention_duration=False)
        except (DeltaError, OSError) as error:
            raise self._unwritten(table, error) from error

    def read(self, table: str, *, version: int | None = None, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """All rows of the newest or of one older version, of all columns or of some.

        Raises:
            StoreError: The table, or that version of it, does not exist.
        """
        return self.select(table, pl.lit(True), [pl.col(columns) if columns else pl.all()], version=version)

    def select(
        self, table: str, where: pl.Expr, columns: Sequence[pl.Expr], *, version: int | None = None
    ) -> pl.DataFrame:
        """Some columns of some rows; only those are read from the disk.

        Raises:
            StoreError: The table, or that version of it, does not exist.
        """
        try:
            return pl.scan_delta(self.location(table), version=version).filter(where).select(columns).collect()
        except _UNREADABLE as error:
            named = f"version {version} of " if version is not None else ""
            raise StoreError(
                f"{named}table {self.location(table)} cannot be read: {error}", next_step="run `twin features PERSONA`"
            ) from error

    def newest_version(self, table: str) -> int:
        """The number of the table's newest version.

        Raises:
            StoreError: The table does not exist or its log is damaged.
        """
        try:
            return int(DeltaTable(self.location(table)).version())
        except _UNREADABLE as error:
            raise StoreError(
                f"table {self.location(table)} cannot be read: {error}", next_step="run `twin features PERSONA`"
            ) from error

    def tables(self) -> tuple[str, ...]:
        """The tables of a local store, in order of name."""
        root = Path(self.root)
        return tuple(sorted(one.name for one in root.iterdir() if self.exists(one.name))) if root.is_dir() else ()

    def purge(self, table: str, frame: pl.DataFrame | None) -> None:
        """Leave nothing of a table but its newest version: no older row in a file, none in the log's statistics.

        Bears being killed and called again at any point.

        Args:
            table: Of a local store.
            frame: The rows of the newest version, if they are to be others than they are.

        Raises:
            StoreError: The table cannot be read or written.
        """
        if frame is not None:
            self._overwrite(table, frame)
        log = Path(self.location(table)) / "_delta_log"
        try:
            DeltaTable(self.location(table)).vacuum(
                retention_hours=0, dry_run=False, enforce_retention_duration=False, full=True
            )
            newest = DeltaTable(self.location(table))
            newest.create_checkpoint()
            for path in log.iterdir():
                if path.name[:20].isdigit() and int(path.name[:20]) < newest.version():
                    path.unlink()
        except _UNREADABLE as error:
            raise StoreError(
                f"old versions of table {self.location(table)} could not be removed: {error}",
                next_step="correct what is named, then run the same command again",
            ) from error

    def has_version(self, described: TableVersion) -> bool:
        """Whether a version is there and all its files still are; the log outlives files that were vacuumed."""
        if not self.exists(described.table):
            return False
        try:
            found = pl.scan_delta(self.location(described.table), version=described.version).select(pl.len()).collect()
        except _UNREADABLE:
            return False
        return bool(found.item() == described.rows)

    def _overwrite(self, table: str, frame: pl.DataFrame) -> None:
        try:
            frame.write_delta(self.location(table), mode="overwrite", delta_write_options={"schema_mode": "overwrite"})
        except (DeltaError, OSError) as error:
            raise self._unwritten(table, error) from error

    def _unwritten(self, table: str, error: Exception) -> StoreError:
        """The error in a few words: the library's own tell of every layer that a full disk was met in."""
        found = _OF_THE_SYSTEM.search(str(error))
        reason = found[1].strip().lower() if found else str(error)
        return StoreError(
            f"table {self.location(table)} could not be written: {reason}",
            next_step="free disk space or correct the folder's permissions, then run the same command again",
        )

    def _describe(self, table: str, frame: pl.DataFrame) -> TableVersion:
        version = DeltaTable(self.location(table)).version()
        return TableVersion(table=table, version=version, rows=frame.height, digest=digest_frame(frame))


def digest_frame(frame: pl.DataFrame) -> str:
    """SHA-256 over a frame's rows, whatever their order."""
    return digest_rows(frame.iter_rows(named=True))
