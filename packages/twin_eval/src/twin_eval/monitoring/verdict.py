"""What a window says: the tests' outcomes, and who moved."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twin_data.contracts.monitoring import ColumnDrift, ForeignShare, Mover, ReferenceKind
from twin_eval.monitoring.columns import COLUMNS, compare_columns, values_of
from twin_eval.monitoring.config import MonitoringConfig
from twin_eval.monitoring.foreign import Floats, compare_foreign_shares
from twin_eval.monitoring.similarity import CorpusVectors
from twin_eval.monitoring.windows import Reference, Rows, Window

LIKELY_FOREIGN = 0.5
SIMILARITY = "question_similarity"


@dataclass(frozen=True, eq=False)
class Comparison:
    """Every test of one window. The arrays belong to the report for people."""

    foreign: ForeignShare
    columns: tuple[ColumnDrift, ...]
    reference_foreign: Floats
    """Probability of each of the reference's questions to be foreign, shape (N,)."""
    current_foreign: Floats
    """The same of the window's, shape (M,)."""
    reference_similarities: Floats
    """The reference's cosines, shape (N,)."""
    compared: tuple[Rows, Rows]
    """The rows of reference and window that the columns were compared on."""

    @property
    def drifted_share(self) -> float | None:
        """Share of the tested columns that drifted."""
        return sum(one.drifted for one in self.columns) / len(self.columns) if self.columns else None


def compare(window: Window, reference: Reference, corpus: CorpusVectors, config: MonitoringConfig) -> Comparison:
    """Test a window.

    What the model does is compared on questions of the corpus's subjects alone: that more foreign questions bring more
    refusals is the users' doing.

    Args:
        window: The rows judged.
        reference: What they are compared with.
        corpus: Says where cosines lie that are foreign to it, or that stand for it where it is the reference.
        config: The thresholds.
    """
    of_corpus = reference.kind is ReferenceKind.CORPUS
    before = corpus.expected_similarities if of_corpus else values_of(reference.rows, SIMILARITY)
    now = values_of(window.rows, SIMILARITY)
    foreign, probabilities = compare_foreign_shares(
        before, now, corpus.foreign_level, threshold=config.foreign_threshold
    )
    reference_foreign, current_foreign = np.split(probabilities, [before.size])
    compared = _on_subject(reference.rows, reference_foreign), _on_subject(window.rows, current_foreign)
    columns = compare_columns(*compared, reference.kind, threshold=config.columns_threshold)
    return Comparison(foreign, columns, reference_foreign, current_foreign, before, compared)


def _on_subject(rows: Rows, foreign: Floats) -> Rows:
    """Rows whose questions are likely about the corpus; there are none where the corpus itself is the reference."""
    if not rows:
        return ()
    return tuple(row for row, probability in zip(rows, foreign, strict=True) if probability < LIKELY_FOREIGN)


def movers(comparison: Comparison, new_writing: float | None, config: MonitoringConfig) -> tuple[Mover, ...]:
    """Who moved, in the order of the contract."""
    drifted = {one.column for one in comparison.columns if one.drifted}
    found = {column.mover for column in COLUMNS if column.name in drifted}
    if comparison.foreign.drifted:
        found.add(Mover.USERS)
    if new_writing is not None and new_writing > config.max_new_writing:
        found.add(Mover.WRITING)
    return tuple(mover for mover in Mover if mover in found)


def reasons(comparison: Comparison, new_writing: float | None, config: MonitoringConfig) -> tuple[str, ...]:
    """Each failed test in words."""
    foreign = comparison.foreign
    found = []
    if new_writing is not None and new_writing > config.max_new_writing:
        found.append(f"{new_writing:.0%} of the corpus is newer than the champion")
    if foreign.drifted:
        found.append(
            f"{foreign.share:.0%} of the questions are foreign to the corpus, {foreign.reference_share:.0%} in the "
            f"reference (p = {foreign.p_value:.2g})"
        )
    found += [
        f"{one.column} {one.current_mean:g}, {one.reference_mean:g} in the reference (p = {one.p_value:.2g})"
        for one in comparison.columns
        if one.drifted
    ]
    return tuple(found)
