"""The `training` part of a recipe: what is trained, how long, on what. Defaults suit SmolLM2-135M on two cores."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from twin_data.contracts.base import Contract
from twin_data.contracts.training import TrainingStage
from twin_train.matrix_speed import is_faster_in_bfloat16

MAX_LEARNING_RATE = 0.1
"""Far above what any adapter bears: what is larger lacks its exponent, as 4 in the place of 4e-4."""


class LoraSettings(Contract):
    """The low-rank adapter: `W + (alpha / r) B A`, of which only A and B are trained."""

    r: int = Field(default=16, ge=1, le=512)
    """Rank. vLLM serves up to 512; the LLM microservice reserves memory for the largest."""
    alpha: int = Field(default=32, ge=1)
    """Scale; the update is multiplied by alpha / r."""
    dropout: float = Field(default=0.0, ge=0, lt=1)
    """Share of the adapter's inputs that are zeroed in SFT; DPO switches it off."""
    target_modules: Literal["all-linear"] | tuple[str, ...] = "all-linear"
    """Names of the linear layers that get an adapter; `all-linear` is all of them but the output layer."""

    @model_validator(mode="after")
    def _has_targets(self) -> Self:
        if not self.target_modules:
            raise ValueError("lora.target_modules is empty; name layers such as [q_proj, v_proj] or write all-linear")
        if "lm_head" in self.target_modules:
            raise ValueError("lora.target_modules holds lm_head, which cannot be adapted; remove it")
        return self


class StageSettings(Contract):
    """What SFT and DPO have in common."""

    enabled: bool = True
    epochs: float = Field(default=1.0, gt=0, le=100)
    """Passes over the dataset; `max_steps` and `max_tokens` may end training earlier."""
    max_steps: int | None = Field(default=None, ge=1)
    """Optimizer steps at most; None is no cap."""
    learning_rate: float = Field(default=5e-4, gt=0, le=MAX_LEARNING_RATE)
    """Peak of the schedule."""
    warmup_share: float = Field(default=0.05, ge=0, lt=1)
    """Share of the steps in which the learning rate rises from 0; then it falls as a cosine."""
    weight_decay: float = Field(default=0.0, ge=0)
    max_grad_norm: float = Field(default=1.0, gt=0)
    """Longer gradients are shortened to this norm."""
    save_steps: int = Field(default=20, ge=1)
    """Optimizer steps between checkpoints: at most so much is lost when a run is killed."""
    eval_steps: int | None = Field(default=None, ge=1)
    """Optimizer steps between evaluations on held-out rows; None evaluates at the end only."""
    seed: int = Field(default=42, ge=0, lt=2**32)
    """Of the adapter's first weights, the order of the data and dropout."""


class SftSettings(StageSettings):
    """Supervised fine-tuning on the completions of the instruction dataset."""

    epochs: float = Field(default=2.0, gt=0, le=100)
    max_tokens: int | None = Field(default=None, ge=1)
    """Tokens trained on at most, prompts included; None is no cap."""
    sequence_length: int = Field(default=1024, ge=64)
    """Tokens of one packed sequence; a longer row is dropped and counted, never cut."""
    sequences_per_step: int = Field(default=4, ge=1)
    """Packed sequences of one optimizer step, over all processes: results do not depend on their number."""
    packing: bool = True
    """Put several rows into one sequence, each blind to the others; off: one row a sequence."""
    max_eval_sequences: int = Field(default=8, ge=0)
    """Held-out sequences whose loss is watched; 0 watches none."""


