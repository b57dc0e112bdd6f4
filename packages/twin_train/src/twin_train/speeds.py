"""Speeds of former runs on this machine, from which the next forecast is made."""

from __future__ import annotations

from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from twin_data.contracts.base import Contract
from twin_data.contracts.digests import short
from twin_data.contracts.training import TrainingStage
from twin_data.registry.durable import exclusive, write_file
from twin_train.configuration import TrainingConfig
from twin_train.job import TrainingJob, WorkerOutcome

SPEEDS_FILE = "training-speeds.json"
MIN_STEPS = 3
"""Shorter runs tell more of warming up than of speed."""


class MeasuredSpeed(Contract):
    """What the last run of a kind reached."""

    tokens_per_second: float
    startup_seconds: float
    peak_memory_mb: float


SPEEDS = TypeAdapter(dict[str, MeasuredSpeed])


def speed_key(base_digest: str, stage: TrainingStage, config: TrainingConfig) -> str:
    """Runs of the same key are as fast as each other, and take as much memory."""
    launch = config.launch
    longest = config.sft.sequence_length if stage is TrainingStage.SFT else config.dpo.max_length
    trained = "full" if config.lora is None else f"r{config.lora.r}"
    checkpointing = "-recompute" if launch.gradient_checkpointing else ""
    return (
        f"{short(base_digest)}/{stage}/{launch.device}-{launch.compute_dtype}-{launch.processes}x{launch.threads_per_process}"
        f"-zero{launch.zero_stage}-{trained}{checkpointing}-{longest}"
    )


def read_speed(cache: Path, key: str) -> MeasuredSpeed | None:
    """The speed of the last such run here; None if there was none."""
    return _read(cache / SPEEDS_FILE).get(key)


def record_speed(cache: Path, base_digest: str, job: TrainingJob, outcome: WorkerOutcome) -> None:
    """Keep what a run reached, unless it was too short to tell."""
    trained = outcome.steps - max(outcome.resumed_at, default=0)
    if trained < MIN_STEPS or outcome.tokens_per_second <= 0:
        return
    path, key = cache / SPEEDS_FILE, speed_key(base_digest, job.stage, job.config)
    speed = MeasuredSpeed(
        tokens_per_second=outcome.tokens_per_second,
        startup_seconds=outcome.startup_seconds,
        peak_memory_mb=outcome.peak_memory_mb,
    )
    with exclusive(cache / f".{SPEEDS_FILE}.lock"):
        write_file(path, SPEEDS.dump_json({**_read(path), key: speed}, indent=2))


def _read(path: Path) -> dict[str, MeasuredSpeed]:
    try:
        return SPEEDS.validate_json(path.read_text("utf-8"))
    except (FileNotFoundError, ValidationError):
        return {}  # nothing measured, or by another version of this code: measured again by the next run
