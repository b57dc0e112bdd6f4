"""Base models on this machine: `models/base-<name>`, named by a digest that is checked when files have changed."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from twin_data.contracts.base import Contract
from twin_data.contracts.digests import digest_folder
from twin_data.contracts.errors import IntegrityError, ModelError
from twin_data.contracts.releases import ModelReference
from twin_data.registry.durable import write_file
from twin_data.registry.safety import refuse_unsafe_files

MANIFEST_FILE = "manifest.json"
SETUP = "run `twin features PERSONA`, which prepares it"

FileStamp = tuple[str, int, int]
"""Relative name, size in bytes, time of the last change in nanoseconds."""


class ModelManifest(Contract):
    """`manifest.json` of a base model; written last, so that its presence means complete."""

    reference: ModelReference
    location: Path | None = None
    """Where the files are, if not beside the manifest: a folder of the user's."""


class Verification(Contract):
    """That a folder's files had this digest while they looked like this."""

    digest: str
    files: tuple[FileStamp, ...]


@dataclass(frozen=True)
class BaseModel:
    """A base model whose files are known to be those of its digest."""

    folder: Path
    reference: ModelReference


def base_model_folder(models: Path, name: str) -> Path:
    """The folder of a base model's manifest below the cache of models; it need not exist yet."""
    return models / f"base-{name.lower()}"


def read_base_model(models: Path, name: str) -> BaseModel:
    """A base model of the cache, checked against its manifest.

    Files are read again only if one of them has another size or time than when they were last checked.

    Raises:
        ModelError: It is not in the cache.
        IntegrityError: Its files are not those of the manifest, or hold code or pickles.
    """
    return check_model(base_model_folder(models, name))


def check_model(folder: Path) -> BaseModel:
    """The model whose manifest lies in `folder`; see `read_base_model`."""
    path = folder / MANIFEST_FILE
    if not path.is_file():
        raise ModelError(f"there is no model in {folder}", next_step=SETUP)
    try:
        manifest = ModelManifest.model_validate(_known_fields(path))
    except (ValidationError, ValueError) as error:
        raise IntegrityError(f"{path} is not a model's manifest", next_step=f"delete {folder}; {SETUP}") from error
    files = manifest.location or folder
    if not files.is_dir():
        raise ModelError(f"{path} says that the model is in {files}: not there", next_step="restore that folder")
    refuse_unsafe_files(files)
    _check_digest(folder, files, manifest.reference)
    return BaseModel(files, manifest.reference)


def record_location(folder: Path, reference: ModelReference, location: Path) -> None:
    """Name the model in the user's folder `location` by a manifest in `folder`."""
    manifest = ModelManifest(reference=reference, location=location)
    write_file(folder / MANIFEST_FILE, (manifest.model_dump_json(indent=2) + "\n").encode())


def model_digest(files: Path) -> str:
    """Digest of a model's files, without the manifest that states it."""
    return digest_folder(files, ignore=frozenset({MANIFEST_FILE}))


def _known_fields(path: Path) -> dict[str, object]:
    body = json.loads(path.read_text("utf-8"))
    return {name: body[name] for name in ModelManifest.model_fields if name in body}


def _check_digest(folder: Path, files: Path, reference: ModelReference) -> None:
    stamps = tuple(stamp for stamp in file_stamps(files) if Path(stamp[0]).name != MANIFEST_FILE)
    record = folder.parent / f".{folder.name}.verified.json"
    if _read_verification(record) == Verification(digest=reference.digest, files=stamps):
        return
    if (found := model_digest(files)) != reference.digest:
        raise IntegrityError(
            f"the files in {files} have digest {found[:12]}, the manifest says {reference.digest[:12]}",
            next_step=f"restore the files, or delete {folder} and {SETUP}",
        )
    if os.access(folder.parent, os.W_OK):  # a shared cache may be read-only; then each start reads the files
        write_file(record, Verification(digest=reference.digest, files=stamps).model_dump_json().encode())


def _read_verification(record: Path) -> Verification | None:
    try:
        return Verification.model_validate_json(record.read_text("utf-8"))
    except (FileNotFoundError, ValidationError):
        return None  # never checked, or by another version of this code: check again


def file_stamps(files: Path) -> list[FileStamp]:
    """What files look like without reading them; a folder that is not there has none."""
    paths = sorted(path for path in files.rglob("*") if path.is_file())
    return [(path.relative_to(files).as_posix(), *_size_and_time(path)) for path in paths]


def _size_and_time(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns
