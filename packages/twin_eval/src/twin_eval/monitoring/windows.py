"""Which interactions are judged together, and what they are compared with. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from twin_data.contracts.digests import digest_value, short
from twin_data.contracts.monitoring import DriftReport, DriftVerdict, Mover, ReferenceKind, ScoredInteraction
from twin_eval.monitoring.config import MonitoringConfig

Rows = tuple[ScoredInteraction, ...]


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


def current_window(
    rows: Sequence[ScoredInteraction], judged: Sequence[DriftReport], config: MonitoringConfig
) -> Window:
    """The users' newest interactions: all that are new, and older ones up to `max_window` to see slow changes by.

    What a window held whose questions or answers drifted is not looked at again: it was reported.
    """
    users = _asked_by_users(rows)
    seen = _judged_until(users, judged)
    reported = max((report.last_at for report in judged if _drifted(report) and report.last_at), default=None)
    fresh = [row for row in users if reported is None or row.created_at > reported]
    new = sum(row.trace_id not in seen for row in fresh)
    return Window(rows=tuple(fresh[-max(config.max_window, new) :]), new=new)


def reference_for(
    window: Window,
    rows: Sequence[ScoredInteraction],
    judged: Sequence[DriftReport],
    config: MonitoringConfig,
    *,
    champion: str | None,
) -> Reference:
    """The best reference there is: the users' earlier interactions, evaluation answers, or the corpus.

    Args:
        window: What is compared with it; none of its rows is part of the reference.
        rows: Every scored interaction.
        judged: Every report so far; interactions of drifted windows are no reference.
        config: The sizes.
        champion: The served bundle, whose evaluation answers count before others'.
    """
    inside = {row.trace_id for row in window.rows}
    drifted = [(one.first_at, one.last_at) for one in judged if _drifted(one) and one.first_at and one.last_at]
    earlier = [
        row
        for row in _asked_by_users(rows)
        if row.trace_id not in inside and not any(first <= row.created_at <= last for first, last in drifted)
    ]
    if len(earlier) >= config.min_reference:
        return Reference(ReferenceKind.INTERACTIONS, tuple(earlier[-config.max_reference :]))
    expected = _latest_answers(
        [row for row in rows if row.is_expected and row.mode == "answer" and row.status == "ok"], champion
    )
    if len(expected) >= config.min_expected:
        return Reference(ReferenceKind.EVALUATION, expected[-config.max_reference :])
    return Reference(ReferenceKind.CORPUS, ())


def _asked_by_users(rows: Sequence[ScoredInteraction]) -> Rows:
    """Their questions, oldest first; the brief of a text to be written is none."""
    return _in_order(row for row in rows if not row.is_evaluation and row.mode == "answer")


def _latest_answers(rows: Sequence[ScoredInteraction], champion: str | None) -> Rows:
    """One row a question: the champion's if it was asked, else the newest."""
    chosen: dict[str, ScoredInteraction] = {}
    for row in sorted(_in_order(rows), key=lambda row: row.bundle == champion):
        chosen[row.question_digest] = row
    return _in_order(chosen.values())


def _judged_until(users: Rows, judged: Sequence[DriftReport]) -> set[str]:
    """Trace ids of the interactions that an earlier window held."""
    spans = [(one.first_at, one.last_at) for one in judged if one.verdict is not DriftVerdict.WAITING]
    return {row.trace_id for row in users if any(a and b and a <= row.created_at <= b for a, b in spans)}


def _drifted(report: DriftReport) -> bool:
    """Whether the questions or answers moved. New writing alone is no reason not to compare others with them."""
    return Mover.USERS in report.moved or Mover.MODEL in report.moved


def _in_order(rows: Iterable[ScoredInteraction]) -> Rows:
    return tuple(sorted(rows, key=lambda row: (row.created_at, row.trace_id)))
