"""Whether a base model has the layers that an adapter is to be put on. PEFT is content if it has one of them."""

from __future__ import annotations

import difflib
from pathlib import Path

from twin_data.contracts.errors import ModelError
from twin_train.configuration import LoraSettings

WEIGHT = ".weight"


def check_targets(base_model: Path, lora: LoraSettings | None) -> None:
    """Refuse an adapter of which a named layer is not in the model: the rest would be trained, and nothing said.

    Args:
        base_model: Folder of the model; only the heads of its safetensors files are read.
        lora: The adapter's settings; None if every weight is trained.

    Raises:
        ModelError: Names the layer, the nearest that the model has, and all of them.
    """
    if lora is None or isinstance(lora.target_modules, str):
        return
    layers = matrices(base_model)
    for target in lora.target_modules:
        if not any(f".{layer}".endswith(f".{target}") for layer in layers):
            names = sorted({layer.rpartition(".")[2] for layer in layers})
            near = difflib.get_close_matches(target.rpartition(".")[2], names, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise ModelError(
                f"training.lora.target_modules names {target!r}, and the model in {base_model} has no such layer",
                next_step=f"{hint}It has {', '.join(names)}; correct the recipe, or write all-linear",
            )


def matrices(base_model: Path) -> tuple[str, ...]:
    """Full names of a model's layers with a matrix of weights, embeddings among them."""
    from safetensors import safe_open

    found = []
    for path in sorted(base_model.glob("*.safetensors")):
        with safe_open(path, framework="np") as tensors:
            names = [name for name in tensors.keys() if name.endswith(WEIGHT)]
            found += [name.removesuffix(WEIGHT) for name in names if len(tensors.get_slice(name).get_shape()) == 2]
    return tuple(found)
