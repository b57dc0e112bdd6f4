"""Is there room? Asked before anything starts, because a process that the kernel ends says nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Literal, NamedTuple

from twin_data.contracts.base import Contract
from twin_data.contracts.errors import ModelError, TrainingError
from twin_train.configuration import LaunchSettings, TrainingConfig
from twin_train.forecast import trained_parameters
from twin_train.model_shape import ModelShape
from twin_train.worker.limits import KEPT_CHECKPOINTS

MEMORY_FILE = Path("/proc/meminfo")
CGROUP = Path("/sys/fs/cgroup")
MEBIBYTE = 1024 * 1024
CHECKPOINT_BYTES_PER_WEIGHT = 12
"""A trained weight and its two moments in float32."""
GPU_QUERY = ("nvidia-smi", "--query-gpu=memory.free,memory.total", "--format=csv,noheader,nounits")
VISIBLE_GPUS = "CUDA_VISIBLE_DEVICES"
"""Which GPUs CUDA shows to this user's programs, by number or name; all if unset."""

WHAT_LOWERS_MEMORY = (
    "set training.launch.gradient_checkpointing to true or training.launch.dtype to bfloat16, lower sequence_length or "
    "max_length, use zero_stage 3 or fewer processes, stop other programs (`twin down`), or choose a smaller base_model"
)


class MemoryFit(Contract):
    """Whether this machine has the memory that a training is expected to take."""

    device: Literal["cpu", "gpu"]
    needed_mb: float
    """Of the stage that takes most."""
    available_mb: float | None
    """What training may take now; None where the machine lacks the devices that the recipe asks for."""
    lacking: str = ""
    """Which devices, then."""
    without: str = ""
    """What holds memory of the GPUs now and makes room for a training; it is counted as available."""

    @property
    def fits(self) -> bool | None:
        """Whether training would start here."""
        return None if self.available_mb is None else self.needed_mb <= self.available_mb

    def text(self) -> str:
        """For people."""
        needed = f"{self.needed_mb / 1024:.1f} GiB"
        if self.available_mb is None:
            return f"memory: {needed} wanted; {self.lacking}"
        where = "of the GPU(s)" if self.device == "gpu" else "of this machine"
        when = f"without {self.without}, which makes room" if self.without else "as it is now"
        told = f"{needed} of the {self.available_mb / 1024:.1f} GiB {where}, {when}"
        return f"memory: fits, {told}" if self.fits else f"memory: DOES NOT FIT, {told}; {WHAT_LOWERS_MEMORY}"


def memory_fit(needed_mb: float, launch: LaunchSettings, *, without: str = "") -> MemoryFit:
    """Hold a forecast against this machine, as a training will do before it starts.

    Args:
        needed_mb: Of the stage that takes most.
        launch: Device and processes.
        without: What holds memory of the GPUs now and will make room; nothing if empty.
    """
    try:
        available = available_mb(launch, emptied=bool(without))
    except TrainingError as error:
        return MemoryFit(device=launch.device, needed_mb=needed_mb, available_mb=None, lacking=error.message)
    return MemoryFit(device=launch.device, needed_mb=needed_mb, available_mb=available, without=without)


def check_memory(needed_mb: float, available: float, model: str) -> None:
    """Refuse a training that would not fit.

    Raises:
        ModelError: Names both figures and what lowers the first.
    """
    if needed_mb > available:
        raise ModelError(
            f"training {model} needs about {needed_mb / 1024:.1f} GiB, {available / 1024:.1f} GiB are available",
            next_step=WHAT_LOWERS_MEMORY,
        )


def check_disk(shape: ModelShape, config: TrainingConfig, output: Path) -> None:
    """Refuse a training whose checkpoints would not fit.

    Raises:
        TrainingError: Names both figures.
    """
    needed = trained_parameters(shape, config) * CHECKPOINT_BYTES_PER_WEIGHT * (KEPT_CHECKPOINTS + 1)
    output.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(output).free
    if free < needed:
        raise TrainingError(
            f"{output} has {free / MEBIBYTE:.0f} MiB free, checkpoints need {needed / MEBIBYTE:.0f} MiB",
            next_step="free space on that disk, then run the same command again",
        )


def available_mb(launch: LaunchSettings, *, emptied: bool = False) -> float:
    """Memory that training may take now: what the system and a container's limit leave; on GPUs what is free of them.

    Args:
        launch: Device and processes. Each process takes as much as the others, so that the fullest GPU decides.
        emptied: Count the whole of the GPUs, as if nothing ran on them.

    Raises:
        TrainingError: There are fewer GPUs than processes.
    """
    if launch.device == "gpu":
        gpus = gpu_memories(launch.processes)
        return launch.processes * min(one.total_mb if emptied else one.free_mb for one in gpus)
    fields = dict(line.split(":", 1) for line in MEMORY_FILE.read_text("ascii").splitlines())
    system = int(fields["MemAvailable"].split()[0]) / 1024
    return min(system, cgroup_mb())


def cgroup_mb(folder: Path = CGROUP) -> float:
    """What a container's limit leaves in MiB; infinite without a limit."""
    try:
        limit = (folder / "memory.max").read_text("ascii").strip()
        used = int((folder / "memory.current").read_text("ascii"))
        files = dict(line.split() for line in (folder / "memory.stat").read_text("ascii").splitlines())
    except (FileNotFoundError, ValueError):
        return float("inf")
    if limit == "max":
        return float("inf")
    return (int(limit) - used + int(files.get("inactive_file", 0))) / MEBIBYTE


class GpuMemory(NamedTuple):
    """Of one GPU, in MiB."""

    free_mb: float
    total_mb: float


def gpu_memories(processes: int) -> list[GpuMemory]:
    """Memory of the first GPUs that this user's programs see, one a process.

    Raises:
        TrainingError: There are fewer.
    """
    visible = os.environ.get(VISIBLE_GPUS)
    try:
        query = GPU_QUERY if visible is None else (*GPU_QUERY, f"--id={visible}")
        told = (
            ""
            if visible == ""
            else subprocess.run(query, capture_output=True, text=True, timeout=30, check=True).stdout
        )
        found = [GpuMemory(*(float(size) for size in line.split(","))) for line in told.splitlines()]
    except (OSError, subprocess.SubprocessError, ValueError, TypeError):
        found = []
    if len(found) < processes:
        where = "this machine has" if visible is None else f"{VISIBLE_GPUS}={visible} shows"
        raise TrainingError(
            f"training.launch asks for {processes} GPU(s), {where} {len(found)}",
            next_step="set training.launch.processes, or device to cpu, in the recipe (`laptop` runs without a GPU)",
        )
    return found[:processes]


def _asked_of_the_driver(visible: str | None) -> list[GpuMemory]:
    """Memory of the visible GPUs, of all if None; empty where there is no driver to ask."""
    query = GPU_QUERY if visible is None else (*GPU_QUERY, f"--id={visible}")
    try:
        told = subprocess.run(query, capture_output=True, text=True, timeout=30, check=True).stdout
        return [GpuMemory(*(float(size) for size in line.split(","))) for line in told.splitlines()]
    except (OSError, subprocess.SubprocessError, ValueError, TypeError):
        return []
