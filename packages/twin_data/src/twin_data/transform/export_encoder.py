"""Turn a sentence-transformers model into the one ONNX graph that index and query share."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import AutoModel, AutoTokenizer

from twin_data.contracts.errors import ModelError
from twin_data.scoring.encoder import (
    MODEL_FILE,
    PIECES_OUTPUT,
    SENTENCE_OUTPUT,
    TOKENIZER_FILE,
    write_model_manifest,
)
from twin_data.transform.embedding_model import EmbeddingModelConfig

OPSET = 18


class _PooledEncoder(nn.Module):
    """Mean pooling over the tokens that are not padding, then unit length (Reimers and Gurevych, 2019)."""

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        """(B, T) ids and mask to unit vectors of the texts (B, D) and of their pieces (B, T, D)."""
        hidden = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state  # B, T, D
        mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
        pooled = (hidden * mask).sum(1) / mask.sum(1).clamp(min=1e-9)
        return nn.functional.normalize(pooled, dim=-1), nn.functional.normalize(hidden, dim=-1)


def export_encoder(folder: Path, config: EmbeddingModelConfig) -> None:
    """Export the model of `config` into an empty folder, its manifest last.

    Raises:
        ModelError: The source holds no model.
    """
    location = _locate(config.source)
    try:
        tokenizer = AutoTokenizer.from_pretrained(location)
        encoder = AutoModel.from_pretrained(location, dtype=torch.float32, attn_implementation="eager")
    except (OSError, ValueError) as error:
        raise ModelError(
            f"embedding model {config.source!r} cannot be loaded: {error}",
            next_step="set features.embedding.source in the recipe to package:MODULE, a local folder or a hub id",
        ) from error
    tokenizer.backend_tokenizer.save(str(folder / TOKENIZER_FILE))
    sample = tokenizer(["a tide table", "two clocks must agree"], padding=True, return_tensors="pt")
    program = torch.onnx.export(
        _PooledEncoder(encoder).eval(),
        (sample["input_ids"], sample["attention_mask"]),
        dynamo=True,
        opset_version=OPSET,
        input_names=["input_ids", "attention_mask"],
        output_names=[SENTENCE_OUTPUT, PIECES_OUTPUT],
        dynamic_shapes=({0: "batch", 1: "length"}, {0: "batch", 1: "length"}),
        verbose=False,
    )
    if program is None:
        raise ModelError(
            f"embedding model {config.source!r} could not be exported", next_step="report this with the model's name"
        )
    program.save(str(folder / MODEL_FILE))
    write_model_manifest(
        folder,
        name=config.name,
        source=config.source,
        licence=config.licence,
        dimensions=encoder.config.hidden_size,
        max_tokens=config.max_tokens,
    )


def _locate(source: str) -> str:
    """The folder or hub id behind a model source."""
    if not source.startswith("package:"):
        return source
    module = source.removeprefix("package:")
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise ModelError(f"package {module!r} is not installed", next_step="make setup")
    root = Path(spec.origin).parent
    configs = sorted(root.rglob("config.json"), key=lambda path: len(path.parts))
    found = next((path for path in configs if "model_type" in json.loads(path.read_text("utf-8"))), None)
    if found is None:
        raise ModelError(f"package {module!r} holds no model", next_step="name another source in the recipe")
    return str(found.parent)
