"""Direct preference optimisation: from the SFT adapter, which is where it starts and what it is held to."""

from __future__ import annotations

from twin_data.contracts.training import TrainingStage
from twin_train.configuration import TrainingConfig
from twin_train.stage import StageInputs, TrainedAdapter, run_stage

DpoInputs = StageInputs


def run(inputs: DpoInputs, *, config: TrainingConfig) -> TrainedAdapter:
    """Go on from `inputs.start` (without it: from the base model) with a certified preference dataset.

    The record says how many held-out pairs the result ranks rightly, with an interval, or that there is no effect.
    Resuming and errors are those of `sft.run`.
    """
    return run_stage(TrainingStage.DPO, inputs, config)
