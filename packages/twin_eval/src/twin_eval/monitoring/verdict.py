"""What a window says: the tests' outcomes, and who moved."""

from __future__ import annotations

from dataclasses import dataclass

from twin_data.contracts.monitoring import ColumnDrift, ForeignShare, Mover, ReferenceKind
from twin_eval.monitoring.columns import COLUMNS, ColumnTest, compare_columns, values_of
from twin_eval.monitoring.config import MonitoringConfig
from twin_eval.monitoring.foreign import Floats, compare_foreign_shares
from twin_eval.monitoring.similarity import CorpusVectors
from twin_eval.monitoring.windows import Reference, Rows, Window

LIKELY_FOREIGN = 0.5
SIMILARITY = "question_similarity"


@dataclass(frozen=True, eq=False)
class ForeignTest:
    """The one-number test with what it was made of: N questions of the reference, M of the window."""

    result: ForeignShare
    reference: Floats
    """Cosines, shape (N,)."""
    current: Floats
    """Cosines, shape (M,)."""
    probabilities: Floats
    """To be foreign, the reference's before the window's, shape (N + M,)."""

    @property
    def reference_probabilities(self) -> Floats:
        """Shape (N,)."""
        return self.probabilities[: self.reference.size]

    @property
    def current_probabilities(self) -> Floats:
        """Shape (M,)."""
        return self.probabilities[self.reference.size :]


@dataclass(frozen=True, eq=False)
class Comparison:
    """Every test of one window."""

    test: ForeignTest
    column_tests: tuple[ColumnTest, ...]

    @property
    def foreign(self) -> ForeignShare:
        """The one-number test."""
        return self.test.result

    @property
    def columns(self) -> tuple[ColumnDrift, ...]:
        """The columns' tests."""
        return tuple(one.result for one in self.column_tests)

    @property
    def drifted_share(self) -> float | None:
        """Share of the tested columns that drifted."""
        return sum(one.drifted for one in self.columns) / len(self.columns) if self.columns else None


def compare(
    window: Window, reference: Reference, corpus: CorpusVectors, config: MonitoringConfig, *, champion: str | None
) -> Comparison:
    """Test a window.

    A slow change shows in many questions, a sudden one in the newest: both the whole window and its new part are
    tested, each at half the threshold, and the clearer one counts. What the model does is compared on questions of the
    corpus's subjects alone: that more foreign questions bring more refusals is the users' doing.

    Args:
        window: The rows judged.
        reference: What they are compared with.
        corpus: Says where cosines lie that are foreign to it, or that stand for it where it is the reference.
        config: The thresholds.
        champion: The served bundle, whose answers are compared; where there is none, those of the bundle asked last.
    """
    of_corpus = reference.kind is ReferenceKind.CORPUS
    before = corpus.expected_similarities if of_corpus else values_of(reference.rows, SIMILARITY)
    sizes = sorted({len(window.rows), window.new}, reverse=True)
    threshold = config.foreign_threshold / len(sizes)
    tests = [_test_newest(window, size, before, corpus, threshold) for size in sizes]
    whole = tests[0]
    columns = compare_columns(
        _on_subject(reference.rows, whole.reference_probabilities),
        _on_subject(window.rows, whole.current_probabilities),
        reference.kind,
        bundle=champion or next((row.bundle for row in reversed(window.rows) if row.bundle), None),
        threshold=config.columns_threshold,
    )
    return Comparison(min(tests, key=lambda test: test.result.p_value), columns)


def _test_newest(window: Window, size: int, before: Floats, corpus: CorpusVectors, threshold: float) -> ForeignTest:
    now = values_of(window.rows[-size:], SIMILARITY)
    result, probabilities = compare_foreign_shares(before, now, corpus.foreign_level, threshold=threshold)
    return ForeignTest(result, before, now, probabilities)


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
