"""TRL's trainers, set up from a job."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from peft import PeftModel
from trl.trainer import utils as trl_utils
from trl.trainer.dpo_config import DPOConfig
from trl.trainer.dpo_trainer import DPOTrainer
from trl.trainer.sft_config import SFTConfig
from trl.trainer.sft_trainer import SFTTrainer

from twin_data.contracts.training import TrainingStage
from twin_train.examples import load_tokenizer
from twin_train.job import TrainingJob, WorkFolder
from twin_train.worker.limits import KEPT_CHECKPOINTS
from twin_train.worker.models import load_policy, new_adapter
from twin_train.worker.watch import Finite, Watch

if TYPE_CHECKING:
    from datasets import Dataset

POLICY_ADAPTER = "default"
"""TRL's name for the adapter that learns."""


class FiniteSftTrainer(Finite, SFTTrainer):
    """SFT that stops at numbers that are none."""


class FiniteDpoTrainer(Finite, DPOTrainer):
    """DPO that stops at numbers that are none, and resumes with the adapter that it had trained."""

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        """Load the checkpoint's adapters, also the one in its root.

        Transformers 5 loads adapters in sub-folders alone where there are any. TRL's frozen copy for the reference
        lies in one, the policy in the root, so that a resumed run began anew from the SFT adapter, and said nothing.
        """
        super()._load_from_checkpoint(resume_from_checkpoint, model)
        policy = self.model if model is None else model
        if isinstance(policy, PeftModel):
            policy.load_adapter(resume_from_checkpoint, POLICY_ADAPTER, is_trainable=True)
            policy.set_adapter(POLICY_ADAPTER)


def score_completions_only() -> None:
    """Have TRL's fused output layer look at the tokens that are learnt and not at whole prompts, on the CPU as on GPUs.

    TRL scores every position where Triton is missing, since some accelerators compile anew for each shape. A CPU does
    not, and nine tokens in ten are prompt.
    """
    utils: Any = trl_utils
    assert hasattr(utils, "_use_triton"), "TRL has changed: see whether it scores completions only by itself now"
    utils._use_triton = lambda device: True


def build_trainer(job: TrainingJob, watch: Watch) -> FiniteSftTrainer | FiniteDpoTrainer:
    """The trainer of the job's stage, with data and weights loaded."""
    if job.config.launch.device == "cpu":
        score_completions_only()
    if job.stage is TrainingStage.SFT:
        return _sft_trainer(job, watch)
    return _dpo_trainer(job, watch)


def _sft_trainer(job: TrainingJob, watch: Watch) -> FiniteSftTrainer:
    arguments = SFTConfig(
        **_common(job),
        # The parent has rendered, tokenised and packed the rows; the collator makes position ids of `seq_lengths`.
        dataset_kwargs={"skip_prepare_dataset": True},
        padding_free=True,
        max_length=None,
    )
    return FiniteSftTrainer(args=arguments, **_parts(job, watch))


def _dpo_trainer(job: TrainingJob, watch: Watch) -> FiniteDpoTrainer:
    dpo = job.config.dpo
    arguments = DPOConfig(
        **_common(job),
        beta=dpo.beta,
        loss_type=["sigmoid", "sft"] if dpo.sft_weight else ["sigmoid"],
        loss_weights=[1.0, dpo.sft_weight] if dpo.sft_weight else None,
        max_length=None,  # the parent has dropped what is too long
        ld_alpha=dpo.surplus_weight,
        # Precomputed ones come out of another path, whose rounding in bfloat16 is worth 0.4 nats a pair: the loss would
        # begin at 0.672, not at ln 2.
        precompute_ref_log_probs=False,
    )
    return FiniteDpoTrainer(args=arguments, **_parts(job, watch))


def _parts(job: TrainingJob, watch: Watch) -> dict[str, Any]:
    """Model, data and watch, which both trainers take alike."""
    files = WorkFolder(job.work)
    return {
        "model": load_policy(job),
        "train_dataset": _read(files.train, files.datasets),
        "eval_dataset": _read(files.held_out, files.datasets) if job.has_held_out else None,
        "processing_class": load_tokenizer(job.base_model),
        "peft_config": new_adapter(job),
        "callbacks": [watch],
    }


def _common(job: TrainingJob) -> dict[str, Any]:
    config, launch, stage = job.config, job.config.launch, job.config.stage(job.stage)
    evaluates = job.has_held_out and stage.eval_steps is not None
    return {
        "output_dir": str(WorkFolder(job.work).checkpoints),
        "max_steps": job.steps,
        "per_device_train_batch_size": 1,
        "per_device_eval_batch_size": 1,
        "gradient_accumulation_steps": config.accumulation(job.stage),
        "learning_rate": stage.learning_rate,
        "lr_scheduler_type": "cosine",
        "warmup_steps": round(stage.warmup_share * job.steps),
        "weight_decay": stage.weight_decay,
        "max_grad_norm": stage.max_grad_norm,
        "save_strategy": "steps",
        "save_steps": stage.save_steps,
        "save_total_limit": KEPT_CHECKPOINTS,
        "eval_strategy": "steps" if evaluates else "no",
        "eval_steps": stage.eval_steps if evaluates else None,
        "logging_steps": 1,
        "logging_nan_inf_filter": False,
        "report_to": "none",
        "disable_tqdm": True,
        "seed": stage.seed,
        "data_seed": stage.seed,
        "use_cpu": launch.device == "cpu",
        "bf16": launch.compute_dtype == "bfloat16",
        "gradient_checkpointing": launch.gradient_checkpointing,
        "dataloader_pin_memory": launch.device == "gpu",
    }


def _read(path: Path, cache: Path) -> Dataset:
    """Rows of a JSON-lines file. Processes share the cache: what the first one computes of them the others read."""
    from datasets import Dataset

    rows = Dataset.from_json(str(path), cache_dir=str(cache))
    assert isinstance(rows, Dataset)
    return rows
