"""How far the trained policy prefers the chosen side of pairs it was never trained on."""

from __future__ import annotations

from typing import Any

import torch


def held_out_margins(trainer: Any) -> tuple[float, ...]:
    """Implicit reward of the chosen side minus that of the rejected one, for each held-out pair in order.

    The reward is `beta * (log p_policy - log p_reference)` of the answer's tokens (Rafailov et al. 2023), surplus
    tokens weighted as in training.
    """
    model = trainer.model_wrapped
    model.eval()
    margins: list[float] = []
    for batch in trainer.get_eval_dataloader():
        chosen, rejected = _policy_log_probabilities(trainer, model, batch)
        margin = trainer.beta * ((chosen - batch["ref_chosen_logps"]) - (rejected - batch["ref_rejected_logps"]))
        margins.extend(trainer.accelerator.gather_for_metrics(margin).float().cpu().tolist())
    return tuple(round(margin, 6) for margin in margins)


def _policy_log_probabilities(
    trainer: Any, model: Any, batch: dict[str, torch.Tensor]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Log-probabilities of both sides, shape (B,) each; the batch holds the chosen sides, then the rejected ones."""
    labels = batch["input_ids"].masked_fill(batch["completion_mask"] == 0, -100)
    with torch.no_grad(), trainer.accelerator.autocast():
        tokens = model(
            input_ids=batch["input_ids"],
            attention_mask=batch["attention_mask"],
            labels=labels,
            use_cache=False,
            fused_lm_head=True,
        ).log_probs
    weights = answer_weights(batch["completion_mask"][..., 1:], trainer.ld_alpha)
    chosen, rejected = (tokens * weights).sum(dim=1).chunk(2, dim=0)
    return chosen, rejected


def answer_weights(mask: torch.Tensor, surplus_weight: float | None) -> torch.Tensor:
    """Weights of tokens, shape (2B, T): 1 within the length that both sides have, `surplus_weight` beyond (LD-DPO)."""
    if surplus_weight is None:
        return torch.ones_like(mask, dtype=torch.float32)
    chosen, rejected = mask.sum(dim=1).chunk(2, dim=0)
    shared = torch.minimum(chosen, rejected).repeat(2).unsqueeze(1)
    surplus = (mask > 0) & (mask.cumsum(dim=1) > shared)
    return torch.where(surplus, surplus_weight, 1.0)
