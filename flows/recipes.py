"""Recipes: one YAML file a way of running. The flows are the only place that composes every package's settings."""

from __future__ import annotations

from pydantic import Field

from flows.recipe_files import recipe_path
from twin_data.configuration.yaml_files import load_yaml
from twin_data.contracts.base import Contract
from twin_data.contracts.digests import digest_value
from twin_data.contracts.releases import GenerationSettings, MachinePrice, RetrievalSettings, VerificationSettings
from twin_data.transform.pipeline import FeaturesConfig
from twin_train.base_models import BaseModelConfig

DEFAULT_RECIPE = "demo"


class EvaluationSettings(Contract):
    """How a bundle's questions are asked."""

    concurrency: int = Field(default=4, ge=1, le=64)
    max_questions: int | None = Field(default=None, ge=1)
    """Cap for quick runs; None asks all."""


class Recipe(Contract):
    """The whole of a recipe file."""

    name: str
    description: str
    label: str = ""
    """Put on every bundle the recipe makes, for instance `demo: capped`."""
    base_model: BaseModelConfig = BaseModelConfig()
    features: FeaturesConfig = FeaturesConfig()
    retrieval: RetrievalSettings = RetrievalSettings()
    verification: VerificationSettings = VerificationSettings()
    generation: GenerationSettings = GenerationSettings()
    evaluation: EvaluationSettings = EvaluationSettings()
    price: MachinePrice = MachinePrice()

    @property
    def digest(self) -> str:
        """SHA-256 of the recipe's settings; it enters the lineage of what the recipe makes."""
        return digest_value(self)


def load_recipe(name: str) -> Recipe:
    """Read a shipped recipe by name, or any recipe by path.

    Raises:
        ConfigurationError: There is no such recipe, or the file is wrong (file, line and fix are named).
    """
    return load_yaml(recipe_path(name), Recipe)
