"""What a stage of training will take: memory, time and money, from a handful of numbers and no model at hand."""

from __future__ import annotations

from dataclasses import dataclass

from twin_data.contracts.releases import MachinePrice
from twin_data.contracts.training import TrainingForecast, TrainingStage
from twin_train.configuration import TrainingConfig
from twin_train.launch_files import GRADIENT_BUCKET, KERNELS_KEPT
from twin_train.model_shape import ModelShape
from twin_train.speeds import MeasuredSpeed

MEBIBYTE = 1024 * 1024
RUNTIME_MB = {"cpu": 980.0, "gpu": 1500.0}
"""Of one process before it holds a weight: interpreter and libraries (as measured), or the device's context."""
STARTUP_SECONDS = {"cpu": 45.0, "gpu": 120.0}
CPU_FLOPS_PER_THREAD = 60e9
GPU_FLOPS = 2.5e14
"""Operations a second that training reaches: SmolLM2-135M on two cores took 56e9 to 84e9 a thread, less beside other
work; a quarter of an H100's peak in bfloat16."""
ADAM_BYTES = 8
"""Two float32 moments a trained weight."""
MASTER_BYTES = 4
GRADIENT_BYTES = 4
GATHERED_WEIGHTS = 1_050_000_000
"""Of which ZeRO-3 keeps whole copies on each GPU at a time, beside its share: a billion, and what it fetches ahead, by
DeepSpeed's defaults (`stage3_max_live_parameters`, `stage3_prefetch_bucket_size`)."""
HELD = {"cpu": 1.3, "gpu": 1.0}
"""Memory held for each byte in use; on the CPU the allocator keeps it in pieces (`launch_files.KEEP_MEMORY`)."""
TILE_POSITIONS, TILE_VOCABULARY = 4096, 32768
"""Logits that exist at the same time: TRL's fused output layer works in tiles, of the positions that are learnt."""
SCORING_BYTES = {"cpu": 29, "gpu": 0}
"""Held for each on the way back, beside itself: seven float32 and a mark; on GPUs a kernel works in its place."""
KERNEL_MB = 0.6
"""Of one product's compiled kernel (oneDNN), such as only bfloat16 on the CPU needs."""


@dataclass(frozen=True)
class Workload:
    """How much goes through the model."""

    steps: int
    tokens: int
    """Non-pad tokens of all steps."""
    longest: int
    """Tokens of the longest sequence; of a pair, of its longer side."""
    learnt: int | None = None
    """Most tokens of one sequence that are learnt, of a pair of both sides together; None if all may be."""
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
        measured=measured is not None,
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
    world, sides = launch.processes, 2 if stage is TrainingStage.DPO else 1
    weights = weight_bytes(shape, config) * _weights_held(config)
    states = trained * (GRADIENT_BYTES + ADAM_BYTES + MASTER_BYTES) / (world if launch.zero_stage >= 2 else 1)
    # DPO's reference is a copy: of the adapter, or of the whole model.
    adapters = 0 if config.full else trained * 4 * sides
    weights *= sides if config.full else 1
    activations = sides * workload.longest * activation_bytes_per_token(shape, config)
    learnt = sides * workload.longest if workload.learnt is None else workload.learnt
    logits = min(learnt, TILE_POSITIONS) * min(shape.vocabulary, TILE_VOCABULARY) * _logit_bytes(config)
    in_use = RUNTIME_MB[launch.device] + _kernels_mb(config)
    buffers = _bucket_bytes(config) + _gathered_bytes(shape, config)
    in_use += (weights + states + adapters + activations + logits + buffers) / MEBIBYTE
    return world * in_use * HELD[launch.device]


def weight_bytes(shape: ModelShape, config: TrainingConfig) -> int:
    """Bytes of the model's weights, as they are loaded and, under autocast, once more as they are multiplied."""
    if config.launch.compute_dtype == "float32":
        return 4 * shape.parameters
    if _autocasts(config):
        return 4 * shape.parameters + 2 * shape.block_parameters
    return 2 * shape.parameters


def _autocasts(config: TrainingConfig) -> bool:
    """Whether weights stay in float32 and the graph keeps each that a product took in bfloat16."""
    launch = config.launch
    without = launch.compute_dtype == "bfloat16" and not launch.uses_deepspeed
    return without and (launch.device == "cpu" or config.full)


def _logit_bytes(config: TrainingConfig) -> int:
    return _element(config) + SCORING_BYTES[config.launch.device]


def _kernels_mb(config: TrainingConfig) -> float:
    launch = config.launch
    return KERNELS_KEPT * KERNEL_MB if launch.device == "cpu" and launch.compute_dtype == "bfloat16" else 0.0


def _bucket_bytes(config: TrainingConfig) -> int:
    """DeepSpeed's buffers of gradients: on GPUs one is filled while the other is sent."""
    if not config.launch.uses_deepspeed:
        return 0
    return GRADIENT_BUCKET * _element(config) * (2 if config.launch.device == "gpu" else 1)


def _gathered_bytes(shape: ModelShape, config: TrainingConfig) -> int:
    """Of the layers that ZeRO-3 puts together again on a GPU while they work; on the CPU `_weights_held` has them."""
    if config.launch.zero_stage != 3 or config.launch.device == "cpu":
        return 0
    return min(shape.parameters, GATHERED_WEIGHTS) * _element(config)


def _element(config: TrainingConfig) -> int:
    return 2 if config.launch.compute_dtype == "bfloat16" else 4


def _weights_held(config: TrainingConfig) -> float:
    """How many times a process holds the model's weights at its peak."""
    launch = config.launch
    if launch.zero_stage != 3:
        return 1.0
    # On the CPU each process reads the whole model before it gives shares away, and gathers them into new buffers.
    return 1.0 / launch.processes if launch.device == "gpu" else 2.0


def activation_bytes_per_token(shape: ModelShape, config: TrainingConfig) -> float:
    """What the graph keeps of one token for the way back (as Korthikanti et al. 2022 count, for gated layers and LoRA).

    Of a layer: queries, keys and values, these two repeated for each query head (`row_by_row`), what attention gave and
    its copy in order; the four products of the gated layer; both normed inputs, which autocast gives each adapter anew;
    the low-rank products; and the stream before both norms, always in float32. Frozen weights need no inputs of their
    own, and attention keeps no matrix of T by T.
    """
    element, queries = _element(config), shape.heads * shape.head_dim
    inputs = 5 if _autocasts(config) else 2
    rank = 0 if config.lora is None else len(shape.linear_layers) * config.lora.r
    block = element * (5 * queries + 4 * shape.intermediate + inputs * shape.hidden + rank) + 2 * 4 * shape.hidden
    if config.launch.gradient_checkpointing:
        return shape.layers * element * shape.hidden + block
    return shape.layers * block
