"""How a training that broke off is told to its user: what happened, at which step, and what to do."""

from __future__ import annotations

import re
import shutil
import signal as signals

from pydantic import ValidationError

from twin_data.contracts.errors import ModelError, TrainingError, TwinError
from twin_train import curves
from twin_train.job import FailureKind, TrainingJob, WorkerFailure, WorkFolder
from twin_train.launch import Ended
from twin_train.worker.checkpoints import last_complete, step_of

LOG_TAIL_LINES = 12
SIGNAL_LINES = 40
LOG_TAIL_BYTES = 20_000
ROOT_CAUSE = "Root Cause"
SIGNALS = {name: one.name for one in signals.Signals for name in (one.name, str(one.value))}
FULL_BYTES = 1024 * 1024
"""With less room than this nothing can be written, not even why."""
KILLED = re.compile(r"Signals\.(SIG[A-Z]+)|Signal (\d+) \(SIG[A-Z]+\)|exitcode\s*:\s*-(\d+)")


def training_error(job: TrainingJob, ended: Ended) -> TwinError:
    """The error of a run that did not reach its end."""
    files = WorkFolder(job.work)
    if ended.timed_out:
        return TrainingError(
            f"{_name(job)} was stopped after {job.config.launch.timeout_s} s, at step {_last_step(files)} of "
            f"{job.steps}",
            next_step=f"{_resume(files)}, or raise training.launch.timeout_s in the recipe",
        )
    failure = _read_failure(files) or _unsaid_full_disk(files)
    if failure is not None and failure.kind is not FailureKind.PEER_LOST:
        return _told(job, files, failure)
    log = log_tail(files, SIGNAL_LINES)
    # A process that lost a killed one may be quicker to end than the kill is to be noticed; without such a witness only
    # the process that ended first counts, because the launcher kills the others.
    signal = _signal_in(log if failure is not None else log.rpartition(ROOT_CAUSE)[2])
    if signal is not None:
        count = job.config.launch.processes
        who = f"one of {count} training processes" if count > 1 else "the training process"
        others = ", and the others were ended with it" if count > 1 else ""
        return TrainingError(
            f"{who} was killed by {signal} at step {_last_step(files)} of {job.steps}{others}",
            next_step=f"free memory if that is what ended it (`dmesg` tells), then {_resume(files)}",
        )
    told = failure.message if failure is not None else f"its last words:\n{log_tail(files, LOG_TAIL_LINES)}"
    return TrainingError(
        f"{_name(job)} ended with status {ended.exit_code} at step {_last_step(files)} of {job.steps}; {told}",
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
        checkpoint = last_complete(files.checkpoints)
        kept = f"; the checkpoint of step {step_of(checkpoint)} is from before and stays" if checkpoint else ""
        return TrainingError(
            f"{_name(job)} was stopped {at}: {failure.message}",
            next_step=f"lower training.{stage}.learning_rate ({job.config.stage(job.stage).learning_rate:g}) in the "
            f"recipe{kept}",
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


def _unsaid_full_disk(files: WorkFolder) -> WorkerFailure | None:
    """A full disk takes the failure's file, too, and the log's last lines."""
    free = shutil.disk_usage(files.root).free
    if free >= FULL_BYTES:
        return None
    return WorkerFailure(kind=FailureKind.DISK_FULL, message=f"{free / 1024:.0f} KiB are free", step=_last_step(files))


def _signal_in(log: str) -> str | None:
    """The signal that ended a process; the launcher's SIGTERM to the others counts only where there is no other."""
    found = [SIGNALS[next(group for group in match.groups() if group)] for match in KILLED.finditer(log)]
    return next((name for name in found if name != "SIGTERM"), found[0] if found else None)


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
