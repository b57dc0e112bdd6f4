"""What is added to TRL's trainers: steps logged, checkpoints marked, and a stop at the first number that is none."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from transformers import TrainerCallback

from twin_data.contracts.training import CurvePoint
from twin_train import curves
from twin_train.job import CHECKPOINT_PREFIX, LoggedStep
from twin_train.worker.checkpoints import mark_complete

if TYPE_CHECKING:
    from transformers import Trainer, TrainerControl, TrainerState, TrainingArguments


class NonFiniteError(Exception):
    """A loss or a weight is NaN or infinite."""


class Watch(TrainerCallback):
    """Writes the curve and the checkpoints' markers, on the first process; times and counts on all."""

    def __init__(self, curve: Path, *, started: float, before: LoggedStep | None) -> None:
        self.curve = curve
        self.started = started
        self.before = before
        self.tokens = before.tokens if before else 0
        self.first_step_began: float | None = None
        self.tokens_here = 0
        self.trained_s = 0.0
        self.last: CurvePoint | None = before.point if before else None

    @property
    def seconds(self) -> float:
        """Since the run's start, over all resumptions."""
        return time.monotonic() - self.started + (self.before.point.seconds if self.before else 0.0)

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Note when the first step begins."""
        self.first_step_began = time.monotonic()

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: Mapping[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        """Add a point; evaluations carry the loss of the step before them along."""
        if not state.is_world_process_zero or logs is None:
            return
        if "loss" in logs:
            self.tokens_here = int(logs["num_tokens"])
            self.tokens = (self.before.tokens if self.before else 0) + self.tokens_here
            assert self.first_step_began is not None
            self.trained_s = time.monotonic() - self.first_step_began
            self.last = CurvePoint(
                step=state.global_step,
                loss=logs["loss"],
                learning_rate=logs.get("learning_rate"),
                seconds=round(self.seconds, 3),
            )
            curves.append(self.curve, LoggedStep(point=self.last, tokens=self.tokens))
        elif "eval_loss" in logs and self.last is not None:
            point = self.last.model_copy(update={"eval_loss": logs["eval_loss"], "seconds": round(self.seconds, 3)})
            curves.append(self.curve, LoggedStep(point=point, tokens=self.tokens))

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Mark the checkpoint once every process has written its part."""
        if torch.distributed.is_initialized():
            torch.distributed.barrier()
        if state.is_world_process_zero:
            assert args.output_dir is not None
            mark_complete(Path(args.output_dir) / f"{CHECKPOINT_PREFIX}{state.global_step}")


class Finite:
    """Mixed into a trainer before it: stops at a loss or weight that is no number, and at the last step.

    Checkpoints stay as they are.
    """

    real_positions = 0
    positions = 0

    def training_step(self, model: Any, inputs: dict[str, Any], *args: Any, **kwargs: Any) -> torch.Tensor:
        """One micro-batch forward and backward; inputs of shape (B, T) or, with both sides of pairs, (2B, T)."""
        mask = inputs.get("attention_mask")
        self.positions += inputs["input_ids"].numel()
        self.real_positions += inputs["input_ids"].numel() if mask is None else int(mask.sum())
        loss: torch.Tensor = super().training_step(model, inputs, *args, **kwargs)  # type: ignore[misc]
        if not math.isfinite(loss.item()):
            raise NonFiniteError(f"the loss became {loss.item()}")
        return loss

    def _run_epoch(self, *args: Any, **kwargs: Any) -> None:
        """Train an epoch's batches; none where the checkpoint that was loaded is the last step's.

        Transformers looks whether the last step is reached after a step alone: where it lies within an epoch, a run
        that was killed after its last checkpoint would train one step more than an undisturbed one.
        """
        trainer: Trainer = self  # type: ignore[assignment]
        if trainer.state.global_step >= trainer.state.max_steps:
            trainer.control.should_training_stop = True
        else:
            super()._run_epoch(*args, **kwargs)  # type: ignore[misc]

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        trainer: Trainer = self  # type: ignore[assignment]
        check_weights(trainer.model)
        super()._save_checkpoint(model, trial)  # type: ignore[misc]


def check_weights(model: Any) -> None:
    """Raise if a trained weight is NaN or infinite.

    Raises:
        NonFiniteError: Names the weight.
    """
    for name, weight in model.named_parameters():
        if weight.requires_grad and not torch.isfinite(weight).all():
            raise NonFiniteError(f"the weight {name} became NaN or infinite")
