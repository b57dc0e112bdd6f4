"""A plugin of vLLM: LoRA on its CPU backend by one matrix product an adapter instead of one for each token.

vLLM 0.32's torch operators copy the adapter's weights once for every token of the batch, in float32 and at the largest
rank that there is room for: some twenty gigabytes for one prompt of 700 tokens on a 135M model. Tokens of one
adapter can share its weights. The operators here do the same sums in the same precision; tokens without an adapter
(index -1) are left alone, where the originals take the last slot's weights for them.

Runs inside vLLM's own environment and processes; nothing of this project imports it.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch


def register() -> None:
    """Called by vLLM in each of its processes before a model is loaded."""
    from vllm.lora.ops.torch_ops import lora_ops
    from vllm.lora.punica_wrapper import punica_cpu

    for operator in (bgmv_shrink, bgmv_expand, bgmv_expand_slice):
        for module in (lora_ops, punica_cpu):
            if not hasattr(module, operator.__name__):
                raise RuntimeError(f"{module.__name__} has no {operator.__name__}: this vLLM needs another plugin")
            setattr(module, operator.__name__, operator)


def bgmv_shrink(
    inputs: torch.Tensor,
    lora_b_weights: torch.Tensor,
    output_tensor: torch.Tensor,
    lora_indices_tensor: torch.Tensor,
    scaling: float = 1.0,
) -> None:
    """`output[t] = scaling * A[adapter of t] @ inputs[t]`.

    Args:
        inputs: Shape (T, in).
        lora_b_weights: A of every slot, shape (slots, r, in) or (slots, 1, r, in).
        output_tensor: Shape (T, r), overwritten.
        lora_indices_tensor: Slot of each token, shape (T,); -1 for none.
        scaling: Of the update.
    """
    weights = _slots(lora_b_weights)
    rank = weights.shape[1]
    output_tensor[:, :rank] = 0
    for slot, rows in _by_slot(lora_indices_tensor, inputs.shape[0]):
        product = _product(inputs[rows], weights[slot], output_tensor.dtype)
        output_tensor[rows, :rank] = scaling * product


def bgmv_expand(
    inputs: torch.Tensor,
    lora_b_weights: torch.Tensor,
    output_tensor: torch.Tensor,
    lora_indices_tensor: torch.Tensor,
    add_inputs: bool = True,
) -> None:
    """`output[t] += B[adapter of t] @ inputs[t]`, or `=` without `add_inputs`.

    Args:
        inputs: Shape (T, r).
        lora_b_weights: B of every slot, shape (slots, out, r) or (slots, 1, out, r).
        output_tensor: Shape (T, at least or at most out): adapter and model may be padded differently.
        lora_indices_tensor: Slot of each token, shape (T,); -1 for none.
        add_inputs: Whether the update is added to what is there.
    """
    width = min(_slots(lora_b_weights).shape[1], output_tensor.shape[1])
    bgmv_expand_slice(inputs, lora_b_weights, output_tensor, lora_indices_tensor, 0, width, add_inputs)


def bgmv_expand_slice(
    inputs: torch.Tensor,
    lora_b_weights: torch.Tensor,
    output_tensor: torch.Tensor,
    lora_indices_tensor: torch.Tensor,
    slice_offset: int,
    slice_size: int,
    add_inputs: bool = True,
) -> None:
    """The same into the columns `slice_offset` to `slice_offset + slice_size`."""
    weights = _slots(lora_b_weights)
    columns = slice(slice_offset, slice_offset + slice_size)
    if not add_inputs:
        output_tensor[:, columns] = 0
    tokens = min(inputs.shape[0], output_tensor.shape[0])
    for slot, rows in _by_slot(lora_indices_tensor, tokens):
        product = _product(inputs[rows], weights[slot], output_tensor.dtype)
        output_tensor[rows, columns] += product[:, :slice_size]


def _product(inputs: torch.Tensor, weight: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """`inputs @ weight.T`, shape (rows, weight's first dimension), in `dtype` as the originals do."""
    return inputs.to(dtype) @ weight.to(dtype).T


def _slots(weights: torch.Tensor) -> torch.Tensor:
    return weights.squeeze(dim=1) if weights.dim() == 4 else weights


def _by_slot(indices: torch.Tensor, tokens: int) -> Iterator[tuple[int, slice | torch.Tensor]]:
    """Each slot in use and the tokens that use it; a plain slice where all of them do."""
    indices = indices[:tokens]
    slots = torch.unique(indices).tolist()
    for slot in slots:
        if slot >= 0:
            whole = len(slots) == 1
            yield slot, slice(0, indices.shape[0]) if whole else (indices == slot).nonzero(as_tuple=True)[0]
