"""What a stage of training will take: memory, time and money, from a handful of numbers and no model at hand."""

from __future__ import annotations

from dataclasses import dataclass

from twin_data.contracts.releases import MachinePrice
from twin_data.contracts.training import TrainingForecast, TrainingStage
from twin_train.configuration import TrainingConfig
from twin_train.model_shape import ModelShape
from twin_train.speeds import MeasuredSpeed

MEBIBYTE = 1024 * 1024
RUNTIME_MB = {"cpu": 1300.0, "gpu": 1500.0}
"""Of one process before it holds a weight: interpreter and libraries, or the device's context and buffers."""
STARTUP_SECONDS = {"cpu": 45.0, "gpu": 120.0}
CPU_FLOPS_PER_THREAD = 60e9
GPU_FLOPS = 2.5e14
"""Operations a second that training reaches: SmolLM2-135M on two cores took 56e9 to 84e9 a thread, less beside other
work; a quarter of an H100's peak in bfloat16."""
ADAM_BYTES = 8
"""Two float32 moments a trained weight."""
MASTER_BYTES = 4
GRADIENT_BYTES = 4
HELD = {"cpu": 1.27, "gpu": 1.0}
"""Memory that the allocator holds for each byte in use; on the CPU it keeps it (`launch_files.KEEP_MEMORY`)."""
LOGITS_CHUNK = 256
"""Positions whose logits exist at the same time: TRL's fused output layer works in chunks."""


@dataclass(frozen=True)
class Workload:
    """How much goes through the model."""

    steps: int
    tokens: int
    """Non-pad tokens of all steps."""
    longest: int
    """Tokens of the longest sequence."""
    reference_tokens: int = 0
    """DPO: tokens that are only read, for the reference and the held-out pairs."""


def forecast(
    stage: TrainingStage,
    workload: Workload,
    shape: ModelShape,
    config: TrainingConfig,
    *,
    price: MachinePrice,
    measured: MeasuredSpeed | None = None,
) -> TrainingForecast:
    """What the stage will take; by a former run here where there was one, else by the model's size.

    What a former run held at its peak is believed where it was more than the size says: too little is fatal.
    """
    seconds = forecast_seconds(workload, shape, config, measured)
    memory_mb = max(forecast_memory_mb(stage, workload, shape, config), measured.peak_memory_mb if measured else 0.0)
    return TrainingForecast(
        stage=stage,
        tokens=workload.tokens,
        steps=workload.steps,
        seconds=round(seconds, 1),
        memory_mb=round(memory_mb, 1),
        amount=None if price.per_hour is None else round(price.per_hour * seconds / 3600, 6),
        currency=None if price.per_hour is None else price.currency,
    )


def trained_parameters(shape: ModelShape, config: TrainingConfig) -> int:
    """Weights that get gradients."""
    if config.lora is None:
        return shape.parameters
    return shape.adapter_parameters(config.lora.r, config.lora.target_modules)


def forecast_seconds(
    workload: Workload, shape: ModelShape, config: TrainingConfig, measured: MeasuredSpeed | None
) -> float:
    """Seconds from the start of the processes to their end."""
    if measured is not None:
        # The reference's share is part of the measured speed.
        return measured.startup_seconds + workload.tokens / measured.tokens_per_second
    launch = config.launch
    per_second = (
        GPU_FLOPS * launch.processes
        if launch.device == "gpu"
        else CPU_FLOPS_PER_THREAD * launch.processes * launch.threads_per_process
    )
    operations = workload.tokens * operations_per_token(shape, config) + workload.reference_tokens * 2 * active(shape)
    return STARTUP_SECONDS[launch.device] + operations / per_second


def operations_per_token(shape: ModelShape, config: TrainingConfig) -> float:
    """Floating-point operations of forward and backward (Kaplan et al. 2020); frozen weights need no gradient."""
    weights, trained = active(shape), trained_parameters(shape, config)
    forward = 2.0 * weights
    backward = 2.0 * weights + 2.0 * min(trained, weights)
    return forward * (2 if config.launch.gradient_checkpointing else 1) + backward


def active(shape: ModelShape) -> int:
    """Weights that every token is multiplied with; reading an embedding is no multiplication."""
    return shape.block_parameters + shape.vocabulary * shape.hidden


def forecast_memory_mb(stage: TrainingStage, workload: Workload, shape: ModelShape, config: TrainingConfig) -> float:
    """Peak of all processes together, in MiB: resident on the CPU, of the devices on GPUs."""
    launch, trained = config.launch, trained_parameters(shape, config)
    world = launch.processes
    weight_bytes = 2 if launch.compute_dtype == "bfloat16" and (launch.uses_deepspeed or launch.device == "gpu") else 4
    weights = shape.parameters * weight_bytes * _weights_held(config)
    states = trained * (GRADIENT_BYTES + ADAM_BYTES + MASTER_BYTES) / (world if launch.zero_stage >= 2 else 1)
    copies = 2 if stage is TrainingStage.DPO else 1  # the reference: of the adapter, or of the whole model
    adapters = 0 if config.full else trained * 4 * copies
    weights *= copies if config.full else 1
    sequences = 2 if stage is TrainingStage.DPO else 1
    activations = sequences * workload.longest * activation_bytes_per_token(shape, config)
    logits = sequences * min(workload.longest, LOGITS_CHUNK) * shape.vocabulary * 4 * 3
    per_process = RUNTIME_MB[launch.device] + (weights + states + adapters + activations + logits) / MEBIBYTE
    return world * per_process * HELD[launch.device]


def _weights_held(config: TrainingConfig) -> float:
    """How many times a process holds the model's weights at its peak."""
    launch = config.launch
    if launch.zero_stage != 3:
        return 1.0
    # On the CPU each process reads the whole model before it gives shares away, and gathers them into new buffers.
    return 1.0 / launch.processes if launch.device == "gpu" else 2.0


def activation_bytes_per_token(shape: ModelShape, config: TrainingConfig) -> float:
    """What is kept of one token for the backward pass (Korthikanti et al. 2022, adapted to gated layers and SDPA)."""
    element = 2 if config.launch.compute_dtype == "bfloat16" else 4
    lora = 0 if config.full else 7 * shape.hidden
    block = element * (10 * shape.hidden + 5 * shape.intermediate + lora)
    if config.launch.gradient_checkpointing:
        return shape.layers * element * shape.hidden + block
    return shape.layers * block
