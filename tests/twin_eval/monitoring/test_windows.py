from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twin_data.contracts.monitoring import DriftReport, DriftVerdict, Mover, ReferenceKind, ScoredInteraction
from twin_eval.monitoring.config import MonitoringConfig
from twin_eval.monitoring.windows import current_window, reference_for

Make = Callable[..., ScoredInteraction]
CONFIG = MonitoringConfig(min_window=10, max_window=20, min_reference=30, max_reference=40, min_expected=10)


def judged(rows: list[ScoredInteraction], *moved: Mover) -> DriftReport:
    verdict = DriftVerdict.DRIFTED if moved else DriftVerdict.STABLE
    return DriftReport(
        persona="ada", window="w", created_at=rows[-1].created_at, verdict=verdict, interactions=len(rows), needed=10,
        first_at=rows[0].created_at, last_at=rows[-1].created_at, bundles=(), reference=None, foreign=None, columns=(),
        drifted_share=None, new_writing=None, moved=moved, reasons=(), html=None,
    )  # fmt: skip


def numbers(rows: Any) -> list[int]:
    return [int(row.trace_id, 16) for row in rows]


def test_everything_new_is_in_the_window_however_much(make_row: Make) -> None:
    window = current_window([make_row(at) for at in range(50)], [], CONFIG)
    assert (window.new, len(window.rows)) == (50, 50)


def test_older_ones_fill_a_small_window_up(make_row: Make) -> None:
    rows = [make_row(at) for at in range(50)]
    window = current_window(rows, [judged(rows[:38])], CONFIG)
    assert window.new == 12
    assert numbers(window.rows) == list(range(30, 50))


def test_a_drifted_window_is_not_looked_at_again(make_row: Make) -> None:
    rows = [make_row(at) for at in range(50)]
    window = current_window(rows, [judged(rows[:38], Mover.USERS)], CONFIG)
    assert window.new == 12
    assert numbers(window.rows) == list(range(38, 50))


def test_evaluations_and_briefs_are_no_questions_of_users(make_row: Make) -> None:
    rows = [make_row(1), make_row(2, is_evaluation=True), make_row(3, mode="write")]
    assert numbers(current_window(rows, [], CONFIG).rows) == [1]


def test_a_window_is_named_by_what_it_holds(make_row: Make) -> None:
    one, two = (current_window([make_row(at) for at in range(size)], [], CONFIG).name for size in (11, 12))
    assert one != two


def reference(rows: list[ScoredInteraction], reports: list[DriftReport], champion: str | None = None) -> Any:
    return reference_for(current_window(rows, reports, CONFIG), rows, reports, CONFIG, champion=champion)


def test_earlier_interactions_are_the_first_choice(make_row: Make) -> None:
    rows = [make_row(at) for at in range(80)]
    found = reference(rows, [judged(rows[:70])])
    assert found.kind is ReferenceKind.INTERACTIONS
    assert numbers(found.rows) == list(range(20, 60)), "the newest forty that are not in the window"


def test_drifted_windows_are_no_reference(make_row: Make) -> None:
    rows = [make_row(at) for at in range(100)]
    found = reference(rows, [judged(rows[:50]), judged(rows[50:80], Mover.USERS)])
    assert numbers(found.rows) == list(range(10, 50))


def test_what_was_asked_while_only_the_writing_moved_is_a_reference(make_row: Make) -> None:
    rows = [make_row(at) for at in range(100)]
    reports = [judged(rows[start : start + 10], Mover.WRITING) for start in range(0, 90, 10)]
    assert numbers(current_window(rows, reports, CONFIG).rows) == list(range(80, 100))
    found = reference(rows, reports)
    assert found.kind is ReferenceKind.INTERACTIONS and numbers(found.rows) == list(range(40, 80))


def test_else_answers_to_held_out_questions_one_each_the_champions_first(make_row: Make) -> None:
    evaluated = [
        make_row(at + 100 * run, bundle=bundle, question_digest=str(at), is_evaluation=True, is_expected=at < 12)
        for run, bundle in enumerate(("old", "champion", "rejected"))
        for at in range(15)
    ]
    found = reference([*evaluated, *(make_row(500 + at) for at in range(10))], [], "champion")
    assert found.kind is ReferenceKind.EVALUATION
    assert len(found.rows) == 12 and {row.bundle for row in found.rows} == {"champion"}
    unpromoted = reference([*evaluated, *(make_row(500 + at) for at in range(10))], [])
    assert {row.bundle for row in unpromoted.rows} == {"rejected"}, "the newest, if no champion was asked"


def test_else_the_corpus(make_row: Make) -> None:
    few = [make_row(at, is_evaluation=True, is_expected=True) for at in range(9)]
    found = reference([*few, *(make_row(500 + at) for at in range(10))], [])
    assert (found.kind, found.rows) == (ReferenceKind.CORPUS, ())
