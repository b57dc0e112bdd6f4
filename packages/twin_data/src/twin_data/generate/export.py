"""A dataset as a plain folder: what TRL, LLaMA-Factory and axolotl read unchanged, whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twin_data.contracts.datasets import DatasetCertificate, DatasetVersion, Instruction, Preference, TeacherWording
from twin_data.contracts.digests import digest_bytes, digest_rows, short
from twin_data.contracts.errors import IntegrityError
from twin_data.generate.dataset_card import dataset_card
from twin_data.generate.loaders import (
    AXOLOTL_FILE,
    LLAMAFACTORY_FILE,
    MESSAGES_FOLDER,
    axolotl_config,
    llamafactory_info,
)
from twin_data.registry.durable import exclusive, new_folder

TRAIN_FILE, HELD_OUT_FILE = "train.jsonl", "held_out.jsonl"
CERTIFICATE_FILE, CARD_FILE = "certificate.json", "README.md"
WORDINGS_FILE = "wordings.jsonl"
"""What a teacher was asked and what it said; there only if one was."""
FILES_FILE = "files.json"
"""Names every other file with the SHA-256 of its bytes; written last."""


@dataclass(frozen=True)
class WrittenDataset:
    """A dataset's version and the folder that holds it."""

    version: DatasetVersion
    folder: Path


def write_dataset(
    root: Path,
    rows: Sequence[Instruction] | Sequence[Preference],
    certificate: DatasetCertificate,
    *,
    table_version: int,
    licence: str,
    wordings: Sequence[TeacherWording] = (),
) -> WrittenDataset:
    """Write a dataset to `<root>/<kind>-<digest>`; a folder that is there and undamaged is left as it is.

    Args:
        root: Folder of all datasets of a persona.
        rows: The rows that were certified.
        certificate: Their certificate, passed or not: a failed one is written too, so that it can be read.
        table_version: Version of the Delta table that holds the same rows.
        licence: Of the persona's material.
        wordings: What a teacher was asked.

    Raises:
        IntegrityError: The certificate is of other rows.
    """
    if (found := digest_rows(rows)) != certificate.dataset_digest:
        raise IntegrityError(
            f"the rows have digest {short(found)}, their certificate says {short(certificate.dataset_digest)}",
            next_step=f"twin datasets {certificate.persona}",
        )
    folder = root / f"{certificate.kind}-{short(certificate.dataset_digest)}"
    contents = _contents(rows, certificate, licence)
    if wordings:
        contents[WORDINGS_FILE] = "".join(
            f"{one.model_dump_json()}\n" for one in sorted(wordings, key=lambda one: one.question)
        ).encode()
    manifest = _json({name: digest_bytes(data) for name, data in sorted(contents.items())})
    with exclusive(root / f".{folder.name}.lock"):
        if not _is_same(folder, contents, manifest):
            with new_folder(folder) as beside:
                for name, data in contents.items():
                    (beside / name).parent.mkdir(parents=True, exist_ok=True)
                    (beside / name).write_bytes(data)
                (beside / FILES_FILE).write_bytes(manifest)
    version = DatasetVersion(
        persona=certificate.persona,
        kind=certificate.kind,
        digest=certificate.dataset_digest,
        rows=certificate.rows,
        held_out_rows=certificate.held_out_rows,
        table_version=table_version,
        passed=certificate.passed,
    )
    return WrittenDataset(version, folder)


def _is_same(folder: Path, contents: Mapping[str, bytes], manifest: bytes) -> bool:
    files = {**contents, FILES_FILE: manifest}
    return all((folder / name).is_file() and (folder / name).read_bytes() == data for name, data in files.items())


def _contents(
    rows: Sequence[Instruction] | Sequence[Preference], certificate: DatasetCertificate, licence: str
) -> dict[str, bytes]:
    train = [row for row in rows if not row.held_out]
    held_out = [row for row in rows if row.held_out]
    return {
        TRAIN_FILE: _lines(map(trl_record, train)),
        HELD_OUT_FILE: _lines(map(trl_record, held_out)),
        f"{MESSAGES_FOLDER}/{TRAIN_FILE}": _lines(map(messages_record, train)),
        f"{MESSAGES_FOLDER}/{HELD_OUT_FILE}": _lines(map(messages_record, held_out)),
        CERTIFICATE_FILE: _json(certificate.model_dump(mode="json")),
        CARD_FILE: dataset_card(rows, certificate, licence).encode(),
        LLAMAFACTORY_FILE: _json(llamafactory_info(certificate.kind)),
        AXOLOTL_FILE: axolotl_config(certificate.kind).encode(),
    }


def read_wordings(path: Path) -> tuple[TeacherWording, ...]:
    """What a teacher was asked and what it said, from a `wordings.jsonl`."""
    return tuple(TeacherWording.model_validate_json(line) for line in path.read_text("utf-8").split("\n") if line)


def trl_record(row: Instruction | Preference) -> dict[str, Any]:
    """A row as TRL's trainers take it: conversational prompt and completion, or prompt, chosen and rejected."""
    prompt = [turn.model_dump() for turn in row.prompt]
    if isinstance(row, Instruction):
        return {
            "id": row.instruction_id,
            "task": row.task,
            "prompt": prompt,
            "completion": [_assistant(row.response)],
        }
    return {
        "id": row.preference_id,
        "task": row.task,
        "reason": row.reason,
        "prompt": prompt,
        "chosen": [_assistant(row.chosen)],
        "rejected": [_assistant(row.rejected)],
    }


def messages_record(row: Instruction | Preference) -> dict[str, Any]:
    """A row in OpenAI's message form, which LLaMA-Factory and axolotl take."""
    prompt = [turn.model_dump() for turn in row.prompt]
    if isinstance(row, Instruction):
        return {"id": row.instruction_id, "messages": [*prompt, _assistant(row.response)]}
    return {
        "id": row.preference_id,
        "messages": prompt,
        "chosen": _assistant(row.chosen),
        "rejected": _assistant(row.rejected),
    }


def _assistant(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}


def _lines(records: Iterable[dict[str, Any]]) -> bytes:
    ordered = sorted(records, key=lambda record: str(record["id"]))
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in ordered).encode()


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()
