"""What the readers of files with many records share: JSON and CSV rows, and their columns."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from twin_data.contracts.digests import digest_value
from twin_data.sources.reader import RecordIds, Skipped, Unreadable
from twin_data.sources.text import fold, normalise_newlines

Record = Mapping[str, object]
# An escaped backslash and a whole pair are passed over, so that what is left is half a pair.
_HALF_PAIR = re.compile(
    r"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)


def _finite(number: str) -> float | None:
    value = float(number)
    return value if math.isfinite(value) else None


# Python and pandas write `NaN` and `Infinity`, which are no JSON and have no digest: nothing is said there.
_DECODER = json.JSONDecoder(parse_float=_finite, parse_constant=lambda _: None)


def json_value(text: str) -> object:
    """The value of a JSON text; numbers that are none are null.

    Raises:
        ValueError: It is not JSON, or nested too deeply.
    """
    try:
        return _DECODER.decode(_whole_characters(text))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _whole_characters(json_text: str) -> str:
    """JSON in which half an emoji, as programs leave that cut texts by length, is U+FFFD: it is no character."""
    return _HALF_PAIR.sub(lambda found: "\\ufffd" if found["half"] else found[0], json_text)


def json_values(text: str, path: Path) -> list[object]:
    """The JSON values of a file, one or several in a row (`gh api --paginate` writes one array a page).

    Raises:
        Unreadable: It is not JSON.
    """
    text = _whole_characters(text)
    values, at = list[object](), 0
    try:
        while at < len(text):
            if text[at].isspace():
                at += 1
                continue
            value, at = _DECODER.raw_decode(text, at)
            values.append(value)
    except json.JSONDecodeError as error:
        raise Unreadable(path, f"not_json: line {error.lineno}: {error.msg}") from error
    except RecursionError as error:
        raise Unreadable(path, "not_json: nested too deeply") from error
    except ValueError as error:  # Python reads no whole numbers of thousands of digits
        raise Unreadable(path, "not_json: a number too long") from error
    return values


def json_records(text: str, path: Path) -> list[Record]:
    """The objects of a JSON file, out of whatever arrays they are in."""
    found: list[Record] = []
    waiting = json_values(text, path)[::-1]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting.extend(reversed(value))
        elif isinstance(value, dict):
            found.append(value)
    return found


@dataclass(frozen=True)
class Table:
    """A CSV file's columns, and its rows by column name.

    Attributes:
        columns: The names in its head.
        rows: Those that have no more cells than the head.
        torn: The lines, from 1, on which rows end that have more: a delimiter in them was not quoted, so that no cell
            of theirs can be trusted.
    """

    columns: tuple[str, ...]
    rows: tuple[dict[str, str], ...]
    torn: tuple[int, ...] = ()


def csv_table(text: str, path: Path, *, delimiter: str = ",", escape: str | None = None) -> Table:
    """The table in a CSV file; `escape` is the character that some exports put before a quotation mark.

    Raises:
        Unreadable: It is not CSV.
    """
    rows, torn = list[dict[str, str]](), list[int]()
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))  # Python's own limit is 128 KiB: a long article's
    try:
        # Lines end at line feeds only: other breaks, such as U+2028, belong to the text of a field.
        stream = io.StringIO(normalise_newlines(text), newline="\n")
        reader = csv.DictReader(stream, delimiter=delimiter, escapechar=escape, strict=True)
        for row in reader:
            if row.pop(None, None):  # where DictReader puts cells beyond the head
                torn.append(reader.line_num)
            else:
                rows.append({name: value or "" for name, value in row.items()})
    except csv.Error as error:
        raise Unreadable(path, f"not_csv: line {reader.reader.line_num}: {error}") from error
    return Table(tuple(reader.fieldnames or ()), tuple(rows), tuple(torn))


def csv_records(text: str, path: Path, *, required: str, escape: str | None = None) -> tuple[dict[str, str], ...]:
    """The rows of a CSV file by column name.

    Raises:
        Unreadable: It is not CSV, or has no column of the `required` name.
    """
    table = csv_table(text, path, escape=escape)
    if required not in table.columns:
        raise Unreadable(path, f"unknown_format: no column {required!r}")
    return table.rows


def text_field(record: Record, *names: str) -> str | None:
    """The first of these fields that holds text, or a number, on one line."""
    for name in names:
        value = record.get(name)
        if isinstance(value, (str, int, float)) and not isinstance(value, bool) and (text := fold(str(value))):
            return text
    return None


def person_field(record: Record, *names: str) -> str | None:
    """The first of these fields that names somebody: as text, as a number, or as an object with a name.

    Of a list that names several, all of them joined, which names nobody's sole work.
    """
    for name in names:
        value = record.get(name)
        people = [_person(one) for one in (value if isinstance(value, list) else [value])]
        if named := [one for one in people if one]:
            return ", ".join(named)
    return None


def _person(value: object) -> str | None:
    if isinstance(value, Mapping):
        return text_field(value, "login", "name", "id")
    return text_field({"": value}, "")


def claim_id(ids: RecordIds, wanted: str | None, record: object, path: Path) -> str | Skipped:
    """The record's id, or the note that this very record stood in the file before."""
    digest = digest_value(record)
    claimed = ids.claim(wanted, digest)
    return claimed or Skipped(path=path, reason="repeated_record", part=wanted, digest=digest)
