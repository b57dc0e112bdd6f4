"""The base model that is served until a bundle names one: prepared before the LLM microservice starts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from twin_train.base_models import BaseModelConfig, ensure_base_model

from flows.recipes import load_recipe


def base_model_of(recipe: str) -> BaseModelConfig:
    """The base model of a recipe.

    Raises:
        ConfigurationError: There is no such recipe, or it is wrong.
    """
    return load_recipe(recipe).base_model


def prepare_base_model(models: Path, config: BaseModelConfig, report: Callable[[str], None]) -> None:
    """Unpack or fetch the model unless that was done before."""
    ensure_base_model(models, config, report)
