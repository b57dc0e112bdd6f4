"""The base model and where training starts on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twin_data.contracts.training import TrainingStage
from twin_train.job import TrainingJob
from twin_train.worker import attention

if TYPE_CHECKING:
    import torch
    from peft import LoraConfig
    from transformers import PreTrainedModel


def load_policy(job: TrainingJob) -> Any:
    """The model to train: the base, the base with the start adapter, or with `full` the start model."""
    source = job.start if job.config.full and job.start else job.base_model
    # Both keep packed rows apart by their position ids.
    model = _load(str(source), weights_dtype(job), attention.register() if _is_on_cpu(job) else "sdpa")
    if job.start is None or job.config.full:
        return model
    from peft import PeftModel

    return PeftModel.from_pretrained(
        model, str(job.start), is_trainable=True, autocast_adapter_dtype=job.config.launch.zero_stage != 3
    )


def new_adapter(job: TrainingJob) -> LoraConfig | None:
    """The adapter that SFT begins with; None when training goes on from one, or is of all weights."""
    lora = job.config.lora
    if lora is None or job.start is not None:
        return None
    from peft import LoraConfig

    targets = lora.target_modules
    return LoraConfig(
        r=lora.r,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout if job.stage is TrainingStage.SFT else 0.0,
        target_modules=targets if isinstance(targets, str) else list(targets),
        task_type="CAUSAL_LM",
    )


def weights_dtype(job: TrainingJob) -> torch.dtype:
    """In what the frozen weights are kept. Without DeepSpeed, bfloat16 is a matter of autocast on the CPU."""
    import torch

    launch = job.config.launch
    if launch.compute_dtype == "float32":
        return torch.float32
    if not launch.uses_deepspeed and (launch.device == "cpu" or job.config.full):
        return torch.float32
    return torch.bfloat16


def _is_on_cpu(job: TrainingJob) -> bool:
    return job.config.launch.device == "cpu"


def _load(source: str, dtype: torch.dtype, implementation: str) -> PreTrainedModel:
    from transformers import AutoModelForCausalLM

    model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
        source, dtype=dtype, attn_implementation=implementation, local_files_only=True
    )
    return model
