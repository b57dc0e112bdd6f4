"""Start vLLM with what the registry says: `python -m twin_serve.llm.launcher`.

The launcher becomes vLLM (exec), so that whoever started it holds vLLM's own process. vLLM lives in an
environment of its own; nothing of it is imported here. Ready when `/health` answers.
"""

from __future__ import annotations

import ctypes
import os
import shlex
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, NoReturn

from pydantic import Field, ValidationError, field_validator

from twin_data.configuration.home import TwinHome, cache_folder
from twin_data.contracts.base import Contract
from twin_data.contracts.errors import ConfigurationError, PlatformError, TwinError
from twin_data.registry import open_registry
from twin_data.registry.port import BundleRegistry
from twin_serve.llm.served_models import bare_base_model, live_bundles, served_models
from twin_serve.llm.vllm_command import (
    LORA_RANKS,
    AdapterRoom,
    CpuDtype,
    Device,
    ServedModels,
    vllm_argv,
    vllm_environment,
)

NUMA_LIBRARY = "libnuma.so.1"
VARIABLES = {
    "python": "TWIN_LLM_PYTHON",
    "port": "TWIN_LLM_PORT",
    "device": "TWIN_LLM_DEVICE",
    "cpu_dtype": "TWIN_LLM_CPU_DTYPE",
    "arguments": "TWIN_LLM_ARGS",
    "personas": "TWIN_PERSONAS",
    "base_model": "TWIN_BASE_MODEL",
    "max_model_len": "TWIN_MAX_MODEL_LEN",
    "max_loras": "TWIN_MAX_LORAS",
    "max_cpu_loras": "TWIN_MAX_CPU_LORAS",
    "max_lora_rank": "TWIN_MAX_LORA_RANK",
}

Execute = Callable[[str, tuple[str, ...], dict[str, str]], object]


class LauncherSettings(Contract):
    """What the environment decides, under the names in `VARIABLES`."""

    python: Path
    """Interpreter of the environment that has vLLM."""
    port: Annotated[int, Field(ge=1, le=65535)] = 8001
    device: Device = Device.CPU
    cpu_dtype: CpuDtype | None = None
    """In what a CPU multiplies; None goes by what the processor says of itself."""
    arguments: str = ""
    """Further arguments for vLLM, as in a shell: `--tensor-parallel-size 2`."""
    personas: str = ""
    """The personas to serve, separated by commas; all if empty."""
    base_model: Path | None = None
    """Folder of the model that is served as long as no bundle is registered."""
    max_model_len: Annotated[int, Field(ge=256)] = 2048
    """Its context."""
    max_loras: Annotated[int, Field(ge=1, le=256)] = 4
    """Different adapters in one batch."""
    max_cpu_loras: Annotated[int, Field(ge=1, le=4096)] = 8
    """Adapters kept in main memory."""
    max_lora_rank: Annotated[int, Field(ge=1, le=LORA_RANKS[-1])] = 32
    """The highest rank that an adapter loaded later may have."""

    @field_validator("arguments")
    @classmethod
    def _can_be_split(cls, arguments: str) -> str:
        shlex.split(arguments)  # raises ValueError for an open quotation
        return arguments

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> LauncherSettings:
        """Read the environment; an empty variable counts as unset.

        Raises:
            ConfigurationError: A variable is missing or wrong.
        """
        given = {field: environment[name] for field, name in VARIABLES.items() if environment.get(name)}
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            field = str(error.errors()[0]["loc"][0])
            name, what = VARIABLES[field], error.errors()[0]["msg"]
            value = f"{name}={given[field]!r}" if field in given else name
            raise ConfigurationError(f"{value}: {what}", next_step=f"set {name}, or start it by `twin up`") from error


def launch(
    settings: LauncherSettings,
    registry: BundleRegistry,
    cache: Path,
    environment: Mapping[str, str],
    *,
    execute: Execute = os.execve,
) -> None:
    """Become vLLM. Returns only if `execute` does, as a test's may.

    Raises:
        TwinError: Something that vLLM needs is missing or not what it should be.
    """
    _check_machine(settings)
    models = _choose_models(settings, registry, cache)
    argv = vllm_argv(
        settings.python,
        models,
        port=settings.port,
        device=settings.device,
        cpu_dtype=settings.cpu_dtype,
        room=AdapterRoom(at_once=settings.max_loras, in_memory=settings.max_cpu_loras, rank=settings.max_lora_rank),
        extra=tuple(shlex.split(settings.arguments)),
    )
    names = ", ".join(adapter.name for adapter in models.adapters) or "none"
    _say(f"serving {models.folder} on port {settings.port}, {models.max_model_len} tokens, adapters: {names}")
    for reason in models.left_out:
        _say(f"not served from the start: {reason}")
    try:
        execute(argv[0], argv, vllm_environment(settings.device, cache, environment))
    except OSError as error:
        raise PlatformError(f"{argv[0]} cannot be run: {error}", next_step="make setup") from error


def _choose_models(settings: LauncherSettings, registry: BundleRegistry, cache: Path) -> ServedModels:
    personas = [name.strip() for name in settings.personas.split(",") if name.strip()]
    live = live_bundles(registry, personas)
    if live.bundles:
        return served_models(registry, live, cache / "models")
    if settings.base_model:
        return bare_base_model(settings.base_model, settings.max_model_len)
    whose = f"of {', '.join(personas)} " if personas else ""
    raise PlatformError(
        f"there is nothing to serve: no bundle {whose}is registered",
        next_step="run `twin features PERSONA`, or set TWIN_BASE_MODEL to a model's folder",
    )


def _check_machine(settings: LauncherSettings) -> None:
    if not os.access(settings.python, os.X_OK) or settings.python.is_dir():
        raise PlatformError(
            f"vLLM's interpreter {settings.python} ({VARIABLES['python']}) does not exist or cannot be run",
            next_step="make setup, or point it at the Python of an environment that has vLLM",
        )
    if settings.device is Device.CPU:
        try:
            ctypes.CDLL(NUMA_LIBRARY)
        except OSError as error:
            raise PlatformError(
                f"the system library {NUMA_LIBRARY}, which vLLM needs on a CPU, is missing",
                next_step="apt-get install libnuma1",
            ) from error


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def main() -> NoReturn:
    """Read the environment and become vLLM, or say in one line why not and exit with 1."""
    try:
        settings = LauncherSettings.from_environment(os.environ)
        launch(settings, open_registry(TwinHome.from_environment()), cache_folder(), os.environ)
    except TwinError as error:
        _say(f"error: {error.message}" + (f"; next: {error.next_step}" if error.next_step else ""))
    sys.exit(1)


if __name__ == "__main__":
    main()
