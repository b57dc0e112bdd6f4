"""Room on the GPUs: the platform's vLLM, which takes nearly all their memory, makes way for a training."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flows.platform import supervisor
from flows.platform.service import Service
from flows.platform.services import services
from flows.platform.settings import PlatformSettings
from flows.reporting import report
from twin_data.configuration.home import TwinHome
from twin_serve.llm.launcher import VARIABLES as LLM_VARIABLES
from twin_serve.llm.vllm_command import Device
from twin_train.configuration import LaunchSettings

VLLM = "the platform's vLLM"


@contextmanager
def room_for_training(home: TwinHome, launch: LaunchSettings, is_lacking: bool) -> Iterator[None]:
    """Stop the platform's vLLM while a model is trained, where both are on GPUs, it runs and memory is lacking.

    Only one that this home's platform has started is stopped. Afterwards it runs again, also if it was stopped by a
    training that was killed; after an error nobody waits until it does.

    Raises:
        PlatformError: It would not end, or cannot be started again.
    """
    llm = _vllm_on_gpus(home, launch)
    if llm is None:
        yield
        return
    if is_lacking and supervisor.set_aside(home, llm, report=report):
        report(f"{VLLM} has made room on the GPU(s): no twin answers until this stage is trained")
    succeeded = False
    try:
        yield
        succeeded = True
    finally:
        supervisor.bring_back(home, llm, wait=succeeded, report=report)


def what_makes_room(home: TwinHome, launch: LaunchSettings) -> str:
    """What runs on the GPUs now and would be stopped for a training; empty if nothing."""
    llm = _vllm_on_gpus(home, launch)
    return VLLM if llm and supervisor.is_running(home, llm.name) else ""


def _vllm_on_gpus(home: TwinHome, launch: LaunchSettings) -> Service | None:
    """The platform's vLLM, if it is for GPUs, and these are to be trained on."""
    if launch.device != "gpu":
        return None
    (llm,) = (one for one in services(home, PlatformSettings.from_environment()) if one.name == "llm")
    return llm if llm.env.get(LLM_VARIABLES["device"]) == Device.GPU else None
