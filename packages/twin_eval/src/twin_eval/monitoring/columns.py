"""Which columns are tested, how, and whose movement each shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.stats import fisher_exact, ks_2samp

from twin_data.contracts.monitoring import ColumnDrift, Mover, ReferenceKind, ScoredInteraction
from twin_eval.monitoring.foreign import Floats

MIN_VALUES = 20
"""Fewer values on either side are not compared."""

Method = Literal["ks", "fisher_exact"]


@dataclass(frozen=True)
class Column:
    """One column of the table of scored interactions that is compared."""

    name: str
    method: Method
    mover: Mover
    references: frozenset[ReferenceKind]
    """With which it can be compared: a held-out question's length says nothing of a user's."""


_USERS_ONLY = frozenset({ReferenceKind.INTERACTIONS})
_ANSWERED = frozenset({ReferenceKind.INTERACTIONS, ReferenceKind.EVALUATION})
COLUMNS = (
    Column("question_words", "ks", Mover.USERS, _USERS_ONLY),
    Column("answer_words", "ks", Mover.MODEL, _USERS_ONLY),
    Column("declined", "fisher_exact", Mover.MODEL, _USERS_ONLY),
    Column("supported_share", "ks", Mover.MODEL, _ANSWERED),
    Column("voice_percent", "ks", Mover.MODEL, _ANSWERED),
)


def values_of(rows: Sequence[ScoredInteraction], name: str) -> Floats:
    """The column's known values; truth values as 0 and 1."""
    found = (getattr(row, name) for row in rows)
    return np.asarray([float(value) for value in found if value is not None])


@dataclass(frozen=True, eq=False)
class ColumnTest:
    """One column's test with the values that it was made of: N of the reference, M of the window."""

    result: ColumnDrift
    reference: Floats
    """Shape (N,)."""
    current: Floats
    """Shape (M,)."""


def compare_columns(
    reference: Sequence[ScoredInteraction],
    current: Sequence[ScoredInteraction],
    kind: ReferenceKind,
    *,
    bundle: str | None,
    threshold: float,
) -> tuple[ColumnTest, ...]:
    """A two-sample test of every column that both sides have enough values of.

    Args:
        reference: Rows to compare with.
        current: The window's rows.
        kind: What the reference is made of; it decides which columns can be compared.
        bundle: Whose answers are compared, with its own earlier ones: that another bundle, which was promoted or named
            in the request, answers otherwise is meant.
        threshold: Probability of a false alarm in any column; each gets its part (Bonferroni).
    """
    usable = [column for column in COLUMNS if kind in column.references]
    pairs = [(column, _compared(reference, column, bundle), _compared(current, column, bundle)) for column in usable]
    tested = [(column, before, now) for column, before, now in pairs if min(len(before), len(now)) >= MIN_VALUES]
    return tuple(
        ColumnTest(_compare(column, before, now, threshold / len(tested)), before, now)
        for column, before, now in tested
    )


def _compared(rows: Sequence[ScoredInteraction], column: Column, bundle: str | None) -> Floats:
    return values_of([row for row in rows if column.mover is not Mover.MODEL or row.bundle == bundle], column.name)


def _compare(column: Column, reference: Floats, current: Floats, threshold: float) -> ColumnDrift:
    p_value = ks_p_value(reference, current) if column.method == "ks" else fisher_p_value(reference, current)
    return ColumnDrift(
        column=column.name,
        method=column.method,
        p_value=round(p_value, 8),
        threshold=round(threshold, 8),
        current_mean=round(float(current.mean()), 4),
        reference_mean=round(float(reference.mean()), 4),
        n_current=current.size,
        n_reference=reference.size,
    )


def ks_p_value(reference: Floats, current: Floats) -> float:
    """Two-sample Kolmogorov-Smirnov, two-sided."""
    return float(ks_2samp(reference, current).pvalue)


def fisher_p_value(reference: Floats, current: Floats) -> float:
    """Fisher's exact test of two samples of zeros and ones, two-sided."""
    counts = [[int(side.sum()), int(side.size - side.sum())] for side in (reference, current)]
    return float(fisher_exact(counts).pvalue)
