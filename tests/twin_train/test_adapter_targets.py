from __future__ import annotations

from pathlib import Path

import pytest

from twin_data.contracts.errors import ModelError
from twin_train.adapter_targets import check_targets, matrices
from twin_train.configuration import LoraSettings


def test_a_layer_that_the_model_does_not_have_is_named_with_the_nearest(tiny_model: Path) -> None:
    """PEFT would put the adapter on `q_proj` alone and say nothing."""
    with pytest.raises(ModelError, match="names 'vproj', and the model in .* has no such layer") as refused:
        check_targets(tiny_model, LoraSettings(target_modules=("q_proj", "vproj")))
    assert refused.value.next_step.startswith("did you mean 'v_proj'? It has down_proj, embed_tokens, gate_proj,")


@pytest.mark.parametrize("targets", ["all-linear", ("q_proj", "down_proj"), ("self_attn.q_proj",)])
def test_layers_that_it_has_are_taken(tiny_model: Path, targets: str | tuple[str, ...]) -> None:
    check_targets(tiny_model, LoraSettings.model_validate({"target_modules": targets}))
    check_targets(tiny_model, None)


@pytest.mark.parametrize("target", ["proj", "input_layernorm", "norm"])
def test_parts_of_names_and_norms_are_no_layers(tiny_model: Path, target: str) -> None:
    with pytest.raises(ModelError, match="no such layer"):
        check_targets(tiny_model, LoraSettings(target_modules=(target,)))


def test_matrices_are_read_of_the_files_heads(tiny_model: Path) -> None:
    found = matrices(tiny_model)
    assert len(found) == 1 + 3 * 7 and "model.layers.2.mlp.up_proj" in found and "model.norm" not in found
