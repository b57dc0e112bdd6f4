"""One pass of monitoring: score what is new, judge the window if it is large enough, publish and keep the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from twin_data.contracts.answers import Interaction
from twin_data.contracts.monitoring import DriftReport, DriftVerdict, ReferenceKind
from twin_data.registry.durable import exclusive
from twin_eval.monitoring.config import MonitoringConfig
from twin_eval.monitoring.scoring import Scorer
from twin_eval.monitoring.tables import MonitoringTables
from twin_eval.monitoring.verdict import Comparison, compare, movers, reasons
from twin_eval.monitoring.windows import (
    History,
    Reference,
    Window,
    choose_reference,
    choose_window,
    history_of,
    latest_answers,
)


@dataclass(frozen=True)
class MonitorInputs:
    """What a pass works on."""

    persona: str
    interactions: Sequence[Interaction]
    """Finished ones of this persona; those that were scored before are left out."""
    scorer: Scorer
    tables: MonitoringTables
    workspace: Path
    """Evidently's folder."""
    champion: str | None
    """The served bundle."""
    new_writing: float | None
    """Share of the corpus that the champion was not made from; None if that is not known."""
    now: datetime


def run(inputs: MonitorInputs, *, config: MonitoringConfig) -> DriftReport:
    """Score, judge, keep, publish.

    A window is kept last: if the pass is killed before that, the next one judges the same interactions again.

    Raises:
        StoreError: A table cannot be read or written.
    """
    with exclusive(inputs.workspace / f".{inputs.persona}.lock"):
        _score(inputs)
        history = history_of(inputs.tables.reports(), inputs.now, config)
        asked = inputs.tables.asked(inputs.now, config.max_window + config.max_reference)
        chosen, new = choose_window(asked, history, config)
        window = Window(inputs.tables.of(chosen), new)
        if new < config.min_window:
            return _report(inputs, config, window, DriftVerdict.WAITING)
        reference = _reference(inputs, config, asked, chosen, history)
        report = _judge(inputs, config, window, reference)
        inputs.tables.add_report(report)
        return report


def nothing_asked(persona: str, now: datetime, config: MonitoringConfig) -> DriftReport:
    """The report on a persona that nobody can have asked yet."""
    return DriftReport(
        persona=persona, window=Window((), 0).name, created_at=now, verdict=DriftVerdict.WAITING, interactions=0,
        needed=config.min_window, first_at=None, last_at=None, bundles=(), reference=None, foreign=None, columns=(),
        drifted_share=None, new_writing=None, moved=(), reasons=(), html=None,
    )  # fmt: skip


def _score(inputs: MonitorInputs) -> None:
    """Add the interactions that are not in the table yet."""
    inputs.tables.add_scored(inputs.scorer.score(inputs.tables.unscored(inputs.interactions)))


def _reference(
    inputs: MonitorInputs, config: MonitoringConfig, asked: pl.DataFrame, window: pl.DataFrame, history: History
) -> Reference:
    """The best reference there is: the users' earlier interactions, evaluation answers, or the corpus."""
    earlier = choose_reference(asked, window, history, inputs.now, config)
    if earlier is not None:
        return Reference(ReferenceKind.INTERACTIONS, inputs.tables.of(earlier))
    expected = latest_answers(inputs.tables.expected(), inputs.champion)
    if len(expected) >= config.min_expected:
        return Reference(ReferenceKind.EVALUATION, expected[-config.max_reference :])
    return Reference(ReferenceKind.CORPUS, ())


def _judge(inputs: MonitorInputs, config: MonitoringConfig, window: Window, reference: Reference) -> DriftReport:
    from twin_eval.monitoring.evidently_report import publish  # takes seconds to import

    corpus = inputs.scorer.corpus
    comparison = compare(window, reference, corpus, config, champion=inputs.champion)
    moved = movers(comparison, inputs.new_writing, config)
    verdict = DriftVerdict.DRIFTED if moved else DriftVerdict.STABLE
    html = publish(inputs.workspace, inputs.persona, window, comparison, at=inputs.now, kept=config.kept_reports)
    return _report(inputs, config, window, verdict, reference.kind, comparison, html)


def _report(
    inputs: MonitorInputs,
    config: MonitoringConfig,
    window: Window,
    verdict: DriftVerdict,
    kind: ReferenceKind | None = None,
    comparison: Comparison | None = None,
    html: str | None = None,
) -> DriftReport:
    waiting = verdict is DriftVerdict.WAITING
    return DriftReport(
        persona=inputs.persona,
        window=window.name,
        created_at=inputs.now,
        verdict=verdict,
        interactions=window.new if waiting else len(window.rows),
        needed=config.min_window,
        first_at=window.rows[0].created_at if window.rows else None,
        last_at=window.rows[-1].created_at if window.rows else None,
        bundles=tuple(sorted({row.bundle for row in window.rows if row.bundle})),
        reference=kind,
        foreign=comparison.foreign if comparison else None,
        columns=comparison.columns if comparison else (),
        drifted_share=comparison.drifted_share if comparison else None,
        new_writing=inputs.new_writing,
        moved=movers(comparison, inputs.new_writing, config) if comparison else (),
        reasons=reasons(comparison, inputs.new_writing, config) if comparison else (),
        html=html,
    )
