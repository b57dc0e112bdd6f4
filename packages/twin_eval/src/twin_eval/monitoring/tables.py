"""The persona's tables of monitoring: each interaction once, each judged window once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from twin_data.contracts.answers import AnswerOutcome, Interaction
from twin_data.contracts.monitoring import DriftReport, ScoredInteraction
from twin_data.store.schemas import to_frame, to_rows
from twin_data.store.tables import FeatureStore
from twin_eval.monitoring.windows import ASKED_COLUMNS, REFERENCE_DAYS, Rows

SCORED = "scored_interactions"
REPORTS = "drift_reports"
_FIXED = pl.col("outcome").eq_missing(AnswerOutcome.GENERATED.value) & (pl.col("completion_tokens") == 0)
"""What the model had no part in and is no refusal: the reply to a greeting, to thanks, to "what are you?"."""
_BY_USERS = ~pl.col("is_evaluation") & (pl.col("mode") == "answer") & ~_FIXED
"""Their questions to the archive. The brief of a text to be written is none, nor is a greeting, which would count as
foreign to it."""
_EXPECTED = pl.col("is_expected") & (pl.col("mode") == "answer") & (pl.col("status") == "ok")


@dataclass(frozen=True)
class MonitoringTables:
    """Both tables. Writers hold the persona's monitoring lock: what is there is read before it is added to.

    The first one grows with every question for years, so that a pass reads what it needs of it.
    """

    store: FeatureStore

    def scored(self, where: pl.Expr | None = None) -> Rows:
        """The scored interactions, or those of them that fit, oldest first."""
        if not self.store.exists(SCORED):
            return ()
        found = self.store.select(SCORED, pl.lit(True) if where is None else where, [pl.all()])
        return to_rows(found.sort(*ASKED_COLUMNS), ScoredInteraction)

    def asked(self, now: datetime, enough: int) -> pl.DataFrame:
        """When users asked, and under which trace, until `now`: in the last weeks, or ever where that is not enough.

        Returns:
            The columns `ASKED_COLUMNS`, in any order.
        """
        moment = pl.col("created_at")
        until = _BY_USERS & (moment <= now)
        found = self._moments(until & (moment >= now - timedelta(days=REFERENCE_DAYS)))
        return found if found.height >= enough else self._moments(until)

    def of(self, chosen: pl.DataFrame) -> Rows:
        """The rows of what was chosen of `asked`, oldest first."""
        if chosen.is_empty():
            return ()
        since = pl.col("created_at") >= chosen["created_at"].min()
        return self.scored(since & pl.col("trace_id").is_in(chosen["trace_id"].implode()))

    def expected(self) -> Rows:
        """Answers to the held-out questions that the corpus answers, oldest first."""
        return self.scored(_EXPECTED)

    def scored_until(self, now: datetime) -> datetime | None:
        """When the newest scored interaction began; None if there is none.

        What a clock that ran ahead has put after `now` says nothing of the ledger.
        """
        if not self.store.exists(SCORED):
            return None
        newest = self.store.select(SCORED, pl.col("created_at") <= now, [pl.col("created_at").max()]).item()
        assert newest is None or isinstance(newest, datetime), "a column of moments"
        return newest

    def unscored(self, interactions: Sequence[Interaction]) -> tuple[Interaction, ...]:
        """Those of the interactions that are not in the table."""
        if not interactions or not self.store.exists(SCORED):
            return tuple(interactions)
        since = pl.col("created_at") >= min(one.created_at for one in interactions)
        known = set(self.store.select(SCORED, since, [pl.col("trace_id")])["trace_id"])
        return tuple(one for one in interactions if one.trace_id not in known)

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

    def _moments(self, where: pl.Expr) -> pl.DataFrame:
        columns = [pl.col(name) for name in ASKED_COLUMNS]
        if not self.store.exists(SCORED):
            return to_frame([], ScoredInteraction).select(columns)
        return self.store.select(SCORED, where, columns)
