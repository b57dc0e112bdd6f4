"""The plugin's operators against the plain definition, token by token."""

from __future__ import annotations

import importlib.util
from importlib.metadata import Distribution
from types import ModuleType

import pytest
import torch

from twin_serve.llm.vllm_command import CPU_PLUGINS

SLOTS, RANK, WIDTH_IN, WIDTH_OUT = 3, 4, 6, 5


@pytest.fixture(scope="module")
def plugin() -> ModuleType:
    spec = importlib.util.spec_from_file_location("twin_cpu_lora", CPU_PLUGINS / "twin_cpu_lora.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def weights() -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    a = torch.randn(SLOTS, 1, RANK, WIDTH_IN).to(torch.bfloat16)
    b = torch.randn(SLOTS, 1, WIDTH_OUT, RANK).to(torch.bfloat16)
    return a, b


@pytest.mark.parametrize("indices", [[0, 0, 0, 0], [2, -1, 0, 2], [-1, -1, -1, -1], [1]])
def test_each_token_gets_its_own_adapter_and_some_get_none(
    plugin: ModuleType, weights: tuple[torch.Tensor, torch.Tensor], indices: list[int]
) -> None:
    a, b = weights
    x = torch.randn(len(indices), WIDTH_IN).to(torch.bfloat16)
    slots = torch.tensor(indices)
    low = torch.full((len(indices), RANK), 7.0)
    plugin.bgmv_shrink(x, a, low, slots, 0.5)
    y = torch.ones(len(indices), WIDTH_OUT + 2)
    plugin.bgmv_expand_slice(low, b, y, slots, 1, WIDTH_OUT, True)
    for at, slot in enumerate(indices):
        wanted_low = 0.5 * (a[slot, 0].float() @ x[at].float()) if slot >= 0 else torch.zeros(RANK)
        added = b[slot, 0].float() @ wanted_low if slot >= 0 else torch.zeros(WIDTH_OUT)
        assert torch.allclose(low[at], wanted_low, atol=1e-5)
        assert torch.allclose(y[at, 1 : WIDTH_OUT + 1], 1 + added, atol=1e-4)
        assert y[at, 0] == y[at, -1] == 1


def test_an_output_may_be_narrower_than_the_adapter_and_be_overwritten(
    plugin: ModuleType, weights: tuple[torch.Tensor, torch.Tensor]
) -> None:
    _, b = weights
    low, y = torch.randn(2, RANK), torch.full((2, WIDTH_OUT - 1), 9.0)
    plugin.bgmv_expand(low, b, y, torch.tensor([1, -1]), False)
    assert torch.allclose(y[0], (b[1, 0].float() @ low[0])[: WIDTH_OUT - 1], atol=1e-4)
    assert torch.equal(y[1], torch.zeros(WIDTH_OUT - 1))


def test_vllm_finds_the_plugin_by_its_entry_point() -> None:
    found = Distribution.at(CPU_PLUGINS / "twin_cpu_lora-1.0.dist-info").entry_points
    (point,) = [one for one in found if one.group == "vllm.general_plugins"]
    assert point.value == "twin_cpu_lora:register"
