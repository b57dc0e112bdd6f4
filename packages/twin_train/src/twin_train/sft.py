"""Supervised fine-tuning: the persona's voice from the instruction dataset."""

from __future__ import annotations

from twin_data.contracts.training import TrainingStage
from twin_train.configuration import TrainingConfig
from twin_train.stage import StageInputs, TrainedAdapter, run_stage

SftInputs = StageInputs


def run(inputs: SftInputs, *, config: TrainingConfig) -> TrainedAdapter:
    """Fine-tune the base model on the completions of a certified instruction dataset.

    Called again with the same inputs after an interruption it goes on from the last complete checkpoint; a finished
    output folder is returned at once.

    Raises:
        DatasetError: The certificate is missing, unreadable or was not passed; files were changed; no row fits.
        ModelError: The base model is missing, has no suitable chat template, or does not fit into memory.
        TrainingError: The run cannot start, was killed, ran out of memory, disk or time, or a loss was not finite.
    """
    return run_stage(TrainingStage.SFT, inputs, config)
