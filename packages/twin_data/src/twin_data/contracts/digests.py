"""SHA-256 digests over canonical forms.

Canonical rows are sorted, carry no timestamps of the run, and round floats to six places, so that
the same material gives the same digest on any machine and in any order of arrival.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path

from pydantic import BaseModel

DIGEST_LENGTH_SHORT = 12
SOURCE_SUFFIXES = frozenset({".py", ".cpp", ".hpp", ".j2", ".json", ".txt"})


def _canonical(value: object) -> object:
    if isinstance(value, BaseModel):
        return _canonical(value.model_dump())
    if isinstance(value, Mapping):
        return {str(key): _canonical(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_canonical(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted((_canonical(item) for item in value), key=str)
    if isinstance(value, float):
        return round(value, 6) + 0.0  # + 0.0 turns -0.0 into 0.0
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, Path):
        return value.as_posix()
    return value


def canonical_json(value: object) -> str:
    """The canonical JSON of a value: sorted keys, no spaces, floats at six places."""
    return json.dumps(_canonical(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest_text(text: str) -> str:
    """SHA-256 of a text's UTF-8 bytes, in hexadecimal."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def digest_bytes(data: bytes) -> str:
    """SHA-256 of bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def digest_value(value: object) -> str:
    """SHA-256 of a value's canonical JSON."""
    return digest_text(canonical_json(value))


def digest_rows(rows: Iterable[object]) -> str:
    """SHA-256 over rows in any order: each row's canonical JSON, sorted."""
    hasher = hashlib.sha256()
    for line in sorted(canonical_json(row) for row in rows):
        hasher.update(line.encode("utf-8", "surrogatepass"))
        hasher.update(b"\n")
    return hasher.hexdigest()


def digest_file(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def digest_folder(folder: Path, *, ignore: frozenset[str] = frozenset()) -> str:
    """SHA-256 over the relative names and contents of every file below `folder`, except names in `ignore`."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name not in ignore)
    return digest_value([[path.relative_to(folder).as_posix(), digest_file(path)] for path in files])


def digest_sources(folder: Path) -> str:
    """SHA-256 over the source files below a folder: code, templates, and what code reads."""
    files = sorted(path for path in folder.rglob("*") if path.suffix in SOURCE_SUFFIXES)
    return digest_value([[path.relative_to(folder).as_posix(), path.read_text("utf-8")] for path in files])


def short(digest: str) -> str:
    """The first twelve hexadecimal digits, for names that people read."""
    return digest[:DIGEST_LENGTH_SHORT]
