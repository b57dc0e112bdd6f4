"""One training process from its job to its outcome."""

from __future__ import annotations

import errno
import json
import os
import resource
import time
import traceback
from pathlib import Path
from typing import Any

from twin_data.contracts.training import TrainingStage
from twin_data.registry.durable import write_file
from twin_train import curves
from twin_train.job import FailureKind, TrainingJob, WorkerFailure, WorkerOutcome, WorkFolder
from twin_train.worker.checkpoints import last_complete, remove_incomplete, step_of

MEMORY_SIGNS = ("can't allocate memory", "out of memory", "Cannot allocate memory", "bad_alloc")
DISK_SIGNS = ("No space left on device", "file write failed", "unexpected pos", "Disk quota exceeded")
PEER_SIGNS = ("Connection closed by peer", "Connection reset by peer", "Broken pipe", "NCCL", "Gloo", "gloo")
MESSAGE_LENGTH = 600
MEBIBYTE = 1024 * 1024


class DistributionError(Exception):
    """The processes are not as many, or not run as, the job says."""


def run_job(path: Path) -> int:
    """Train what the job says; returns the exit status. What went wrong stands in the failure's file.

    The process group is left standing: the process is to end at once, see `__main__`.
    """
    started = time.monotonic()
    job = TrainingJob.model_validate_json(path.read_text("utf-8"))
    files = WorkFolder(job.work)
    try:
        _train(job, files, started)
    except Exception as error:
        traceback.print_exc()
        _leave_failure(files, error)
        return 1
    return 0


def _train(job: TrainingJob, files: WorkFolder, started: float) -> None:
    import torch
    from transformers import set_seed

    from twin_train.worker.preferences import held_out_margins
    from twin_train.worker.trainers import build_trainer
    from twin_train.worker.watch import Watch, check_weights

    torch.set_num_threads(job.config.launch.threads_per_process)
    set_seed(job.config.stage(job.stage).seed)
    checkpoint = last_complete(files.checkpoints)
    is_first = int(os.environ.get("RANK", "0")) == 0
    if is_first:
        _prepare_files(files, checkpoint)
    kept = [line for line in curves.read(files.curve) if checkpoint and line.point.step <= step_of(checkpoint)]
    watch = Watch(files.curve, started=started, before=kept[-1] if kept else None)
    trainer = build_trainer(job, watch)
    _check_distribution(job, trainer)
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    check_weights(trainer.model)
    eval_loss = trainer.evaluate()["eval_loss"] if job.has_held_out else None
    margins = held_out_margins(trainer) if job.has_held_out and job.stage is TrainingStage.DPO else ()
    trainer.save_model(str(files.weights))
    peak = _peak_memory_mb(trainer)
    if is_first:
        outcome = _outcome(job, trainer, watch, files).model_copy(
            update={"eval_loss": eval_loss, "held_out_margins": margins, "peak_memory_mb": peak}
        )
        write_file(files.outcome, outcome.model_dump_json().encode())


def _prepare_files(files: WorkFolder, checkpoint: Path | None) -> None:
    """Bring curve and checkpoints to the state of the checkpoint, and note the resumption."""
    remove_incomplete(files.checkpoints)
    step = step_of(checkpoint) if checkpoint else 0
    had_begun = files.curve.is_file()
    curves.cut(files.curve, step)
    if had_begun:
        write_file(files.resumptions, json.dumps([*_resumptions(files), step]).encode())


def _resumptions(files: WorkFolder) -> list[int]:
    return list(json.loads(files.resumptions.read_text("utf-8"))) if files.resumptions.is_file() else []


def _check_distribution(job: TrainingJob, trainer: Any) -> None:
    """Accelerate runs one process and says nothing when it cannot distribute; a run that is not as asked is stopped.

    Raises:
        DistributionError: Names what was asked and what is.
    """
    launch, state = job.config.launch, trainer.accelerator.state
    wanted = "DEEPSPEED" if launch.uses_deepspeed else "NO"
    found = (state.num_processes, state.distributed_type.value, _zero_stage(trainer), state.device.type)
    asked = (launch.processes, wanted, launch.zero_stage, "cpu" if launch.device == "cpu" else "cuda")
    if found != asked:
        raise DistributionError(f"processes, distribution, ZeRO stage and device are {found}, the recipe asks {asked}")


def _zero_stage(trainer: Any) -> int:
    plugin = trainer.accelerator.state.deepspeed_plugin
    return int(plugin.zero_stage) if plugin is not None else 0


def _outcome(job: TrainingJob, trainer: Any, watch: Any, files: WorkFolder) -> WorkerOutcome:
    first_step_s = watch.first_step_began - watch.started
    return WorkerOutcome(
        steps=trainer.state.global_step,
        tokens=watch.tokens,
        non_pad_share=round(trainer.real_positions / trainer.positions, 6) if trainer.positions else 1.0,
        seconds=round(watch.seconds, 3),
        tokens_per_second=round(watch.tokens_here / watch.trained_s, 3) if watch.trained_s else 0.0,
        startup_seconds=round(first_step_s, 3),
        peak_memory_mb=0.0,
        world_size=trainer.accelerator.num_processes,
        distributed_type=trainer.accelerator.distributed_type.value,
        zero_stage=_zero_stage(trainer),
        device=trainer.accelerator.device.type,
        dtype=job.config.launch.compute_dtype,
        eval_loss=None,
        resumed_at=tuple(_resumptions(files)),
    )


def _peak_memory_mb(trainer: Any) -> float:
    """Peak over the run, summed over the processes: resident memory, or the device's on a GPU."""
    import torch

    device = trainer.accelerator.device
    if device.type == "cuda":
        peak = torch.cuda.max_memory_allocated(device) / MEBIBYTE
    else:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    total = trainer.accelerator.gather(torch.tensor([peak], device=device)).sum()
    return round(float(total.item()), 1)


def _leave_failure(files: WorkFolder, error: Exception) -> None:
    """Say what went wrong, unless another process has; the disk may be full, so the message is short."""
    if files.failure.is_file():
        return
    steps, kind = curves.read(files.curve), _kind(error)
    failure = WorkerFailure(
        kind=kind,
        message=f"{type(error).__name__}: {error}"[:MESSAGE_LENGTH],
        step=steps[-1].point.step if steps else 0,
    )
    try:
        if kind is FailureKind.DISK_FULL:
            remove_incomplete(files.checkpoints)  # half a checkpoint may have taken the message's room
        write_file(files.failure, failure.model_dump_json().encode())
    except OSError:
        traceback.print_exc()  # the parent then reads the log, and looks at the disk


def _kind(error: Exception) -> FailureKind:
    from twin_train.worker.watch import NonFiniteError

    told = str(error)
    if isinstance(error, NonFiniteError):
        return FailureKind.NON_FINITE
    if isinstance(error, DistributionError):
        return FailureKind.DISTRIBUTION
    if isinstance(error, MemoryError) or any(sign in told for sign in MEMORY_SIGNS):
        return FailureKind.OUT_OF_MEMORY
    if getattr(error, "errno", None) == errno.ENOSPC or any(sign in told for sign in DISK_SIGNS):
        return FailureKind.DISK_FULL
    if any(sign in told for sign in PEER_SIGNS):
        return FailureKind.PEER_LOST
    return FailureKind.OTHER
