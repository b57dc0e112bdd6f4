"""How far the trained policy prefers the chosen side of pairs it was never trained on."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from trl.trainer.utils import use_adapter

REFERENCE_ADAPTER = "ref"
"""TRL's name for its frozen copy of the adapter that DPO starts with."""


def held_out_margins(trainer: Any) -> tuple[float, ...]:
    """Implicit reward of the chosen side minus that of the rejected one, for each held-out pair in order.

    The reward is `beta * (log p_policy - log p_reference)` of the answer's tokens (Rafailov et al. 2023), surplus
    tokens weighted as in training. Both come out of the same forward pass, so that rounding favours neither.
    """
    policy, reference = trainer.model_wrapped, trainer.ref_model or trainer.model_wrapped
    policy.eval()
    margins: list[float] = []
    for batch in trainer.get_eval_dataloader():
        chosen, rejected = _log_probabilities(trainer, policy, batch)
        with _as_reference(trainer):
            chosen_before, rejected_before = _log_probabilities(trainer, reference, batch)
        margin = trainer.beta * ((chosen - chosen_before) - (rejected - rejected_before))
        margins.extend(trainer.accelerator.gather_for_metrics(margin).float().cpu().tolist())
    return tuple(round(margin, 6) for margin in margins)


def _as_reference(trainer: Any) -> AbstractContextManager[Any]:
    """The policy with the adapter it started with, or with none; nothing to do for a reference of its own."""
    if trainer.ref_model is not None:
        return nullcontext()
    model = trainer.accelerator.unwrap_model(trainer.model)
    context: AbstractContextManager[Any] = use_adapter(
        model, adapter_name=REFERENCE_ADAPTER if REFERENCE_ADAPTER in model.peft_config else None
    )
    return context


def _log_probabilities(trainer: Any, model: Any, batch: dict[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """Log-probabilities of both sides, shape (B,) each; the batch holds the chosen sides, then the rejected ones."""
    labels = batch["input_ids"].masked_fill(batch["completion_mask"] == 0, -100)
    with torch.no_grad(), trainer.compute_loss_context_manager():
        tokens = model(
            input_ids=batch["input_ids"],
            attention_mask=batch["attention_mask"],
            labels=labels,
            use_cache=False,
            fused_lm_head=True,
        ).log_probs
    weights = answer_weights(batch["completion_mask"][..., 1:], trainer.ld_alpha)
    chosen, rejected = (tokens.float() * weights).sum(dim=1).chunk(2, dim=0)
    return chosen, rejected


def answer_weights(mask: torch.Tensor, surplus_weight: float | None) -> torch.Tensor:
    """Weights of tokens, shape (2B, T): 1 within the length that both sides have, `surplus_weight` beyond (LD-DPO)."""
    if surplus_weight is None:
        return torch.ones_like(mask, dtype=torch.float32)
    chosen, rejected = mask.sum(dim=1).chunk(2, dim=0)
    shared = torch.minimum(chosen, rejected).repeat(2).unsqueeze(1)
    surplus = (mask > 0) & (mask.cumsum(dim=1) > shared)
    return torch.where(surplus, surplus_weight, 1.0)
