"""On the real Evidently, which takes many seconds to import."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from twin_data.contracts.monitoring import ReferenceKind, ScoredInteraction
from twin_eval.monitoring.config import MonitoringConfig
from twin_eval.monitoring.evidently_report import build_snapshot, publish
from twin_eval.monitoring.similarity import CorpusVectors
from twin_eval.monitoring.verdict import Comparison, compare
from twin_eval.monitoring.windows import Reference, Window

from .conftest import START

Make = Callable[..., ScoredInteraction]
# Evidently and what it imports warn about their own future; that is theirs to mend.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def window(make_row: Make) -> Window:
    """A fifth of foreign questions, and a voice that was lost."""
    generator = np.random.default_rng(1)
    cosines = np.concatenate([generator.normal(0.1, 0.05, 12), generator.normal(0.8, 0.05, 48)])
    rows = tuple(
        make_row(100 + at, float(cosine), voice_percent=float(generator.normal(60, 10)), declined=at % 5 == 0)
        for at, cosine in enumerate(cosines)
    )
    return Window(rows, new=60)


@pytest.fixture
def comparison(make_row: Make, window: Window, corpus: CorpusVectors) -> Comparison:
    generator = np.random.default_rng(2)
    rows = tuple(
        make_row(at, float(generator.normal(0.8, 0.05)), voice_percent=float(generator.normal(100, 10)))
        for at in range(100)
    )
    return compare(window, Reference(ReferenceKind.INTERACTIONS, rows), corpus, MonitoringConfig(), champion=None)


def test_evidently_comes_to_the_same_figures_and_outcomes(window: Window, comparison: Comparison) -> None:
    found = build_snapshot("ada", window, comparison, at=START).dict()
    drift = {
        one["config"]["column"]: one["value"] for one in found["metrics"] if one["metric_name"].startswith("ValueDrift")
    }
    assert drift == pytest.approx({one.column: one.p_value for one in comparison.columns}, abs=1e-6)
    outcomes = [test["status"].value for test in found["tests"]]
    ours = [comparison.foreign.drifted, any(one.drifted for one in comparison.columns)]
    ours += [one.drifted for one in comparison.columns]
    assert outcomes == ["FAIL" if drifted else "SUCCESS" for drifted in ours]
    assert {"FAIL", "SUCCESS"} == set(outcomes)


def test_windows_gather_in_one_project_beside_their_pages(
    window: Window, comparison: Comparison, tmp_path: Path
) -> None:
    from evidently.ui.workspace import Workspace

    def publish_at(minute: int, kept: int) -> str:
        at = START + timedelta(minutes=minute)
        return publish(tmp_path, "ada", Window(window.rows[minute:], 60), comparison, at=at, kept=kept)

    first, second = publish_at(0, 2), publish_at(1, 2)
    assert first != second
    for page in (first, second):
        assert "foreign_probability" in (tmp_path / page).read_text("utf-8")
    (project,) = Workspace.create(str(tmp_path)).list_projects()
    assert project.name == "ada"
    runs = Workspace.create(str(tmp_path)).list_runs(project.id)
    assert len(runs) == 2

    third = publish_at(2, 2)
    assert sorted(path.name for path in (tmp_path / "reports" / "ada").iterdir()) == [
        Path(second).name, Path(third).name,
    ]  # fmt: skip
    left = Workspace.create(str(tmp_path)).list_runs(project.id)
    assert len(left) == 2 and len(set(left) & set(runs)) == 1
    names = {Workspace.create(str(tmp_path)).get_run(project.id, one).name for one in left}
    assert names == {Window(window.rows[at:], 60).name for at in (1, 2)}, "the oldest one went"
