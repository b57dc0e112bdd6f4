"""The labels of a persona, kept beside its evaluations: nothing is overwritten, the newest of a labeller counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from twin_data.contracts.digests import digest_value
from twin_data.contracts.errors import IntegrityError
from twin_data.contracts.labels import AnswerLabel, Preference, SentenceLabel, StoredLabel
from twin_eval.storage import append_lines, complete_lines

LABELS_FILE = "labels.jsonl"
Label = SentenceLabel | AnswerLabel | Preference
_LABEL: TypeAdapter[Label] = TypeAdapter(StoredLabel)


_SAID = {"label", "in_voice", "preferred", "first", "note"}
"""What a labeller says; the other fields say of what, when and where. `preferred` depends on which is `first`."""


@dataclass(frozen=True)
class Added:
    """What became of rows that were to be added; their sum is all of them."""

    new: int = 0
    superseding: int = 0
    """Replace what the same labeller had said of the same thing."""
    older: int = 0
    """Kept, but the same labeller has said something later."""
    known: int = 0
    """There already, or the same said again at another time."""


def read_labels(persona_folder: Path) -> tuple[Label, ...]:
    """Every label ever given, in the order of their arrival.

    Raises:
        IntegrityError: The file is damaged.
    """
    path, found = persona_folder / LABELS_FILE, []
    for number, line in enumerate(complete_lines(path), start=1):
        try:
            found.append(_LABEL.validate_json(line))
        except ValidationError as error:
            raise IntegrityError(
                f"{path}:{number} is not a label", next_step=f"delete that line of {path}; the others stay as they are"
            ) from error
    return tuple(found)


def current(labels: Iterable[Label]) -> tuple[Label, ...]:
    """What each labeller says last of each thing, by the labels' own dates; of one date the later row."""
    newest: dict[tuple[str, str], Label] = {}
    for one in labels:
        key = (one.labeller, one.item)
        if key not in newest or one.labelled_at >= newest[key].labelled_at:
            newest[key] = one
    return tuple(newest.values())


def add_labels(persona_folder: Path, rows: Sequence[Label]) -> Added:
    """Append what is not there yet. Adding the same rows again changes nothing.

    Raises:
        IntegrityError: The file of labels is damaged.
        EvaluationError: Another command is writing it.
        StoreError: It cannot be written.
    """
    counts = {"new": 0, "superseding": 0, "older": 0, "known": 0}
    with append_lines(persona_folder / LABELS_FILE) as lines:
        kept = read_labels(persona_folder)
        digests = {digest_value(one) for one in kept}
        newest = {(one.labeller, one.item): one for one in current(kept)}
        for row in rows:
            key = (row.labeller, row.item)
            former = newest.get(key)
            if (digest := digest_value(row)) in digests:
                counts["known"] += 1
                continue
            counts[_what(row, former)] += 1
            lines.append(row.model_dump_json())  # also what was said before: its date counts against a third label's
            digests.add(digest)
            if former is None or row.labelled_at >= former.labelled_at:
                newest[key] = row
    return Added(**counts)


def _what(row: Label, former: Label | None) -> str:
    if former is None:
        return "new"
    if _said(row) == _said(former):
        return "known"
    return "superseding" if row.labelled_at >= former.labelled_at else "older"


def _said(row: Label) -> dict[str, object]:
    return row.model_dump(include=set(type(row).model_fields) & _SAID)
