"""The persona's tables of monitoring: each interaction once, each judged window once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from twin_data.contracts.monitoring import DriftReport, ScoredInteraction
from twin_data.store.schemas import to_frame, to_rows
from twin_data.store.tables import FeatureStore

SCORED = "scored_interactions"
REPORTS = "drift_reports"


@dataclass(frozen=True)
class MonitoringTables:
    """Both tables. Writers hold the persona's monitoring lock: what is there is read before it is added to."""

    store: FeatureStore

    def scored(self) -> tuple[ScoredInteraction, ...]:
        """Every scored interaction, oldest first."""
        rows = to_rows(self.store.read(SCORED), ScoredInteraction) if self.store.exists(SCORED) else ()
        return tuple(sorted(rows, key=lambda row: (row.created_at, row.trace_id)))

    def scored_until(self, now: datetime) -> datetime | None:
        """When the newest scored interaction began; None if there is none.

        What a clock that ran ahead has put after `now` says nothing of the ledger.
        """
        if not self.store.exists(SCORED):
            return None
        began = self.store.read(SCORED)["created_at"]
        newest = began.filter(began <= now).max()
        assert newest is None or isinstance(newest, datetime), "a column of moments"
        return newest

    def unscored(self, trace_ids: Iterable[str]) -> frozenset[str]:
        """Those of the interactions that are not in the table."""
        known = set(self.store.read(SCORED)["trace_id"]) if self.store.exists(SCORED) else set()
        return frozenset(trace_ids) - known

    def add_scored(self, rows: Sequence[ScoredInteraction]) -> None:
        """Append rows of `unscored` interactions, all in one version."""
        if rows:
            self.store.append(SCORED, to_frame(rows, ScoredInteraction))

    def reports(self) -> tuple[DriftReport, ...]:
        """Every judged window, oldest first."""
        rows = to_rows(self.store.read(REPORTS), DriftReport) if self.store.exists(REPORTS) else ()
        return tuple(sorted(rows, key=lambda report: (report.created_at, report.last_at or report.created_at)))

    def add_report(self, report: DriftReport) -> None:
        """Append a judged window."""
        self.store.append(REPORTS, to_frame([report], DriftReport))
