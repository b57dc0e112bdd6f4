"""What a pass reads of a table that grows for years."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from twin_data.contracts.answers import AnswerOutcome, Interaction
from twin_data.contracts.monitoring import ScoredInteraction
from twin_data.store.tables import FeatureStore
from twin_eval.monitoring.tables import MonitoringTables
from twin_eval.monitoring.windows import REFERENCE_DAYS, latest_answers

from .conftest import START

Make = Callable[..., ScoredInteraction]
LATER = START + timedelta(days=REFERENCE_DAYS, minutes=30)


@pytest.fixture
def tables(tmp_path: Path) -> MonitoringTables:
    return MonitoringTables(FeatureStore.of(tmp_path / "features", "ada"))


def test_evaluations_briefs_and_the_future_are_no_questions_of_users(tables: MonitoringTables, make_row: Make) -> None:
    tables.add_scored([make_row(1), make_row(2, is_evaluation=True), make_row(3, mode="write"), make_row(9)])
    found = tables.asked(START + timedelta(minutes=5), enough=10)
    assert [int(one, 16) for one in found["trace_id"]] == [1]


def test_a_greeting_is_no_question_to_the_archive(tables: MonitoringTables, make_row: Make) -> None:
    """A twin that users greet had been told that their questions are foreign to it."""
    tables.add_scored(
        [
            make_row(1, completion_tokens=0),
            make_row(2, completion_tokens=0, outcome=AnswerOutcome.DECLINED),
            make_row(3, completion_tokens=0, outcome=None, status="failed"),
            make_row(4),
        ]
    )
    assert sorted(int(one, 16) for one in tables.asked(LATER, enough=10)["trace_id"]) == [2, 3, 4]


def test_old_questions_are_read_where_new_ones_are_not_enough(tables: MonitoringTables, make_row: Make) -> None:
    tables.add_scored([make_row(at) for at in range(60)])
    assert tables.asked(LATER, enough=30).height == 30
    assert tables.asked(LATER, enough=31).height == 60


def test_the_chosen_rows_come_oldest_first(tables: MonitoringTables, make_row: Make) -> None:
    rows = [make_row(at) for at in range(20)]
    tables.add_scored(rows[10:])
    tables.add_scored(rows[:10])
    asked = tables.asked(LATER, enough=1)
    chosen = asked.filter(pl.col("created_at") >= rows[15].created_at)
    assert tables.of(chosen) == tuple(rows[15:])
    assert tables.of(asked.clear()) == ()
    assert tables.scored() == tuple(rows)


def test_an_empty_table_is_no_error(tables: MonitoringTables, make_interaction: Callable[..., Interaction]) -> None:
    assert tables.asked(LATER, enough=1).is_empty()
    assert tables.scored() == tables.expected() == ()
    assert tables.scored_until(LATER) is None
    assert tables.unscored([make_interaction(1)]) == (make_interaction(1),)


def test_only_what_is_not_scored_is_to_be_scored(
    tables: MonitoringTables, make_row: Make, make_interaction: Callable[..., Interaction]
) -> None:
    tables.add_scored([make_row(at) for at in range(10)])
    asked = [make_interaction(at) for at in (12, 9, 11)]
    assert tables.unscored(asked) == (asked[0], asked[2])
    assert tables.unscored([]) == ()


def test_answers_to_expected_questions_one_each_the_champions_first(tables: MonitoringTables, make_row: Make) -> None:
    tables.add_scored(
        [
            make_row(
                at + 100 * run, bundle=bundle, question_digest=str(at), is_evaluation=True, is_expected=at < 12,
                status="failed" if (bundle, at) == ("champion", 0) else "ok",
            )
            for run, bundle in enumerate(("old", "champion", "rejected"))
            for at in range(15)
        ]
    )  # fmt: skip
    found = latest_answers(tables.expected(), "champion")
    assert len(found) == 12 and [row.bundle for row in found].count("champion") == 11
    unpromoted = latest_answers(tables.expected(), None)
    assert {row.bundle for row in unpromoted} == {"rejected"}, "the newest, if no champion was asked"
