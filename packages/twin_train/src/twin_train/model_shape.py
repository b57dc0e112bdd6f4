"""The numbers of a model that memory and time depend on, from its `config.json` alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from twin_data.contracts.base import Contract
from twin_data.contracts.errors import ModelError


class ModelShape(Contract):
    """A decoder with gated feed-forward layers, as Llama, Qwen and Mistral are."""

    hidden: int
    intermediate: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    vocabulary: int
    tied: bool
    """Whether the output layer shares the embedding's weights."""

    @property
    def linear_layers(self) -> dict[str, tuple[int, int]]:
        """Inputs and outputs of each linear layer of one block, by the name that adapters target."""
        queries, keys = self.heads * self.head_dim, self.kv_heads * self.head_dim
        return {
            "q_proj": (self.hidden, queries),
            "k_proj": (self.hidden, keys),
            "v_proj": (self.hidden, keys),
            "o_proj": (queries, self.hidden),
            "gate_proj": (self.hidden, self.intermediate),
            "up_proj": (self.hidden, self.intermediate),
            "down_proj": (self.intermediate, self.hidden),
        }

    @property
    def block_parameters(self) -> int:
        """Weights of all blocks, without the norms' few."""
        return self.layers * sum(inputs * outputs for inputs, outputs in self.linear_layers.values())

    @property
    def parameters(self) -> int:
        """All weights, without the norms' few."""
        return self.block_parameters + self.vocabulary * self.hidden * (1 if self.tied else 2)

    def adapter_parameters(self, r: int, targets: str | tuple[str, ...]) -> int:
        """Weights of a LoRA adapter of rank `r`."""
        chosen = self.linear_layers if isinstance(targets, str) else targets
        return self.layers * r * sum(sum(self.linear_layers.get(name, (0, 0))) for name in chosen)


KNOWN = {
    "Qwen/Qwen3-8B": ModelShape(
        hidden=4096, intermediate=12288, layers=36, heads=32, kv_heads=8, head_dim=128, vocabulary=151936, tied=False
    ),
    "meta-llama/Llama-3.1-8B-Instruct": ModelShape(
        hidden=4096, intermediate=14336, layers=32, heads=32, kv_heads=8, head_dim=128, vocabulary=128256, tied=False
    ),
    "mistralai/Ministral-8B-Instruct-2410": ModelShape(
        hidden=4096, intermediate=12288, layers=36, heads=32, kv_heads=8, head_dim=128, vocabulary=131072, tied=False
    ),
}
"""Hub models that a forecast can be made for before they are fetched."""


def read_shape(folder: Path) -> ModelShape:
    """The shape of a model on this machine.

    Raises:
        ModelError: Its configuration is missing or lacks a number.
    """
    path = folder / "config.json"
    try:
        return shape_of(json.loads(path.read_text("utf-8")))
    except (FileNotFoundError, ValueError, KeyError) as error:
        raise ModelError(
            f"{path} does not describe a model: {error!r}", next_step="set another base_model.source in the recipe"
        ) from error


def known_shape(source: str) -> ModelShape | None:
    """The shape of a hub model that need not be on this machine; None if it is not in the table."""
    return KNOWN.get(source)


def shape_of(config: dict[str, Any]) -> ModelShape:
    """The shape that a `config.json` describes.

    Raises:
        KeyError: A number is missing.
    """
    config = config.get("text_config", config)
    heads, hidden = int(config["num_attention_heads"]), int(config["hidden_size"])
    return ModelShape(
        hidden=hidden,
        intermediate=int(config["intermediate_size"]),
        layers=int(config["num_hidden_layers"]),
        heads=heads,
        kv_heads=int(config.get("num_key_value_heads") or heads),
        head_dim=int(config.get("head_dim") or hidden // heads),
        vocabulary=int(config["vocab_size"]),
        tied=bool(config.get("tie_word_embeddings", False)),
    )
