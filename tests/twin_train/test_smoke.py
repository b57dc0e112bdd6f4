from __future__ import annotations

from pathlib import Path

import pytest

from twin_train.base_models import BaseModelConfig, ensure_base_model
from twin_train.examples import encode, load_tokenizer
from twin_train.model_shape import read_shape

NORMS = 13 * 64
"""Weights of the norms, which a shape leaves out."""


@pytest.mark.integration
def test_the_smoke_model_is_built_once_and_can_be_trained_and_served(tmp_path: Path) -> None:
    from safetensors import safe_open

    said: list[str] = []
    config = BaseModelConfig(source="smoke", name="smoke", licence="Apache-2.0")
    folder, reference = ensure_base_model(tmp_path, config, said.append)
    assert ensure_base_model(tmp_path, config, said.append) == (folder, reference)
    assert said == ["building the smoke model, once"]
    shape = read_shape(folder)
    assert 3.5e6 < shape.parameters < 4.5e6
    assert shape.head_dim in {32, 64, 128}  # sizes that vLLM has kernels for on a CPU
    with safe_open(folder / "model.safetensors", "np") as weights:
        sizes = [weights.get_slice(name).get_shape() for name in weights.keys()]
    assert sum(size[0] * (size[1] if len(size) > 1 else 1) for size in sizes) == shape.parameters + NORMS
    tokenizer = load_tokenizer(folder)
    row = encode(tokenizer, [{"role": "user", "content": "Hello"}], [{"role": "assistant", "content": "Good day"}])
    assert "Good day" in str(tokenizer.decode(list(row.input_ids[row.completion_start :])))
