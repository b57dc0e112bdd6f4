"""How a training that broke off is told to its user: what happened, at which step, and what to do."""

from __future__ import annotations

import re

from pydantic import ValidationError

from twin_data.contracts.errors import ModelError, TrainingError, TwinError
from twin_train import curves
from twin_train.job import FailureKind, TrainingJob, WorkerFailure, WorkFolder
from twin_train.launch import Ended
from twin_train.worker.checkpoints import last_complete, step_of

LOG_TAIL_LINES = 12
SIGNAL_LINES = 40
LOG_TAIL_BYTES = 20_000
KILLED = re.compile(r"Signals\.(SIG[A-Z]+)|Signal \d+ \((SIG[A-Z]+)\)|exitcode\s*:\s*-(\d+)")
DIED_QUIETLY = ("SIGKILL", "SIGBUS", "SIGSEGV", "SIGABRT", "SIGTERM", "9", "7", "11", "6", "15")


def training_error(job: TrainingJob, ended: Ended) -> TwinError:
    """The error of a run that did not reach its end."""
    files = WorkFolder(job.work)
    if ended.timed_out:
        return TrainingError(
            f"{_name(job)} was stopped after {job.config.launch.timeout_s} s, at step {_last_step(files)} of "
            f"{job.steps}",
            next_step=f"{_resume(files)}, or raise training.launch.timeout_s in the recipe",
        )
    if (failure := _read_failure(files)) is not None:
        return _told(job, files, failure)
    if (signal := _signal_in(log_tail(files, SIGNAL_LINES))) is not None:
        return TrainingError(
            f"one of {job.config.launch.processes} training process(es) was killed by {signal} at step "
            f"{_last_step(files)} of {job.steps}, and the others were ended with it",
            next_step=f"free memory if that is what ended it (`dmesg` tells), then {_resume(files)}",
        )
    return TrainingError(
        f"{_name(job)} ended with status {ended.exit_code} at step {_last_step(files)} of {job.steps}; "
        f"its last words:\n{log_tail(files, LOG_TAIL_LINES)}",
        next_step=f"read {files.log}, then {_resume(files)}",
    )


def log_tail(files: WorkFolder, count: int) -> str:
    """The last `count` lines that the processes printed."""
    if not files.log.is_file():
        return ""
    with files.log.open("rb") as stream:
        stream.seek(max(0, files.log.stat().st_size - LOG_TAIL_BYTES))
        lines = stream.read().decode("utf-8", "replace").splitlines()
    return "\n".join([line for line in lines if line.strip()][-count:])


def _told(job: TrainingJob, files: WorkFolder, failure: WorkerFailure) -> TwinError:
    stage, at = job.stage.value, f"at step {failure.step} of {job.steps}"
    if failure.kind is FailureKind.NON_FINITE:
        return TrainingError(
            f"{_name(job)} was stopped {at}: {failure.message}",
            next_step=f"lower training.{stage}.learning_rate ({job.config.stage(job.stage).learning_rate:g}) in the "
            "recipe; the last checkpoint is from before and stays",
        )
    if failure.kind is FailureKind.OUT_OF_MEMORY:
        return ModelError(
            f"{_name(job)} ran out of memory {at}: {failure.message}",
            next_step="set training.launch.gradient_checkpointing to true, or lower "
            f"training.{'sft.sequence_length' if stage == 'sft' else 'dpo.max_length'}, in the recipe",
        )
    if failure.kind is FailureKind.DISK_FULL:
        return TrainingError(
            f"the disk of {job.work} is full: {_name(job)} stopped {at} ({failure.message})",
            next_step=f"free space, then {_resume(files)}",
        )
    if failure.kind is FailureKind.DISTRIBUTION:
        return TrainingError(
            f"{_name(job)} did not start as asked: {failure.message}",
            next_step="correct training.launch in the recipe",
        )
    return TrainingError(
        f"{_name(job)} failed {at}: {failure.message}", next_step=f"read {files.log}, then {_resume(files)}"
    )


def _read_failure(files: WorkFolder) -> WorkerFailure | None:
    try:
        return WorkerFailure.model_validate_json(files.failure.read_text("utf-8"))
    except (FileNotFoundError, ValidationError):
        return None


def _signal_in(tail: str) -> str | None:
    # The processes that are ended with the first one are listed before it.
    for match in KILLED.finditer(tail.rpartition("Root Cause")[2]):
        found = next(group for group in match.groups() if group)
        if found in DIED_QUIETLY:
            return found if found.startswith("SIG") else f"signal {found}"
    return None


def _resume(files: WorkFolder) -> str:
    checkpoint = last_complete(files.checkpoints)
    if checkpoint is None:
        return "run the same command again; it starts anew"
    return f"run the same command again; it goes on from step {step_of(checkpoint)}"


def _last_step(files: WorkFolder) -> int:
    lines = curves.read(files.curve)
    return lines[-1].point.step if lines else 0


def _name(job: TrainingJob) -> str:
    return f"{job.stage.upper()} training"
