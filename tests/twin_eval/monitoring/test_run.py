from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twin_data.contracts.answers import Interaction
from twin_data.contracts.api_headers import EVALUATION_FEATURE
from twin_data.contracts.monitoring import DriftReport, DriftVerdict, Mover, ReferenceKind
from twin_data.store.tables import FeatureStore
from twin_eval.monitoring import evidently_report
from twin_eval.monitoring.config import MonitoringConfig
from twin_eval.monitoring.run import MonitorInputs, run
from twin_eval.monitoring.scoring import Scorer
from twin_eval.monitoring.similarity import CorpusVectors
from twin_eval.monitoring.tables import MonitoringTables

from .conftest import START

Make = Callable[..., Interaction]
CONFIG = MonitoringConfig(min_window=30, max_window=60, min_reference=60)


@pytest.fixture
def inputs(corpus: CorpusVectors, tmp_path: Path) -> MonitorInputs:
    return MonitorInputs(
        persona="ada",
        interactions=(),
        scorer=Scorer(corpus=corpus, voice=None, expected_questions=frozenset()),
        tables=MonitoringTables(FeatureStore.of(tmp_path / "features", "ada")),
        workspace=tmp_path / "monitoring",
        champion="0123456789ab",
        new_writing=0.0,
        now=START + timedelta(days=1),
    )


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Windows that Evidently would have been given."""
    windows: list[str] = []

    def publish(workspace: Path, persona: str, window: Any, comparison: Any, *, at: Any, kept: int) -> str:
        windows.append(window.name)
        return f"reports/{persona}/{window.name}.html"

    monkeypatch.setattr(evidently_report, "publish", publish)
    return windows


def asked(make: Make, first: int, size: int, *, foreign: int = 0) -> list[Interaction]:
    """Interactions whose service kept how near its passages were."""
    generator = np.random.default_rng(first)
    own = generator.normal(0.6, 0.08, size - foreign).tolist()
    cosines = generator.permutation(generator.normal(0.1, 0.05, foreign).tolist() + own)
    return [make(first + at, signals={"top_cosine": float(cosine)}) for at, cosine in enumerate(cosines)]


def after(inputs: MonitorInputs, *new: Interaction, **changes: Any) -> DriftReport:
    return run(dataclasses.replace(inputs, interactions=new, **changes), config=CONFIG)


def test_too_few_are_waited_for(inputs: MonitorInputs, make_interaction: Make, published: list[str]) -> None:
    report = after(inputs, *asked(make_interaction, 0, 29))
    assert report.verdict is DriftVerdict.WAITING
    assert report.summary == "not enough interactions yet (29 of 30)"
    assert not published and inputs.tables.reports() == ()


def test_nothing_at_all_is_no_error(inputs: MonitorInputs, published: list[str]) -> None:
    assert after(inputs).summary == "not enough interactions yet (0 of 30)"


def test_what_was_scored_is_not_scored_again(
    inputs: MonitorInputs, make_interaction: Make, published: list[str]
) -> None:
    first = asked(make_interaction, 0, 20)
    after(inputs, *first)
    after(inputs, *first, *asked(make_interaction, 20, 5))
    rows = inputs.tables.scored()
    assert [int(row.trace_id, 16) for row in rows] == list(range(25))
    assert inputs.tables.scored_until(rows[-1].created_at) == rows[-1].created_at
    assert inputs.tables.scored_until(rows[0].created_at) == rows[0].created_at, "a clock ran ahead"


def test_the_same_window_is_judged_once(inputs: MonitorInputs, make_interaction: Make, published: list[str]) -> None:
    earlier = asked(make_interaction, 0, 60)
    assert after(inputs, *earlier).verdict is DriftVerdict.STABLE
    assert after(inputs, *earlier).verdict is DriftVerdict.WAITING
    assert len(published) == len(inputs.tables.reports()) == 1


def test_off_subject_questions_are_the_users_doing(
    inputs: MonitorInputs, make_interaction: Make, published: list[str]
) -> None:
    after(inputs, *asked(make_interaction, 0, 60))
    after(inputs, *asked(make_interaction, 60, 60))
    report = after(inputs, *asked(make_interaction, 120, 60, foreign=20))
    assert report.verdict is DriftVerdict.DRIFTED
    assert report.reference is ReferenceKind.INTERACTIONS
    assert report.moved == (Mover.USERS,)
    assert "33% of the questions are foreign to the corpus" in report.summary
    assert inputs.tables.reports()[-1] == report


def test_a_sudden_change_is_not_lost_among_older_questions(
    inputs: MonitorInputs, make_interaction: Make, published: list[str]
) -> None:
    config = MonitoringConfig(min_window=30, max_window=200, min_reference=60)
    after(inputs, *asked(make_interaction, 0, 250))
    new = asked(make_interaction, 250, 30, foreign=12)
    report = run(dataclasses.replace(inputs, interactions=new), config=config)
    assert report.interactions == 200
    assert report.moved == (Mover.USERS,)
    assert report.foreign and report.foreign.n_current == 30 and report.foreign.threshold == 0.005


def test_new_writing_is_the_personas_doing(inputs: MonitorInputs, make_interaction: Make, published: list[str]) -> None:
    after(inputs, *asked(make_interaction, 0, 60))
    report = after(inputs, *asked(make_interaction, 60, 60), new_writing=0.2)
    assert report.moved == (Mover.WRITING,)
    assert report.reasons == ("20% of the corpus is newer than the champion",)


def supported(make: Make, first: int, mean: float, **fields: Any) -> list[Interaction]:
    """Sixty interactions whose drafts were supported so far."""
    shares = np.random.default_rng(first).normal(mean, 0.1, 60).clip(0, 1)
    return [
        one.model_copy(update={"signals": {**one.signals, "supported_share": float(share)}, **fields})
        for one, share in zip(asked(make, first, 60), shares, strict=True)
    ]


def test_lost_support_for_like_questions_is_the_models_doing(
    inputs: MonitorInputs, make_interaction: Make, published: list[str]
) -> None:
    after(inputs, *supported(make_interaction, 0, 0.7))
    report = after(inputs, *supported(make_interaction, 60, 0.4))
    assert report.moved == (Mover.MODEL,)
    assert report.drifted_share is not None and 0 < report.drifted_share < 1


def test_after_a_promotion_the_new_champion_is_measured_by_itself(
    inputs: MonitorInputs, make_interaction: Make, published: list[str]
) -> None:
    """Else every window drifts from the first on, and none of them ever becomes the reference."""
    promoted = dataclasses.replace(inputs, champion="promoted")
    after(inputs, *supported(make_interaction, 0, 0.7))
    for at in range(1, 4):
        report = after(promoted, *supported(make_interaction, 60 * at, 0.4, bundle="promoted"))
        assert report.verdict is DriftVerdict.STABLE, report.summary
    assert {one.column for one in report.columns} >= {"supported_share", "answer_words"}
    worse = after(promoted, *supported(make_interaction, 240, 0.2, bundle="promoted"))
    assert worse.moved == (Mover.MODEL,)


def test_a_pass_that_dies_before_its_report_is_kept_judges_the_same_window_again(
    inputs: MonitorInputs, make_interaction: Make, published: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: Any, **__: Any) -> str:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(evidently_report, "publish", die)
        with pytest.raises(KeyboardInterrupt):
            after(inputs, *asked(make_interaction, 0, 40))
    report = after(inputs, *asked(make_interaction, 0, 40))
    assert report.interactions == 40 and len(inputs.tables.scored()) == 40


def test_with_little_to_compare_with_the_exam_and_then_the_corpus_stand_in(
    inputs: MonitorInputs, make_interaction: Make, published: list[str]
) -> None:
    assert after(inputs, *asked(make_interaction, 0, 30)).reference is ReferenceKind.CORPUS
    exam = [
        one.model_copy(update={"question": f"Rope {at}?", "feature": EVALUATION_FEATURE})
        for at, one in enumerate(asked(make_interaction, 30, 20))
    ]
    expecting = dataclasses.replace(inputs.scorer, expected_questions=frozenset(one.question for one in exam))
    report = after(inputs, *exam, *asked(make_interaction, 50, 30), scorer=expecting)
    assert report.reference is ReferenceKind.EVALUATION


def test_a_change_that_lasts_is_reported_and_then_usual(
    inputs: MonitorInputs, make_interaction: Make, published: list[str]
) -> None:
    """A fifth of the questions is about something else from now on, and stays so."""
    after(inputs, *asked(make_interaction, 0, 60))
    after(inputs, *asked(make_interaction, 60, 60))
    verdicts = []
    for week in range(1, 6):
        asked_now = [
            one.model_copy(update={"created_at": one.created_at + timedelta(days=5 * week)})
            for one in asked(make_interaction, 60 + 60 * week, 60, foreign=15)
        ]
        verdicts.append(after(inputs, *asked_now, now=asked_now[-1].created_at).verdict)
    assert verdicts == [DriftVerdict.DRIFTED] * 3 + [DriftVerdict.STABLE] * 2
