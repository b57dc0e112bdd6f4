"""What a training run was asked to do, what it did, and how far the prediction was off."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field

from twin_data.contracts.base import Contract
from twin_data.contracts.evaluation import Score


class TrainingStage(StrEnum):
    """The stages of training, in order."""

    SFT = "sft"
    DPO = "dpo"


class CurvePoint(Contract):
    """One logged step."""

    step: int
    loss: float
    eval_loss: float | None = None
    learning_rate: float | None = None
    seconds: float
    """Since the run's start, over all resumptions."""


class TrainingForecast(Contract):
    """What a run is expected to take."""

    stage: TrainingStage
    tokens: int = Field(ge=0)
    """Non-pad tokens that will be trained on."""
    steps: int = Field(ge=0)
    seconds: float
    measured: bool = False
    """Whether the seconds rest on the speed of a former such run on this machine; else on that of a usual one."""
    memory_mb: float
    """Peak resident memory of all processes; of the device on a GPU."""
    amount: float | None = None
    """Money, by the recipe's machine price; None when that is unknown."""
    currency: str | None = None

    @property
    def speed(self) -> str:
        """On what the seconds rest, for people."""
        return "at the speed of the last such run here" if self.measured else "at a speed not measured here yet"


class TrainingCode(Contract):
    """The code of a training."""

    digest: str
    """SHA-256 over the sources of the package that trains."""
    libraries: dict[str, str]
    """Version of each library that does the work, by name."""


class TrainingRecord(Contract):
    """What a stage of training did; it enters the bundle's lineage."""

    stage: TrainingStage
    dataset_digest: str
    config_digest: str
    seed: int
    steps: int
    tokens: int
    """Non-pad tokens trained on."""
    non_pad_share: float
    seconds: float
    tokens_per_second: float
    peak_memory_mb: float
    world_size: int
    distributed_type: str
    zero_stage: Literal[0, 1, 2, 3]
    device: str
    dtype: str
    first_loss: float
    final_loss: float
    eval_loss: float | None
    resumed_at: tuple[int, ...] = ()
    """Steps at which the run went on after an interruption."""
    preference_accuracy: Score | None = None
    """DPO: held-out pairs whose chosen side has the higher implicit reward."""
    preference_effect: str = ""
    """DPO: what that accuracy says, in plain words; "no effect" where its interval holds one half."""
    forecast: TrainingForecast | None = None
    code: TrainingCode | None = None
    """None in records of before it was kept."""
