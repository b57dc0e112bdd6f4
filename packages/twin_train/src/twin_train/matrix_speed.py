"""In which number format this machine multiplies matrices faster, measured once."""

from __future__ import annotations

import platform
import time
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from twin_data.configuration.home import cache_folder
from twin_data.configuration.processor import CPU_INFO, multiplies_bfloat16
from twin_data.contracts.base import Contract
from twin_data.contracts.digests import digest_text
from twin_data.registry.durable import write_file

if TYPE_CHECKING:
    import torch

MATRIX_SPEED_FILE = "matrix-speed.json"
ROWS, WIDTH, ROUNDS = 1024, 768, 5
"""Tokens of a sequence, width of a small model, and how often each format has its turn."""


class MatrixSpeed(Contract):
    """What a layer's products took, forwards and backwards."""

    machine: str
    """Digest of processor and torch: another one is measured anew."""
    bfloat16_s: float
    float32_s: float


@cache
def is_faster_in_bfloat16() -> bool:
    """Whether the matrix products of training and answering take less time in bfloat16 than in float32 here.

    A processor without bfloat16 emulates it, four times slower; that is known without measuring. One with it may still
    be faster in float32: AVX-512 without AMX, as a hypervisor shows it, took twice as long, where AMX takes half.
    What was measured is kept beside the models, so that a training that goes on does so in the same format.
    """
    if not multiplies_bfloat16():
        return False
    path = cache_folder() / MATRIX_SPEED_FILE
    found = _kept(path)
    if found is None:
        found = measure()
        write_file(path, found.model_dump_json(indent=2).encode())
    return found.bfloat16_s < found.float32_s


def measure() -> MatrixSpeed:
    """Both formats in turn on one core; of each the fastest round, which other work has disturbed least."""
    import torch

    formats = (torch.bfloat16, torch.float32)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        layers = [_layer(each) for each in formats]
        taken: list[list[float]] = [[], []]
        for _ in range(1 + ROUNDS):  # the first round warms up
            for layer, times in zip(layers, taken, strict=True):
                times.append(_seconds(layer))
    finally:
        torch.set_num_threads(threads)
    narrow, wide = (min(times[1:]) for times in taken)
    return MatrixSpeed(machine=_machine(), bfloat16_s=narrow, float32_s=wide)


def _layer(dtype: torch.dtype) -> torch.nn.Linear:
    """A frozen layer, as beside an adapter: gradients go through it."""
    import torch

    return torch.nn.Linear(WIDTH, 4 * WIDTH, bias=False, dtype=dtype).requires_grad_(False)


def _seconds(layer: torch.nn.Linear) -> float:
    import torch

    rows = torch.ones(ROWS, WIDTH, dtype=layer.weight.dtype, requires_grad=True)
    started = time.perf_counter()
    layer(rows).sum().backward()
    return time.perf_counter() - started


def _kept(path: Path) -> MatrixSpeed | None:
    try:
        found = MatrixSpeed.model_validate_json(path.read_text("utf-8"))
    except (FileNotFoundError, ValidationError):
        return None  # not measured yet, or by another version of this code
    return found if found.machine == _machine() else None


def _machine() -> str:
    told = CPU_INFO.read_text("utf-8", errors="replace").splitlines() if CPU_INFO.is_file() else []
    lines = sorted({line for line in told if line.startswith(("model name", "flags"))})
    return digest_text("\n".join([platform.machine(), version("torch"), *lines]))
