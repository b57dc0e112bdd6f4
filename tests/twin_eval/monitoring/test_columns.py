from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from twin_data.contracts.monitoring import ReferenceKind, ScoredInteraction
from twin_eval.monitoring.columns import compare_columns, fisher_p_value, values_of

Make = Callable[..., ScoredInteraction]
BUNDLE = "0123456789ab"


def rows(make: Make, size: int, *, seed: int, voice: float = 100.0) -> tuple[ScoredInteraction, ...]:
    generator = np.random.default_rng(seed)
    return tuple(
        make(at, voice_percent=float(generator.normal(voice, 10)), question_words=int(generator.integers(4, 20)))
        for at in range(size)
    )


def test_a_voice_that_is_lost_is_seen_and_nothing_else(make_row: Make) -> None:
    tests = compare_columns(
        rows(make_row, 150, seed=1),
        rows(make_row, 60, seed=2, voice=70),
        ReferenceKind.INTERACTIONS,
        bundle=BUNDLE,
        threshold=0.005,
    )
    assert [one.result.column for one in tests if one.result.drifted] == ["voice_percent"]
    assert all(one.result.threshold == pytest.approx(0.005 / len(tests)) for one in tests)


def test_a_held_out_questions_length_says_nothing_of_users(make_row: Make) -> None:
    columns = {
        kind: {
            one.result.column
            for one in compare_columns(
                rows(make_row, 40, seed=1), rows(make_row, 40, seed=2), kind, bundle=BUNDLE, threshold=0.1
            )
        }
        for kind in ReferenceKind
    }
    assert "question_words" in columns[ReferenceKind.INTERACTIONS]
    assert columns[ReferenceKind.EVALUATION] == {"supported_share", "voice_percent"}
    assert columns[ReferenceKind.CORPUS] == set()


def test_columns_with_few_values_are_left_out(make_row: Make) -> None:
    current = tuple(make_row(at, voice_percent=90.0 if at < 19 else None) for at in range(60))
    tests = compare_columns(rows(make_row, 60, seed=1), current, ReferenceKind.EVALUATION, bundle=BUNDLE, threshold=0.1)
    assert [one.result.column for one in tests] == ["supported_share"]


def test_unknown_values_are_left_out(make_row: Make) -> None:
    values = values_of(
        [make_row(1, declined=None), make_row(2, declined=True), make_row(3, declined=False)], "declined"
    )
    assert values.tolist() == [1.0, 0.0]


def test_fishers_test_takes_samples_of_any_two_sizes() -> None:
    assert fisher_p_value(np.zeros(150), np.zeros(30)) == 1
    assert fisher_p_value(np.zeros(150), np.asarray([1.0] * 10 + [0.0] * 20)) < 1e-6
    assert fisher_p_value(np.zeros(150), np.asarray([1.0] * 2 + [0.0] * 28)) > 0.01


def test_a_promoted_bundle_that_answers_otherwise_is_no_drift(make_row: Make) -> None:
    """Only its own earlier answers say that it has changed; the users' questions are compared whoever answers."""
    before = rows(make_row, 60, seed=1)
    promoted = [row.model_copy(update={"bundle": "promoted"}) for row in rows(make_row, 60, seed=2, voice=60)]
    now = [*rows(make_row, 40, seed=3), *promoted]

    def tested(reference: Sequence[ScoredInteraction]) -> dict[str, tuple[int, int, bool]]:
        tests = compare_columns(reference, now, ReferenceKind.INTERACTIONS, bundle="promoted", threshold=0.005)
        return {one.result.column: (one.result.n_reference, one.result.n_current, one.result.drifted) for one in tests}

    assert tested(before) == {"question_words": (60, 100, False)}
    own = [row.model_copy(update={"bundle": "promoted"}) for row in rows(make_row, 30, seed=4)]
    assert tested([*before, *own])["voice_percent"] == (30, 60, True)
