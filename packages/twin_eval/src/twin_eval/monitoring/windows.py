"""Which interactions are judged together, and what they are compared with. Pure functions.

They choose by moment and trace id alone, of which a year of a busy twin has millions; only the chosen rows are read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from twin_data.contracts.digests import digest_value, short
from twin_data.contracts.monitoring import DriftReport, Mover, ReferenceKind, ScoredInteraction
from twin_eval.monitoring.config import MonitoringConfig

Rows = tuple[ScoredInteraction, ...]
Span = tuple[datetime, datetime]
"""A window's first and last moment, both inside."""

REFERENCE_DAYS = 28
"""A busy twin's reference is drawn from so many days: the hour before a window is only that hour's users."""
LASTING_WINDOWS = 3
"""Fewer windows in a row that drifted may be one event."""
ASKED_COLUMNS = ("created_at", "trace_id")
_ORDER = list(ASKED_COLUMNS)


@dataclass(frozen=True)
class Window:
    """Interactions of users, oldest first, and how many of them no window held before."""

    rows: Rows
    new: int

    @property
    def name(self) -> str:
        """Names exactly these interactions."""
        return short(digest_value([row.trace_id for row in self.rows]))


@dataclass(frozen=True)
class Reference:
    """What a window is compared with; no rows for the corpus, whose cosines stand for themselves."""

    kind: ReferenceKind
    rows: Rows


@dataclass(frozen=True)
class History:
    """What earlier windows leave to be judged, and what they leave to compare with."""

    judged_until: datetime | None = None
    """What was asked later is new."""
    reported_until: datetime | None = None
    """What was asked until then has drifted and was reported, or is older: it is not looked at again."""
    reference_since: datetime | None = None
    """When the newest lasting change began: what was asked before is no measure of what is asked now."""
    drifted: tuple[Span, ...] = ()
    """Windows since then whose questions or answers drifted: they are no reference."""


def history_of(judged: Sequence[DriftReport], now: datetime, config: MonitoringConfig) -> History:
    """What the judged windows say, oldest first; those of a clock that ran ahead say nothing until their time.

    A change lasts if every window of a run drifted, they are three at least, stretch over `lasting_days`, and hold as
    many interactions as a reference needs, without a first one that reaches back to before the change. It was reported
    as often; from then on it is what is usual.
    """
    spans = [(one, (one.first_at, one.last_at)) for one in judged if one.first_at and one.last_at]
    ended = [(one, span) for one, span in spans if span[1] <= now]
    run: list[tuple[DriftReport, Span]] = []
    drifted: list[Span] = []
    since = before = None
    for one, span in ended:
        if not _drifted(one):
            run, before = [], span[1]
            continue
        run.append((one, span))
        drifted.append(span)
        changed = [each for each in run if before is None or each[1][0] > before]
        if _lasts(run, config) and sum(each.interactions for each, _ in changed) >= config.min_reference:
            since, before, drifted, run = changed[0][1][0], span[1], [], []
    return History(
        judged_until=max((span[1] for _, span in ended), default=None),
        reported_until=max((span[1] for one, span in ended if _drifted(one)), default=None),
        reference_since=since,
        drifted=tuple(drifted),
    )


def choose_window(asked: pl.DataFrame, history: History, config: MonitoringConfig) -> tuple[pl.DataFrame, int]:
    """The users' newest questions: all that are new, and older ones up to `max_window` to see slow changes by.

    What a window held whose questions or answers drifted is not looked at again: it was reported.

    Args:
        asked: Moment and trace id (`ASKED_COLUMNS`) of users' questions, in any order.
        history: What was judged before.
        config: The sizes.

    Returns:
        Those of the window, oldest first, and how many of them are new.
    """
    fresh = asked.sort(_ORDER).filter(_later_than(history.reported_until))
    new = fresh.filter(_later_than(history.judged_until)).height
    return fresh.tail(max(config.max_window, new)), new


def choose_reference(
    asked: pl.DataFrame, window: pl.DataFrame, history: History, now: datetime, config: MonitoringConfig
) -> pl.DataFrame | None:
    """The users' earlier questions that the window is compared with.

    The newest, or where the last four weeks have more than `max_reference`, a sample of those: the traces with the
    lowest ids, which are random and the same in every pass.

    Returns:
        Moment and trace id of each, oldest first; None if they are fewer than `min_reference`.
    """
    earlier = asked.join(window, on="trace_id", how="anti").sort(_ORDER)
    if history.reference_since is not None:
        earlier = earlier.filter(pl.col("created_at") >= history.reference_since)
    for first, last in history.drifted:
        earlier = earlier.filter(~pl.col("created_at").is_between(first, last))
    if earlier.height < config.min_reference:
        return None
    recent = earlier.filter(pl.col("created_at") >= now - timedelta(days=REFERENCE_DAYS))
    if recent.height < config.max_reference:
        return earlier.tail(config.max_reference)
    return recent.sort("trace_id").head(config.max_reference).sort(_ORDER)


def latest_answers(rows: Sequence[ScoredInteraction], champion: str | None) -> Rows:
    """One row a question of an evaluation: the champion's if it was asked, else the newest."""
    chosen: dict[str, ScoredInteraction] = {}
    for row in sorted(rows, key=lambda row: (row.bundle == champion, row.created_at, row.trace_id)):
        chosen[row.question_digest] = row
    return tuple(sorted(chosen.values(), key=lambda row: (row.created_at, row.trace_id)))


def _drifted(report: DriftReport) -> bool:
    """Whether the questions or answers moved. New writing alone is no reason not to compare others with them."""
    return Mover.USERS in report.moved or Mover.MODEL in report.moved


def _lasts(run: Sequence[tuple[DriftReport, Span]], config: MonitoringConfig) -> bool:
    length = run[-1][1][1] - run[0][1][0]
    return len(run) >= LASTING_WINDOWS and length >= timedelta(days=config.lasting_days)


def _later_than(moment: datetime | None) -> pl.Expr:
    return pl.lit(True) if moment is None else pl.col("created_at") > moment
