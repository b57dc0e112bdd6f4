from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from twin_train.worker.attention import row_by_row, row_ends

HEADS, KV_HEADS, WIDTH = 4, 2, 8


class Layer(torch.nn.Module):
    num_key_value_groups = HEADS // KV_HEADS


def tensors(batch: int, length: int, *, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    draw = torch.Generator().manual_seed(seed)
    shapes = [(batch, heads, length, WIDTH) for heads in (HEADS, KV_HEADS, KV_HEADS)]
    query, key, value = (torch.randn(shape, generator=draw) for shape in shapes)
    return query, key, value


def masked(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, rows: torch.Tensor, scaling: float
) -> torch.Tensor:
    """The same by the book: all products, those of other rows and of later tokens masked out."""
    key, value = (one.repeat_interleave(HEADS // KV_HEADS, dim=1) for one in (key, value))
    length = query.shape[2]
    allowed = torch.ones(length, length, dtype=torch.bool).tril() & (rows[:, None] == rows[None, :])
    products = (query @ key.transpose(2, 3) * scaling).masked_fill(~allowed, -torch.inf)
    return (products.softmax(-1) @ value).transpose(1, 2)


@settings(deadline=None, max_examples=30)
@given(lengths=st.lists(st.integers(1, 9), min_size=1, max_size=5), seed=st.integers(0, 99))
def test_each_row_sees_its_own_past_only(lengths: list[int], seed: int) -> None:
    query, key, value = tensors(1, sum(lengths), seed=seed)
    positions = torch.cat([torch.arange(length) for length in lengths])[None]
    rows = torch.cat([torch.full((length,), at) for at, length in enumerate(lengths)])
    made, weights = row_by_row(Layer(), query, key, value, None, position_ids=positions, scaling=0.3)
    assert weights is None
    torch.testing.assert_close(made, masked(query, key, value, rows, 0.3))


def test_padding_at_the_right_changes_nothing_before_it() -> None:
    query, key, value = tensors(2, 7)
    positions = torch.arange(7)[None]
    whole, _ = row_by_row(Layer(), query, key, value, None, position_ids=positions)
    other = key.clone()
    other[1, :, 5:] += 100
    padded, _ = row_by_row(Layer(), query, other, value, None, position_ids=positions)
    torch.testing.assert_close(padded[1, :5], whole[1, :5])


def test_a_batch_of_packed_sequences_is_refused() -> None:
    with pytest.raises(AssertionError, match="several rows"):
        row_ends(torch.tensor([0, 1, 0, 1]), batch=2)
