"""`twin labels add`: a file's rows into the persona's labels, choices of a blind page read with its key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from twin_data.contracts.labels import BlindChoice, BlindKey
from twin_eval.answering import ANSWERS_FILE
from twin_eval.human.preferences import read_keys, unblinded
from twin_eval.human.reading import ReadRow, RowProblem, read_file
from twin_eval.human.store import Added, Label, add_labels
from twin_eval.row_problems import nearest


@dataclass(frozen=True)
class Addition:
    """What became of a file's rows."""

    added: Added
    problems: tuple[RowProblem, ...]
    """The rows that were not taken, in the file's order."""


def add_file(persona_folder: Path, path: Path, *, labeller: str | None = None) -> Addition:
    """Store every row that can be used; the others are named. The same file again changes nothing.

    Args:
        persona_folder: The persona's evaluations.
        path: JSON Lines.
        labeller: Of rows that name none.

    Raises:
        LabelsError: The file is missing, is no text, or holds no row.
        IntegrityError: The stored labels or a key are damaged.
        StoreError: The labels cannot be written.
    """
    read = read_file(path, labeller=labeller)
    keys, bundles = read_keys(persona_folder), known_bundles(persona_folder)
    rows: list[Label] = []
    problems = list(read.problems)
    for row in read.rows:
        resolved = _resolved(row, keys, bundles)
        if isinstance(resolved, RowProblem):
            problems.append(resolved)
        else:
            rows.append(resolved)
    added = add_labels(persona_folder, rows) if rows else Added()
    return Addition(added, tuple(sorted(problems, key=lambda one: one.line)))


def known_bundles(persona_folder: Path) -> tuple[str, ...]:
    """The bundles that have been asked something."""
    return tuple(sorted({path.parent.parent.name for path in persona_folder.glob(f"*/*/{ANSWERS_FILE}")}))


def _resolved(row: ReadRow, keys: Mapping[str, BlindKey], bundles: tuple[str, ...]) -> Label | RowProblem:
    """The row as it is kept, or why it cannot be."""
    label = row.label
    if not isinstance(label, BlindChoice):
        if label.bundle in bundles:
            return label
        known = nearest(label.bundle, bundles) if bundles else "no bundle has been evaluated: twin evaluate PERSONA"
        return RowProblem(row.line, f"bundle: {label.bundle!r} has no evaluation in this home; {known}")
    key = keys.get(label.page)
    if key is None:
        return RowProblem(
            row.line, f"page: this home has no key of the page {label.page!r}; add the rows in the home that wrote it"
        )
    if label.pair not in key.pairs:
        return RowProblem(
            row.line, f"pair: the page {label.page!r} has no pair {label.pair!r}; download the rows again from it"
        )
    return unblinded(label, key)
