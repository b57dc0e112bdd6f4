"""Attention over packed rows on the CPU: each row by itself, causally, with no mask.

A mask of a packed sequence keeps SDPA on the CPU from its fused kernel, and most of what it then computes is masked
out. Rows are told apart by their position ids, which begin anew with each; padding, at the right of a batch of pairs,
is seen by nobody before it.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.nn.functional import scaled_dot_product_attention

NAME = "row_by_row"


def row_by_row(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    *,
    position_ids: torch.Tensor,
    scaling: float | None = None,
    **_: Any,
) -> tuple[torch.Tensor, None]:
    """Causal attention within each row.

    Args:
        module: The layer; its key and value heads may be fewer than its query heads.
        query: Shape (B, H, T, D).
        key: Shape (B, H / G, T, D).
        value: Shape (B, H / G, T, D).
        attention_mask: None: implementations that transformers does not know get no mask.
        position_ids: Shape (1 or B, T). Several rows in one sequence only where B is 1.
        scaling: Of the products; None is one over the root of D.

    Returns:
        Shape (B, T, H, D), and no weights.
    """
    assert attention_mask is None
    groups = getattr(module, "num_key_value_groups", 1)
    if groups > 1:
        key, value = key.repeat_interleave(groups, dim=1), value.repeat_interleave(groups, dim=1)
    ends = row_ends(position_ids[0], query.shape[0])
    parts = zip(*(tensor.tensor_split(ends, dim=2) for tensor in (query, key, value)), strict=True)
    seen = [scaled_dot_product_attention(q, k, v, is_causal=True, scale=scaling) for q, k, v in parts]
    return torch.cat(seen, dim=2).transpose(1, 2).contiguous(), None


def row_ends(positions: torch.Tensor, batch: int) -> list[int]:
    """Where a row ends and another begins; empty if there is one row only."""
    ends = [int(at) for at in (positions[1:] == 0).nonzero()[:, 0] + 1]
    assert batch == 1 or not ends, "several sequences of several rows"
    return ends


def register() -> str:
    """Make the implementation known to transformers; returns its name."""
    from transformers import AttentionInterface

    AttentionInterface.register(NAME, row_by_row)
    return NAME
