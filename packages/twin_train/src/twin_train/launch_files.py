"""Command, environment and configuration files with which Accelerate starts the training processes."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from twin_data.contracts.errors import TrainingError
from twin_data.registry.durable import write_file
from twin_train.configuration import LaunchSettings, TrainingConfig
from twin_train.job import WorkFolder

LOOPBACK = "127.0.0.1"
EXTENSIONS_FOLDER = "torch-extensions"
COMPILER_VARIABLE = "CXX"
INSTALL_COMPILER = "apt-get install g++, or set training.launch.zero_stage to 0 and processes to 1 in the recipe"

KEEP_MEMORY = {
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": str(64 * 1024**3),
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
}
"""glibc's allocator gives every large tensor back to the kernel and asks for zeroed pages again: a third of the time of
training on a CPU was spent in page faults. These keep the memory, in huge pages."""
KERNELS_KEPT = 256
"""Kernels that oneDNN compiles for products in bfloat16, one a shape: a packed sequence has 30 shapes of its own and
six a row, which all its layers share."""
KEEP_FEW_KERNELS = {
    "LRU_CACHE_CAPACITY": str(KERNELS_KEPT),
    "ONEDNN_PRIMITIVE_CACHE_CAPACITY": str(KERNELS_KEPT),
}
"""PyTorch and oneDNN keep 1,024 each, at half a MiB or more. Sequences and rows have lengths of their own: a training
compiled 1,900, and its tensors came to lie between them, 1.7 GiB a process for kernels that are seldom run again."""

GRADIENT_BUCKET = 50_000_000
"""Gradients that DeepSpeed gathers before it sends them. It makes the buffer anew in every backward pass, whatever is
trained: by its default of 500 million a GB, where an adapter has a few million weights."""


def accelerate_config(launch: LaunchSettings, files: WorkFolder) -> dict[str, object]:
    """Accelerate's configuration file."""
    config: dict[str, object] = {
        "compute_environment": "LOCAL_MACHINE",
        "distributed_type": "DEEPSPEED" if launch.uses_deepspeed else "NO",
        "use_cpu": launch.device == "cpu",
        "num_machines": 1,
        "machine_rank": 0,
        "num_processes": launch.processes,
        "main_training_function": "main",
        "main_process_ip": LOOPBACK,
        "mixed_precision": "no" if launch.uses_deepspeed or launch.compute_dtype == "float32" else "bf16",
        "rdzv_backend": "static",
        "same_network": True,
        "debug": False,
    }
    if launch.uses_deepspeed:
        del config["mixed_precision"]  # DeepSpeed's own file says it, and Accelerate refuses to hear it twice
        config["deepspeed_config"] = {
            "deepspeed_config_file": str(files.deepspeed),
            # On GPUs each process loads its share only; on the CPU all of it lies in the same memory anyway.
            "zero3_init_flag": launch.zero_stage == 3 and launch.device == "gpu",
        }
    return config


def deepspeed_config(config: TrainingConfig) -> dict[str, object]:
    """DeepSpeed's configuration file; what is `auto` follows the trainer's arguments."""
    launch = config.launch
    zero: dict[str, object] = {
        "stage": launch.zero_stage,
        "overlap_comm": launch.device == "gpu",
        "contiguous_gradients": True,
        "reduce_bucket_size": GRADIENT_BUCKET,
    }
    if launch.zero_stage == 3:
        zero["stage3_gather_16bit_weights_on_model_save"] = True
    return {
        "zero_optimization": zero,
        "train_batch_size": "auto",
        "train_micro_batch_size_per_gpu": "auto",
        "gradient_accumulation_steps": "auto",
        "gradient_clipping": "auto",
        "zero_allow_untested_optimizer": True,
        "zero_force_ds_cpu_optimizer": False,
        "bf16": {"enabled": launch.compute_dtype == "bfloat16"},
        "fp16": {"enabled": False},
        "steps_per_print": 10**9,
    }


def write_launch_files(config: TrainingConfig, files: WorkFolder) -> None:
    """Write both configuration files."""
    write_file(files.accelerate, _json(accelerate_config(config.launch, files)))
    if config.launch.uses_deepspeed:
        write_file(files.deepspeed, _json(deepspeed_config(config)))


def launch_command(launch: LaunchSettings, files: WorkFolder, *, port: int, parent: int) -> list[str]:
    """The launcher's command line."""
    command = [sys.executable, "-m", "twin_train.launcher", str(parent), "--config_file", str(files.accelerate)]
    if launch.processes > 1 or launch.uses_deepspeed:
        command += ["--main_process_port", str(port)]
    return [*command, "--module", "twin_train.worker", str(files.job)]


def launch_environment(launch: LaunchSettings, cache: Path, current: Mapping[str, str]) -> dict[str, str]:
    """The processes' environment: no network, counted threads, compiled extensions kept between runs."""
    environment = {
        **current,
        # ninja lies beside the interpreter, and DeepSpeed looks for it on the path
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{current.get('PATH', os.defpath)}",
        "HF_HUB_OFFLINE": "1",
        "HF_DATASETS_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "TQDM_DISABLE": "1",
        "PYTHONHASHSEED": "0",
        "OMP_NUM_THREADS": str(launch.threads_per_process),
        # Threads that wait busily take the cores from each other once anything else runs.
        "OMP_WAIT_POLICY": "PASSIVE",
        "TORCH_EXTENSIONS_DIR": str(cache / EXTENSIONS_FOLDER),
    }
    for inherited in [name for name in environment if name.startswith(("ACCELERATE_", "DEEPSPEED_"))]:
        del environment[inherited]  # settings of the user's other trainings
    for own in ("RANK", "LOCAL_RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"):
        environment.pop(own, None)
    if launch.device == "cpu":
        environment |= {"DS_ACCELERATOR": "cpu", "CUDA_VISIBLE_DEVICES": "", **KEEP_MEMORY, **KEEP_FEW_KERNELS}
    return environment


def check_compiler(launch: LaunchSettings, environment: Mapping[str, str]) -> None:
    """DeepSpeed compiles its communication for the CPU when it starts.

    Raises:
        TrainingError: There is no C++ compiler.
    """
    if not launch.uses_deepspeed or launch.device == "gpu":
        return
    compiler = environment.get(COMPILER_VARIABLE, "g++")
    for program, install in ((compiler, INSTALL_COMPILER), ("ninja", "make setup")):
        if shutil.which(program, path=environment.get("PATH")) is None:
            raise TrainingError(f"DeepSpeed on the CPU needs {program!r}, which is not on the path", next_step=install)


def free_port() -> int:
    """A port of the loopback interface that nobody uses now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def _json(config: dict[str, object]) -> bytes:
    return (json.dumps(config, indent=2) + "\n").encode()
