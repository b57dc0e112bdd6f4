"""The command line and the environment of vLLM, as pure functions of what is to be served."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal

from twin_data.configuration.processor import multiplies_bfloat16
from twin_data.contracts.digests import short
from twin_data.prompts.chat_template import CHAT_TEMPLATE_SWITCHES

BASE_NAME = "base"
"""What vLLM calls the base model, whichever it is; see `base_name`. An adapter is called `<persona>@<bundle>`."""
LOOPBACK = "127.0.0.1"
MAX_CONCURRENT_REQUESTS = 32
LORA_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)
"""The ranks that vLLM reserves room for."""

COMMON_ENVIRONMENT = {
    "DO_NOT_TRACK": "1",
    "HF_HUB_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "VLLM_ALLOW_RUNTIME_LORA_UPDATING": "True",
    "VLLM_NO_USAGE_STATS": "1",
}
"""Adapters come and go while it runs: it listens on loopback only, and its one client loads what the registry holds."""
CPU_ENVIRONMENT = {
    "OMP_WAIT_POLICY": "PASSIVE",
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
}
"""One GiB of cache; and the model in the engine's process (see `vllm_argv`), which vLLM allows only with this variable.

Threads sleep while they wait, since other servers share a laptop's cores. Spinning threads decode a third faster on a
quiet machine (24 instead of 13-19 tokens/s) and stall on a busy one (2 instead of 12, two cores, load 8).
"""


CPU_PLUGINS = Path(__file__).resolve().parent / "vllm_plugins"
"""Found by vLLM on its search path: without it an adapter reads a prompt of 700 tokens in half a minute on a CPU."""


class Device(StrEnum):
    """What the model runs on."""

    CPU = "cpu"
    GPU = "gpu"


CpuDtype = Literal["bfloat16", "float32"]


@dataclass(frozen=True)
class Adapter:
    """A LoRA adapter under the name by which the business service asks for it."""

    name: str
    folder: Path
    rank: int


@dataclass(frozen=True, kw_only=True)
class AdapterRoom:
    """How many adapters fit, and of which rank.

    Attributes:
        at_once: Different adapters in one batch, each with its place in the model's memory.
        in_memory: Adapters kept in main memory; others are read from disk again when asked for.
        rank: The highest that can be loaded later; adapters served from the start get what they need.
    """

    at_once: int = 4
    in_memory: int = 8
    rank: int = 32


@dataclass(frozen=True, kw_only=True)
class ServedModels:
    """One base model and the adapters on it.

    Attributes:
        folder: The base model's files.
        digest: Of these files.
        max_model_len: Context in tokens.
        adapters: What is served from the start.
        left_out: Why a bundle that could be served is not, in words.
    """

    folder: Path
    digest: str
    max_model_len: int
    adapters: tuple[Adapter, ...] = ()
    left_out: tuple[str, ...] = ()


def base_name(digest: str) -> str:
    """The name by which a base model is asked for where it must be the one of this digest: any other server says no."""
    return f"{BASE_NAME}:{short(digest)}"


def vllm_argv(
    python: Path,
    models: ServedModels,
    *,
    port: int,
    device: Device,
    cpu_dtype: CpuDtype | None = None,
    room: AdapterRoom = AdapterRoom(),
    extra: tuple[str, ...] = (),
) -> tuple[str, ...]:
    """The command that serves these models on the loopback interface.

    Args:
        python: Interpreter of the environment that has vLLM.
        models: What is served.
        port: Where.
        device: On a CPU nothing is compiled, which would take minutes before the first answer.
        cpu_dtype: In what a CPU multiplies; None is bfloat16 where the processor says that it does so itself. Emulated,
            a prompt is read four times as fast in float32, for twice the memory.
        room: What adapters loaded later may take.
        extra: Further arguments of the user's, which win over the ones here.
    """
    argv = [
        str(python), "-m", "vllm.entrypoints.openai.api_server",
        "--model", str(models.folder), "--served-model-name", BASE_NAME, base_name(models.digest),
        "--host", LOOPBACK, "--port", str(port),
        "--dtype", _dtype(device, cpu_dtype), "--max-model-len", str(models.max_model_len),
        "--max-num-seqs", str(MAX_CONCURRENT_REQUESTS), "--enable-prefix-caching",
        "--no-enable-log-requests", "--disable-uvicorn-access-log",
        "--default-chat-template-kwargs", json.dumps(CHAT_TEMPLATE_SWITCHES),
    ]  # fmt: skip
    if device is Device.CPU:
        # A worker process of its own would import vLLM once more: 25 s and 1 GB.
        argv += ["--enforce-eager", "--distributed-executor-backend", "uni"]
    return (*argv, *_adapter_arguments(models.adapters, room), *extra)


def _dtype(device: Device, cpu_dtype: CpuDtype | None) -> CpuDtype:
    if device is Device.CPU and cpu_dtype:
        return cpu_dtype
    return "bfloat16" if device is Device.GPU or multiplies_bfloat16() else "float32"


def _adapter_arguments(adapters: tuple[Adapter, ...], room: AdapterRoom) -> list[str]:
    in_memory = max(room.in_memory, room.at_once, len(adapters))
    rank = max([room.rank, *(one.rank for one in adapters)])
    argv = ["--enable-lora", "--max-loras", str(room.at_once), "--max-cpu-loras", str(in_memory)]
    argv += ["--max-lora-rank", str(_room_for(rank))]
    return argv + (["--lora-modules", *(f"{one.name}={one.folder}" for one in adapters)] if adapters else [])


def vllm_environment(device: Device, cache: Path, own: Mapping[str, str]) -> dict[str, str]:
    """The environment for vLLM: the caller's own, and a default for each thing that it does not set."""
    defaults = COMMON_ENVIRONMENT | {"VLLM_CACHE_ROOT": str(cache / "vllm")}
    if device is Device.GPU:
        return {**defaults, **own}
    search = os.pathsep.join(filter(None, (str(CPU_PLUGINS), own.get("PYTHONPATH"))))
    return {**defaults, **CPU_ENVIRONMENT, **own, "PYTHONPATH": search}


def _room_for(rank: int) -> int:
    if rank > LORA_RANKS[-1]:
        raise ValueError(f"rank {rank} is more than vLLM serves ({LORA_RANKS[-1]})")
    return next(room for room in LORA_RANKS if room >= rank)
