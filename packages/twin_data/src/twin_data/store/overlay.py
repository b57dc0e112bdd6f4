"""A feature store whose new versions stay in memory: for passes that come every few seconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from twin_data.store.tables import FeatureStore, TableVersion, digest_frame

FIRST_VERSION = 1_000_000_000
"""Versions below this one are those of the tables on disk."""
KEPT_VERSIONS = 2
"""Of each table: the newest, and the one before, with which a stage compares."""
KEPT_RECORDS = 64
"""Rows kept of what is appended; many more than the stages of one pass."""


@dataclass(frozen=True)
class OverlayStore(FeatureStore):
    """Reads the tables below until one is written here; writes nothing to them.

    What is held is bounded by the corpus, however many versions are written.
    """

    _held: dict[str, dict[int, pl.DataFrame]] = field(default_factory=dict)
    _appended: dict[str, pl.DataFrame] = field(default_factory=dict)

    def exists(self, table: str) -> bool:
        """Whether the table is here or below."""
        return table in self._held or table in self._appended or super().exists(table)

    def write(self, table: str, frame: pl.DataFrame) -> TableVersion:
        """Hold the rows as the table's newest version."""
        version = self._hold(table, frame)
        return TableVersion(table=table, version=version, rows=frame.height, digest=digest_frame(frame))

    def make_newest(self, described: TableVersion) -> TableVersion:
        """Hold the rows of an older version, from here or from below, as the newest one, unless it is that."""
        if self.newest_version(described.table) == described.version:
            return described
        version = self._hold(described.table, self.read(described.table, version=described.version))
        return described.model_copy(update={"version": version})

    def newest_version(self, table: str) -> int:
        """The number of the newest version that is held, else of the table below."""
        versions = self._held.get(table)
        return max(versions) if versions else super().newest_version(table)

    def append(self, table: str, frame: pl.DataFrame) -> None:
        """Hold further rows; the oldest of those that are held go."""
        held = self._appended.get(table)
        rows = frame if held is None else pl.concat([held, frame])
        self._appended[table] = rows.tail(KEPT_RECORDS)

    def select(
        self, table: str, where: pl.Expr, columns: Sequence[pl.Expr], *, version: int | None = None
    ) -> pl.DataFrame:
        """From a version that is held, else from the table below; of appended rows, from those below and those here."""
        versions = self._held.get(table, {})
        if version is None and versions:
            version = max(versions)
        if version is not None and version >= FIRST_VERSION:
            return versions[version].filter(where).select(columns)
        if table not in self._appended:
            return super().select(table, where, columns, version=version)
        here = self._appended[table].filter(where).select(columns)
        below = [super().select(table, where, columns)] if super().exists(table) else []
        return pl.concat([*below, here])

    def has_version(self, described: TableVersion) -> bool:
        """Whether a version is held, or is there below."""
        if described.version >= FIRST_VERSION:
            return described.version in self._held.get(described.table, {})
        return super().has_version(described)

    def _hold(self, table: str, frame: pl.DataFrame) -> int:
        versions = self._held.setdefault(table, {})
        version = max(versions, default=FIRST_VERSION - 1) + 1
        versions[version] = frame
        for old in sorted(versions)[:-KEPT_VERSIONS]:
            del versions[old]
        return version
