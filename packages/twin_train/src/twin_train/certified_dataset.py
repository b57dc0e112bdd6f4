"""Datasets as training receives them: with a certificate that was passed, and unchanged since."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from twin_data.contracts.datasets import DatasetCertificate, DatasetKind
from twin_data.contracts.digests import digest_file, short
from twin_data.contracts.errors import DatasetError

CERTIFICATE_FILE = "certificate.json"
FILES_FILE = "files.json"
TRAIN_FILE = "train.jsonl"
HELD_OUT_FILE = "held_out.jsonl"
REBUILD = "run `twin datasets PERSONA` (instructions) or `twin train PERSONA` (preferences): it builds and certifies it"

Row = dict[str, Any]
COLUMNS = {
    DatasetKind.INSTRUCTIONS: ("prompt", "completion"),
    DatasetKind.PREFERENCES: ("prompt", "chosen", "rejected"),
}


@dataclass(frozen=True)
class CertifiedDataset:
    """A dataset whose certificate was passed and whose files are unchanged."""

    folder: Path
    certificate: DatasetCertificate

    def train_rows(self) -> list[Row]:
        """Rows to train on, in the file's order."""
        return self._rows(TRAIN_FILE)

    def held_out_rows(self) -> list[Row]:
        """Rows that are watched only."""
        return self._rows(HELD_OUT_FILE)

    def _rows(self, name: str) -> list[Row]:
        path, columns = self.folder / name, COLUMNS[self.certificate.kind]
        rows = []
        # Not splitlines: a text may hold U+2028 and its like, which end no line of JSON.
        lines = path.read_text("utf-8").split("\n")
        for number, line in enumerate(lines[:-1] if lines[-1] == "" else lines, start=1):
            row = _parse(path, number, line)
            if missing := [column for column in columns if not _is_conversation(row.get(column))]:
                raise DatasetError(f"{path}:{number} has no messages in {', '.join(missing)}", next_step=REBUILD)
            rows.append({column: _plain(row[column]) for column in columns})
        return rows


def open_dataset(folder: Path, kind: DatasetKind) -> CertifiedDataset:
    """Read a dataset's certificate and hold its files against their digests.

    Raises:
        DatasetError: The certificate is missing, unreadable, of another kind or has a failed check; a file is missing
            or changed.
    """
    certificate = _read_certificate(folder)
    if certificate.kind is not kind:
        raise DatasetError(
            f"{folder} holds {certificate.kind}, this stage trains on {kind}", next_step=f"name a folder with {kind}"
        )
    if failed := [check for check in certificate.checks if not check.passed]:
        told = "; ".join(
            f"{one.name} is {one.value:g}, wanted {one.wanted}" + (f" ({one.detail})" if one.detail else "")
            for one in failed
        )
        raise DatasetError(f"the certificate of {folder} was not passed: {told}", next_step=REBUILD)
    if not certificate.checks:
        raise DatasetError(f"the certificate of {folder} states no check", next_step=REBUILD)
    _check_files(folder)
    return CertifiedDataset(folder, certificate)


def _read_certificate(folder: Path) -> DatasetCertificate:
    path = folder / CERTIFICATE_FILE
    try:
        return DatasetCertificate.model_validate_json(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise DatasetError(f"the dataset {folder} has no {CERTIFICATE_FILE}", next_step=REBUILD) from error
    except (ValidationError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path} is not a certificate: {error}", next_step=REBUILD) from error


def _check_files(folder: Path) -> None:
    path = folder / FILES_FILE
    try:
        digests = TypeAdapter(dict[str, str]).validate_json(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise DatasetError(f"the dataset {folder} has no {FILES_FILE}", next_step=REBUILD) from error
    except (ValidationError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path} is not a list of digests: {error}", next_step=REBUILD) from error
    for name in (TRAIN_FILE, HELD_OUT_FILE, CERTIFICATE_FILE):
        if name != CERTIFICATE_FILE and name not in digests:
            raise DatasetError(f"{path} does not name {name}", next_step=REBUILD)
        if not (folder / name).is_file():
            raise DatasetError(f"the dataset {folder} has no {name}", next_step=REBUILD)
        if name in digests and (found := digest_file(folder / name)) != digests[name]:
            raise DatasetError(
                f"{folder / name} was changed after its certificate: digest {short(found)}, not {short(digests[name])}",
                next_step=REBUILD,
            )


def _parse(path: Path, number: int, line: str) -> Row:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise DatasetError(f"{path}:{number} is not JSON: {error}", next_step=REBUILD) from error
    if not isinstance(row, dict):
        raise DatasetError(f"{path}:{number} is not an object", next_step=REBUILD)
    return row


def _is_conversation(value: object) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(one, dict) and {"role", "content"} <= one.keys() for one in value)
    )


def _plain(messages: list[Row]) -> list[Row]:
    return [{"role": str(one["role"]), "content": str(one["content"])} for one in messages]
