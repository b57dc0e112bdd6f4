"""The tests of a window as an Evidently report: a snapshot in the workspace that `evidently ui` shows, and HTML.

Evidently is given the same rows, methods and thresholds, so that its figures are the decision's figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pandas as pd

from twin_data.contracts.monitoring import ColumnDrift
from twin_data.registry.durable import write_file
from twin_eval.monitoring.columns import ColumnTest, fisher_p_value
from twin_eval.monitoring.foreign import Floats
from twin_eval.monitoring.verdict import SIMILARITY, Comparison
from twin_eval.monitoring.windows import Window

if TYPE_CHECKING:
    from evidently.core.report import Snapshot
    from evidently.ui.workspace import Project, Workspace

FOREIGN = "foreign_probability"
REPORTS = "reports"
YES, NO = "yes", "no"
FISHER = "fisher_exact_two_samples"

Named = TypeVar("Named")


def publish(workspace: Path, persona: str, window: Window, comparison: Comparison, *, at: datetime, kept: int) -> str:
    """Add the report to the persona's project, and write it as HTML; the oldest ones go.

    Args:
        workspace: Evidently's folder.
        persona: Names the project.
        window: What was judged.
        comparison: Its tests.
        at: The moment that the report stands for.
        kept: So many windows' reports stay: one takes four megabytes, and Evidently reads every snapshot of a project.

    Returns:
        The HTML file's path below `workspace`.
    """
    snapshot = build_snapshot(persona, window, comparison, at=at)
    html = f"{REPORTS}/{persona}/{at:%Y-%m-%dT%H%M%S}-{window.name}.html"
    write_file(workspace / html, snapshot.get_html_str(as_iframe=False).encode())
    space = _workspace(workspace)
    project = _project(space, persona)
    space.add_run(project.id, snapshot, name=window.name)
    for page in _oldest([path for path in (workspace / html).parent.glob("*.html")], kept):
        page.unlink()
    for run in _oldest(list(space.list_runs(project.id)), kept):
        space.delete_run(project.id, run)
    return html


def _oldest(named: list[Named], kept: int) -> list[Named]:
    """All but the newest. Pages begin with their moment, and Evidently's ids are UUIDs of version 7, as good as one."""
    return sorted(named, key=str)[:-kept]


def build_snapshot(persona: str, window: Window, comparison: Comparison, *, at: datetime) -> Snapshot:
    """Run Evidently on the window and its reference."""
    from evidently import DataDefinition, Dataset, Report

    _register_fisher()
    test, columns = comparison.test, comparison.column_tests
    current = _frame(test.current, test.current_probabilities, [(one, one.current) for one in columns])
    reference = _frame(test.reference, test.reference_probabilities, [(one, one.reference) for one in columns])
    definition = DataDefinition(
        numerical_columns=[name for name in current.columns if current[name].dtype == float],
        categorical_columns=[name for name in current.columns if current[name].dtype != float],
    )
    report = Report(_metrics(comparison), include_tests=False)
    return report.run(
        Dataset.from_pandas(current, data_definition=definition),
        Dataset.from_pandas(reference, data_definition=definition),
        timestamp=at,
        tags=[persona, window.name],
        name=window.name,
    )


def _metrics(comparison: Comparison) -> list[Any]:
    """Metrics with each test's direction: p-values must not be small, shares not be large."""
    from evidently.metrics import DriftedColumnsCount, MeanValue, ValueDrift
    from evidently.tests import gte, lte

    columns = comparison.columns
    metrics: list[Any] = [
        MeanValue(column=FOREIGN, tests=[lte(comparison.foreign.limit)]),
        MeanValue(column=SIMILARITY),
    ]
    if columns:
        metrics.append(
            DriftedColumnsCount(
                columns=[one.column for one in columns],
                per_column_method={one.column: _method(one) for one in columns},
                per_column_threshold={one.column: one.threshold for one in columns},
                tests=[lte(0)],
            )
        )
    metrics += [
        ValueDrift(column=one.column, method=_method(one), threshold=one.threshold, tests=[gte(one.threshold)])
        for one in columns
    ]
    return metrics


def _frame(similarities: Floats, foreign: Floats, columns: Sequence[tuple[ColumnTest, Floats]]) -> pd.DataFrame:
    """One line a question. The tested columns hold the values that were compared, in no relation to the others."""
    held: dict[str, pd.Series[Any]] = {SIMILARITY: pd.Series(similarities), FOREIGN: pd.Series(foreign)}
    for one, values in columns:
        is_number = one.result.method == "ks"
        held[one.result.column] = pd.Series(values) if is_number else pd.Series(np.where(values > 0, YES, NO))
    return pd.DataFrame(held)


def _method(column: ColumnDrift) -> str:
    return FISHER if column.method == "fisher_exact" else column.method


def _register_fisher() -> None:
    """Teach Evidently our test: its own `fisher_exact` takes two samples of one size only."""
    from evidently.legacy.calculations.stattests.registry import StatTest, register_stattest
    from evidently.legacy.core import ColumnType

    def compare(
        reference: pd.Series[Any], current: pd.Series[Any], kind: ColumnType, threshold: float
    ) -> tuple[float, bool]:
        p_value = fisher_p_value((reference == YES).to_numpy(float), (current == YES).to_numpy(float))
        return p_value, p_value < threshold

    test = StatTest(name=FISHER, display_name="Fisher's exact test", allowed_feature_types=[ColumnType.Categorical])
    register_stattest(test, compare)


def _workspace(folder: Path) -> Workspace:
    from evidently.ui.workspace import Workspace

    folder.mkdir(parents=True, exist_ok=True)
    return Workspace.create(str(folder))


def _project(workspace: Workspace, persona: str) -> Project:
    """The persona's project, made with its dashboard on first use."""
    found = [one for one in workspace.list_projects() if one.name == persona]
    if found:
        return found[0]
    from evidently.sdk.models import PanelMetric
    from evidently.sdk.panels import line_plot_panel

    project = workspace.create_project(persona)
    project.description = f"Live interactions of {persona}, window by window"
    project.dashboard.add_panel(
        line_plot_panel(
            "Share of questions foreign to the corpus",
            [PanelMetric(legend="window", metric="MeanValue", metric_labels={"column": FOREIGN})],
        )
    )
    project.dashboard.add_panel(
        line_plot_panel(
            "Share of drifted columns",
            [PanelMetric(legend="share", metric="DriftedColumnsCount", metric_labels={"value_type": "share"})],
        )
    )
    project.save()
    return project