class DpoSettings(StageSettings):
    """Direct preference optimisation from the SFT adapter, which is also its reference (Rafailov et al. 2023)."""

    learning_rate: float = Field(default=5e-5, gt=0, le=MAX_LEARNING_RATE)
    beta: float = Field(default=0.1, gt=0)
    """How strongly the policy is held to the reference."""
    max_pairs: int | None = Field(default=None, ge=1)
    """Pairs of the dataset that are used at most; None uses all."""
    max_length: int = Field(default=1024, ge=64)
    """Tokens of prompt and answer; a pair with a longer side is dropped and counted, never cut."""
    pairs_per_step: int = Field(default=4, ge=1)
    """Pairs of one optimizer step, over all processes."""
    surplus_weight: float | None = Field(default=None, ge=0, le=1)
    """Weight of the tokens by which one side is longer than the other (LD-DPO): 0 ignores them, 1 or None is plain DPO,
    which trusts the dataset's balance of lengths."""
    sft_weight: float = Field(default=0.0, ge=0)
    """Weight of the chosen side's negative log-likelihood per token beside the preference loss (Pang et al. 2024). The
    preference alone may make both sides unlikelier: a refusal is then preferred and still never written."""
    max_held_out_pairs: int = Field(default=200, ge=0)
    """Held-out pairs on which preference accuracy is measured; 0 measures nothing."""


class LaunchSettings(Contract):
    """Processes, their memory plan and the device."""

    processes: int = Field(default=2, ge=1, le=1024)
    """Training processes; on GPUs one each."""
    zero_stage: Literal[0, 2, 3] = 2
    """DeepSpeed ZeRO: 2 shares gradients and optimizer among processes, 3 the weights too; 0 is without DeepSpeed."""
    device: Literal["cpu", "gpu"] = "cpu"
    dtype: Literal["auto", "bfloat16", "float32"] = "auto"
    """Of the matrix products; `auto` is bfloat16 on a GPU, and on a CPU whichever is measured to be faster. What is
    trained is kept in float32: the weights, or DeepSpeed's copy of them."""
    threads_per_process: int = Field(default=1, ge=1)
    """`OMP_NUM_THREADS` of each process; processes times threads should not exceed the cores."""
    gradient_checkpointing: bool = False
    """Compute activations twice instead of keeping them: a third more time for a fraction of the memory."""
    timeout_s: int = Field(default=24 * 3600, ge=10)
    """A stage that takes longer is stopped; running it again goes on from its last checkpoint."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.processes > 1 and self.zero_stage == 0:
            raise ValueError(
                f"launch.processes is {self.processes} with zero_stage 0: set zero_stage to 2 or 3, or processes to 1"
            )
        return self

    @property
    def compute_dtype(self) -> Literal["bfloat16", "float32"]:
        """`dtype` as it is on this machine."""
        if self.dtype != "auto":
            return self.dtype
        return "bfloat16" if self.device == "gpu" or is_faster_in_bfloat16() else "float32"

    @property
    def uses_deepspeed(self) -> bool:
        """Whether DeepSpeed runs the optimizer."""
        return self.zero_stage > 0


class TrainingConfig(Contract):
    """The `training` part of a recipe."""

    lora: LoraSettings | None = LoraSettings()
    """The adapter; `null` trains every weight instead, and the result is a model of its own, which a recipe refuses:
    bundles hold adapters."""
    sft: SftSettings = SftSettings()
    dpo: DpoSettings = DpoSettings()
    launch: LaunchSettings = LaunchSettings()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        sizes = {"sft.sequences_per_step": self.sft.sequences_per_step, "dpo.pairs_per_step": self.dpo.pairs_per_step}
        for name, size in sizes.items():
            if size % self.launch.processes:
                fix = -(-size // self.launch.processes) * self.launch.processes
                raise ValueError(
                    f"{name} is {size}, not a multiple of launch.processes ({self.launch.processes}); set it to {fix}"
                )
        return self

    @property
    def full(self) -> bool:
        """Whether every weight is trained, and not an adapter."""
        return self.lora is None

    def stage(self, stage: TrainingStage) -> StageSettings:
        """The settings that both stages have."""
        return self.sft if stage is TrainingStage.SFT else self.dpo

    def accumulation(self, stage: TrainingStage) -> int:
        """Sequences (SFT) or pairs (DPO) that each process works through before an optimizer step."""
        size = self.sft.sequences_per_step if stage is TrainingStage.SFT else self.dpo.pairs_per_step
        return size // self.launch.processes
