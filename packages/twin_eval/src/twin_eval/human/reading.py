"""Rows of labels as somebody wrote or downloaded them: each is read, or named with what is wrong and what to change."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from twin_data.contracts.labels import AnswerLabel, BlindChoice, SentenceLabel
from twin_eval.errors import LabelsError
from twin_eval.row_problems import described, nearest, shown

Given = SentenceLabel | AnswerLabel | BlindChoice
EXAMPLE = (
    '{"kind": "sentence", "bundle": "…", "question": "…", "sentence": "…", "label": "supported", '
    '"labeller": "…", "labelled_at": "2026-01-31T12:00:00Z"}'
)
_MODELS: dict[str, type[Given]] = {"sentence": SentenceLabel, "answer": AnswerLabel, "choice": BlindChoice}


@dataclass(frozen=True)
class RowProblem:
    """What is wrong with one line, and what to change."""

    line: int
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}"


@dataclass(frozen=True)
class ReadRow:
    """A row and the line that it stands on."""

    line: int
    label: Given


@dataclass
class ReadLabels:
    """What a file held: every line that is not blank is in one of the two."""

    rows: list[ReadRow] = field(default_factory=list)
    problems: list[RowProblem] = field(default_factory=list)


def read_file(path: Path, *, labeller: str | None = None) -> ReadLabels:
    """The rows of a file of labels. Rows without a date carry the file's, so that reading it again gives the same.

    Args:
        path: JSON Lines.
        labeller: Of rows that name none.

    Raises:
        LabelsError: The file is missing, is no text, or holds no row.
    """
    if not path.is_file():
        raise LabelsError(f"{path} does not exist", next_step="name the file that the page's button has saved")
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise LabelsError(f"{path}: not UTF-8 at byte {error.start}", next_step="save the file as UTF-8") from error
    saved_at = datetime.fromtimestamp(int(path.stat().st_mtime), UTC)
    found = read_rows(text, labeller=labeller, undated=saved_at)
    if not found.rows and not found.problems:
        raise LabelsError(f"{path} holds no label", next_step=f"write one a line: {EXAMPLE}")
    return found


def read_rows(text: str, *, labeller: str | None, undated: datetime) -> ReadLabels:
    """The rows of a text; nothing in it can stop the reading of the others."""
    found = ReadLabels()
    for number, line in enumerate(text.split("\n"), start=1):  # not splitlines: U+2028 may stand inside a JSON string
        if not line.strip():
            continue
        row = _read(line, labeller, undated)
        if isinstance(row, str):
            found.problems.append(RowProblem(number, row))
        else:
            found.rows.append(ReadRow(number, row))
    return found


def _read(line: str, labeller: str | None, undated: datetime) -> Given | str:
    """The label of one line, or what is wrong with it."""
    try:
        values = json.loads(line)
    except json.JSONDecodeError as error:
        return f"not JSON at character {error.pos + 1}: {error.msg}; write one JSON object on one line"
    except (ValueError, RecursionError):  # a number of thousands of digits, brackets of thousands of levels
        return "not JSON that can be read: a number or a nesting is too long; write one plain JSON object"
    if not isinstance(values, dict):
        return f"a {type(values).__name__} where an object belongs: {shown(values)}; write {EXAMPLE}"
    kind = values.get("kind")
    if kind == "preference":
        return "kind: 'preference' is what a blind choice becomes here; add the rows of the page that `twin ab` makes"
    if not isinstance(kind, str) or kind not in _MODELS:
        return f"kind: unknown kind {shown(kind)}; {nearest(str(kind), list(_MODELS))}"
    if labeller is not None:
        values.setdefault("labeller", labeller)
    values.setdefault("labelled_at", undated.isoformat())
    return _validated(_MODELS[kind], values)


def _validated(model: type[Given], values: dict[str, object]) -> Given | str:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        return "; ".join(_problems(error, list(model.model_fields)))


def _problems(error: ValidationError, fields: Sequence[str]) -> list[str]:
    found = []
    for one in error.errors(include_url=False):
        if one["type"] == "missing" and one["loc"] == ("labeller",):
            found.append("the field 'labeller' is missing; add it, or give --labeller NAME")
        elif one["type"] == "value_error" and not one["loc"]:
            found.append(f"{one['ctx']['error']}; give at least one of the two")
        else:
            found.append(described(dict(one), fields))
    return found
