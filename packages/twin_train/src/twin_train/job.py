"""What the parent tells the training processes, and what they leave behind: the files of a work folder."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal

from pydantic import Field

from twin_data.contracts.base import Contract
from twin_data.contracts.training import CurvePoint, TrainingCode, TrainingStage
from twin_train.configuration import TrainingConfig

CHECKPOINT_PREFIX = "checkpoint-"
CHECKPOINT_MARKER = "complete.json"
LAUNCHER_VARIABLE = "TWIN_TRAIN_LAUNCHER"
"""Process id of the launcher, with which the training processes end."""


class TrainingJob(Contract):
    """One stage of training, complete: the processes read nothing else."""

    schema_version: Literal[1] = 1
    stage: TrainingStage
    base_model: Path
    base_name: str
    """Stands in the adapter's configuration in place of a path of this machine."""
    start: Path | None
    """Adapter (or, with `full`, the model) that training goes on from."""
    steps: int = Field(ge=1)
    work: Path
    has_held_out: bool
    config: TrainingConfig
    digest: str
    """Over the data and settings that decide the result; a checkpoint of another job is not gone on from."""
    code: TrainingCode
    """Nor is one of other code."""


class FailureKind(StrEnum):
    """Ways in which a training process knows that it cannot go on."""

    NON_FINITE = "non_finite"
    OUT_OF_MEMORY = "out_of_memory"
    DISK_FULL = "disk_full"
    DISTRIBUTION = "distribution"
    PEER_LOST = "peer_lost"
    OTHER = "other"


class WorkerFailure(Contract):
    """Left by the process that failed first."""

    kind: FailureKind
    message: str
    step: int


class LoggedStep(Contract):
    """One line of the curve's file."""

    point: CurvePoint
    tokens: int
    """Non-pad tokens trained on since the run's start, over all resumptions."""


class WorkerOutcome(Contract):
    """What the processes did, as the first of them tells it; written after the weights."""

    steps: int
    tokens: int
    non_pad_share: float
    seconds: float
    """From the processes' start to the end, over all resumptions."""
    tokens_per_second: float
    """Of the training loop alone, since the last resumption."""
    startup_seconds: float
    """From the processes' start to the first step, since the last resumption."""
    peak_memory_mb: float
    world_size: int
    distributed_type: str
    zero_stage: Literal[0, 1, 2, 3]
    device: str
    dtype: str
    eval_loss: float | None
    resumed_at: tuple[int, ...]
    held_out_margins: tuple[float, ...] = ()
    """DPO: implicit reward of the chosen side minus that of the rejected one, a pair each."""


@dataclass(frozen=True)
class WorkFolder:
    """The files of one stage while it trains."""

    root: Path

    @property
    def job(self) -> Path:
        """The job."""
        return self.root / "job.json"

    @property
    def train(self) -> Path:
        """Rows that are trained on, prepared by the parent."""
        return self.root / "train.jsonl"

    @property
    def held_out(self) -> Path:
        """Rows that are only watched."""
        return self.root / "held_out.jsonl"

    @property
    def datasets(self) -> Path:
        """What the datasets library keeps: rows, tokens, the reference's log-probabilities."""
        return self.root / "datasets"

    @property
    def accelerate(self) -> Path:
        """Accelerate's configuration."""
        return self.root / "accelerate.json"

    @property
    def deepspeed(self) -> Path:
        """DeepSpeed's configuration."""
        return self.root / "deepspeed.json"

    @property
    def checkpoints(self) -> Path:
        """One folder a checkpoint."""
        return self.root / "checkpoints"

    @property
    def curve(self) -> Path:
        """One `LoggedStep` a line."""
        return self.root / "curve.jsonl"

    @property
    def resumptions(self) -> Path:
        """JSON list of the steps at which the run went on."""
        return self.root / "resumptions.json"

    @property
    def failure(self) -> Path:
        """`WorkerFailure` of the process that failed first."""
        return self.root / "failure.json"

    @property
    def outcome(self) -> Path:
        """`WorkerOutcome`; its presence means that the weights are complete."""
        return self.root / "outcome.json"

    @property
    def weights(self) -> Path:
        """The result as TRL saved it."""
        return self.root / "weights"

    @property
    def log(self) -> Path:
        """What the processes printed."""
        return self.root / "training.log"
