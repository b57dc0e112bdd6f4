"""Which environment variables hold the keys of a recipe's endpoints. The keys themselves are in no file of ours."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from flows.recipe_files import recipe_path
from twin_data.contracts.errors import ConfigurationError

FIELD = "api_key_variable"
DEFAULTS = ("TWIN_TEACHER_API_KEY", "TWIN_JUDGE_API_KEY", "TWIN_REFERENCE_API_KEY")
"""What a recipe that names none means."""


def key_variables(recipe: str) -> tuple[str, ...]:
    """The defaults, and what a recipe names beside them, in order of name.

    Raises:
        ConfigurationError: There is no such recipe, or it is no YAML.
    """
    path = recipe_path(recipe)
    try:
        # As for the base model: the flows validate the whole of it, which takes seconds of imports.
        return tuple(sorted({*DEFAULTS, *_named(yaml.safe_load(path.read_text("utf-8")))}))
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path}: {error}", next_step=f"correct {path}") from error


def _named(part: object) -> Iterator[str]:
    for name, value in part.items() if isinstance(part, dict) else ():
        if name == FIELD and isinstance(value, str):
            yield value
        yield from _named(value)
