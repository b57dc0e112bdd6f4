"""Recipes: one YAML file a way of running. The flows are the only place that composes every package's settings."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from flows.recipe_files import recipe_path
from flows.schedules import ScheduleSettings
from twin_data.configuration.yaml_files import load_yaml
from twin_data.contracts.base import Contract
from twin_data.contracts.digests import digest_value
from twin_data.contracts.endpoints import ReferenceEndpoint
from twin_data.contracts.releases import GenerationSettings, MachinePrice, RetrievalSettings, VerificationSettings
from twin_data.corpus.study import CorpusReportConfig
from twin_data.generate.few_shot import FewShotConfig
from twin_data.generate.pipeline import DatasetsConfig
from twin_data.scoring.voice import VoiceConfig
from twin_data.transform.pipeline import FeaturesConfig
from twin_eval.judging.config import JudgeConfig
from twin_eval.monitoring.config import MonitoringConfig
from twin_train.base_models import BaseModelConfig
from twin_train.configuration import TrainingConfig

DEFAULT_RECIPE = "demo"
QUICK_QUESTIONS, QUICK_TOKENS = 60, 80
"""Of a quick look: questions, and the longest answer to each."""


class EvaluationSettings(Contract):
    """How a bundle's questions are asked."""

    concurrency: int = Field(default=4, ge=1, le=64)
    max_questions: int | None = Field(default=None, ge=1)
    """Cap for quick runs; None asks all."""
    writing_briefs: int = Field(default=16, ge=0, le=100)
    """Texts that the twin is asked to write, at most, so that its voice can be heard at length."""
    judge: JudgeConfig | None = None
    """A model that is asked for a second opinion on sentences and answers; it decides nothing."""
    reference: ReferenceEndpoint | None = None
    """A strong model that the ladder asks as well, as a yardstick."""

    @property
    def quick(self) -> EvaluationSettings:
        """A quick look: few questions, and nothing to be written."""
        fewer = min(QUICK_QUESTIONS, self.max_questions or QUICK_QUESTIONS)
        return self.model_copy(update={"max_questions": fewer, "writing_briefs": 0})


class Recipe(Contract):
    """The whole of a recipe file."""

    name: str
    description: str
    label: str = ""
    """Put on every bundle the recipe makes, for instance `demo: capped`."""
    base_model: BaseModelConfig = BaseModelConfig()
    features: FeaturesConfig = FeaturesConfig()
    corpus_report: CorpusReportConfig = CorpusReportConfig()
    """How the report on the corpus measures; the verdict's bars are `features.verdict`."""
    retrieval: RetrievalSettings = RetrievalSettings()
    voice: VoiceConfig = VoiceConfig()
    datasets: DatasetsConfig = DatasetsConfig()
    training: TrainingConfig = TrainingConfig()
    verification: VerificationSettings = VerificationSettings()
    generation: GenerationSettings = GenerationSettings()
    few_shot: FewShotConfig = FewShotConfig()
    """Of the ladder's few-shot rung."""
    evaluation: EvaluationSettings = EvaluationSettings()
    monitoring: MonitoringConfig = MonitoringConfig()
    schedule: ScheduleSettings = ScheduleSettings()
    price: MachinePrice = MachinePrice()

    @model_validator(mode="after")
    def _trains_as_it_serves(self) -> Self:
        """A model is trained on prompts of the kind that it will be served."""
        trained, served = self.datasets.instructions, self.retrieval
        for name in ("excerpts",) if served.excerpts else ("excerpts", "passages"):
            wanted, found = getattr(served, name), getattr(trained, name)
            if wanted != found:
                raise ValueError(
                    f"datasets.instructions.{name} is {found} and retrieval.{name} is {wanted}: set both to {wanted}"
                )
        return self

    @model_validator(mode="after")
    def _leaves_room_for_a_prompt(self) -> Self:
        """A request that asks for the whole context as its answer is refused, whatever the question."""
        for name in ("max_tokens", "write_max_tokens"):
            if (longest := getattr(self.generation, name)) >= self.base_model.max_model_len:
                raise ValueError(
                    f"generation.{name} is {longest} and base_model.max_model_len, prompt and answer together, "
                    f"{self.base_model.max_model_len}: lower the first or raise the second"
                )
        return self

    @model_validator(mode="after")
    def _trains_what_can_be_released(self) -> Self:
        """A bundle holds an adapter; a whole model of its own could neither be released nor served."""
        if self.training.full:
            raise ValueError(
                "training.lora is null, which trains every weight; only adapters can be released and served: "
                "remove the line, or give the adapter's settings, such as {r: 16, alpha: 32}"
            )
        return self

    @model_validator(mode="after")
    def _counts_in_one_currency(self) -> Self:
        """Amounts of the reference and of the machine are added up in budgets and compared in the ladder."""
        charged = self.evaluation.reference.price if self.evaluation.reference else None
        if charged and charged.currency != self.price.currency:
            raise ValueError(
                f"evaluation.reference.price.currency is {charged.currency} and price.currency is "
                f"{self.price.currency}: give both in one currency"
            )
        return self

    @property
    def digest(self) -> str:
        """SHA-256 of the settings that decide what the recipe makes; it enters the lineage of that.

        The few-shot rung carries its examples itself, and nothing else is made of their settings; nor of the report's.
        Who else is asked in an evaluation makes no bundle another one.
        """
        left_out = {"monitoring": True, "schedule": True, "few_shot": True, "corpus_report": True}
        return digest_value(self.model_dump(exclude={**left_out, "evaluation": {"judge", "reference"}}))


def load_recipe(name: str) -> Recipe:
    """Read a shipped recipe by name, or any recipe by path.

    Raises:
        ConfigurationError: There is no such recipe, or the file is wrong (file, line and fix are named).
    """
    return load_yaml(recipe_path(name), Recipe)
