"""The base model that is served until a bundle names one: prepared before the LLM microservice starts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import yaml
from pydantic import ValidationError

from flows.recipe_files import recipe_path
from twin_data.contracts.errors import ConfigurationError
from twin_train.base_models import BaseModelConfig, ensure_base_model


def base_model_of(recipe: str) -> BaseModelConfig:
    """The base model of a recipe.

    Raises:
        ConfigurationError: There is no such recipe, or it is wrong.
    """
    path = recipe_path(recipe)
    try:
        # The whole recipe is validated by the flows that use the whole of it; that takes seconds of imports.
        return BaseModelConfig.model_validate((yaml.safe_load(path.read_text("utf-8")) or {}).get("base_model", {}))
    except (yaml.YAMLError, ValidationError, AttributeError) as error:
        raise ConfigurationError(f"{path}: base_model: {error}", next_step=f"correct {path}") from error


def prepare_base_model(models: Path, config: BaseModelConfig, report: Callable[[str], None]) -> None:
    """Unpack or fetch the model unless that was done before."""
    ensure_base_model(models, config, report)
