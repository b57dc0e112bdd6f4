from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl
import pytest

from twin_data.contracts.digests import digest_text
from twin_data.contracts.monitoring import DriftReport, DriftVerdict, Mover
from twin_eval.monitoring.config import MonitoringConfig
from twin_eval.monitoring.windows import (
    ASKED_COLUMNS,
    REFERENCE_DAYS,
    History,
    choose_reference,
    choose_window,
    history_of,
)

from .conftest import START

CONFIG = MonitoringConfig(min_window=10, max_window=20, min_reference=30, max_reference=40)
NOW = START + timedelta(days=1)
HISTORY = History()


def moment(number: int) -> datetime:
    """A question a minute."""
    return START + timedelta(minutes=number)


def asked(*numbers: int, shift: timedelta = timedelta(0)) -> pl.DataFrame:
    """Questions with ids as random as real ones."""
    rows = [(moment(one) + shift, digest_text(str(one))[:32]) for one in numbers]
    return pl.DataFrame(rows, schema={"created_at": pl.Datetime("us", "UTC"), "trace_id": pl.String()}, orient="row")


def judged(first: int, end: int, *moved: Mover, shift: timedelta = timedelta(0)) -> DriftReport:
    """The report on the questions from `first` to before `end`."""
    verdict = DriftVerdict.DRIFTED if moved else DriftVerdict.STABLE
    return DriftReport(
        persona="ada", window="w", created_at=moment(end) + shift, verdict=verdict, interactions=end - first,
        needed=10, first_at=moment(first) + shift, last_at=moment(end - 1) + shift, bundles=(), reference=None,
        foreign=None, columns=(), drifted_share=None, new_writing=None, moved=moved, reasons=(), html=None,
    )  # fmt: skip


def minutes(chosen: pl.DataFrame | None) -> list[int]:
    assert chosen is not None and tuple(chosen.columns) == ASKED_COLUMNS
    return [int((one - START).total_seconds()) // 60 for one in chosen["created_at"]]


def window(end: int, *reports: DriftReport, now: datetime = NOW) -> tuple[list[int], int]:
    chosen, new = choose_window(asked(*reversed(range(end))), history_of(reports, now, CONFIG), CONFIG)
    return minutes(chosen), new


def reference(end: int, *reports: DriftReport, now: datetime = NOW) -> pl.DataFrame | None:
    questions, history = asked(*range(end)), history_of(reports, now, CONFIG)
    return choose_reference(questions, choose_window(questions, history, CONFIG)[0], history, now, CONFIG)


def test_everything_new_is_in_the_window_however_much() -> None:
    assert window(50) == (list(range(50)), 50)


def test_older_ones_fill_a_small_window_up() -> None:
    assert window(50, judged(0, 38)) == (list(range(30, 50)), 12)


def test_a_drifted_window_is_not_looked_at_again() -> None:
    assert window(50, judged(0, 38, Mover.USERS)) == (list(range(38, 50)), 12)


def test_nobody_has_asked() -> None:
    chosen, new = choose_window(asked(), HISTORY, CONFIG)
    assert (chosen.height, new) == (0, 0)


def test_a_window_of_a_clock_that_ran_ahead_does_not_end_monitoring() -> None:
    ahead = judged(38, 40, shift=timedelta(days=400))
    assert window(50, judged(0, 38), ahead) == (list(range(30, 50)), 12)
    assert window(50, judged(0, 38), ahead, now=NOW + timedelta(days=500))[1] == 0


def test_the_reference_is_of_what_was_asked_before_the_window() -> None:
    assert minutes(reference(55, judged(0, 45))) == list(range(35))
    assert reference(45, judged(0, 35)) is None, "twenty-five are too few"


def test_a_busy_twins_reference_is_drawn_from_four_weeks() -> None:
    """Else a window of the morning is compared with the night before it."""
    found = minutes(reference(1000, judged(0, 990)))
    assert len(found) == 40 and found == sorted(found)
    assert max(found) < 980 and min(found) < 200 and 300 < sum(found) / 40 < 680
    assert minutes(reference(1000, judged(0, 990))) == found, "the same in every pass"


def test_what_is_older_than_four_weeks_counts_where_there_is_little_else() -> None:
    later = NOW + timedelta(days=REFERENCE_DAYS)
    assert minutes(reference(80, judged(0, 70), now=later)) == list(range(20, 60)), "the newest forty"


def test_drifted_windows_are_no_reference() -> None:
    assert minutes(reference(90, judged(0, 39), judged(39, 70, Mover.USERS))) == list(range(39))


def test_what_was_asked_while_only_the_writing_moved_is_a_reference() -> None:
    reports = [judged(start, start + 10, Mover.WRITING) for start in range(0, 50, 10)]
    assert window(55, *reports)[0] == list(range(35, 55))
    assert minutes(reference(55, *reports)) == list(range(35))


DAYS = timedelta(days=4)


def run_of(*moved: Mover, interactions: int = 12) -> list[DriftReport]:
    """Windows four days apart, after a calm one."""
    size = interactions
    return [
        judged(0, size),
        *(judged(at * size, (at + 1) * size, one, shift=at * DAYS) for at, one in enumerate(moved, 1)),
    ]


def test_a_change_that_lasts_becomes_the_reference() -> None:
    """Else whoever takes a twin to a new subject for good is told so with every window, for ever."""
    later = START + timedelta(days=60)
    reports = run_of(Mover.USERS, Mover.USERS, Mover.MODEL)
    found = history_of(reports, later, CONFIG)
    assert found.reference_since == reports[1].first_at and found.drifted == ()
    assert found.reported_until == found.judged_until == reports[-1].last_at
    again = judged(48, 60, Mover.USERS, shift=5 * DAYS)
    assert history_of([*reports, again], later, CONFIG).drifted == ((again.first_at, again.last_at),)


def test_a_lasting_change_begins_where_its_windows_hold_nothing_of_before() -> None:
    """A window is filled up with older questions, and those are what is no longer usual."""
    calm, first, *others = run_of(Mover.USERS, *[Mover.USERS] * 4)
    reaching_back = first.model_copy(update={"first_at": calm.first_at, "interactions": 24})
    reports = [calm, reaching_back, *others]
    later = START + timedelta(days=60)
    assert history_of(reports[:4], later, CONFIG).reference_since is None, "24 of 30 without the first"
    assert history_of(reports, later, CONFIG).reference_since == others[0].first_at


@pytest.mark.parametrize(
    "reports",
    [
        run_of(Mover.USERS, Mover.USERS),
        run_of(Mover.USERS, Mover.USERS, Mover.WRITING, Mover.USERS),
        run_of(Mover.USERS, Mover.USERS, Mover.USERS, interactions=9),
        [judged(at, at + 40, Mover.USERS) for at in range(0, 400, 40)],
    ],
    ids=["two windows", "a calm one between", "too few questions", "seven hours"],
)
def test_what_has_not_lasted_is_no_reference(reports: list[DriftReport]) -> None:
    found = history_of(reports, START + timedelta(days=60), CONFIG)
    assert found.reference_since is None
    assert len(found.drifted) == sum(Mover.USERS in one.moved for one in reports)


def test_the_reference_begins_with_the_lasting_change() -> None:
    history = History(reported_until=moment(79), judged_until=moment(79), reference_since=moment(50))
    questions = asked(*range(100))
    chosen = choose_window(questions, history, CONFIG)[0]
    assert minutes(choose_reference(questions, chosen, history, NOW, CONFIG)) == list(range(50, 80))
