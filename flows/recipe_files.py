"""Where recipes lie."""

from __future__ import annotations

from pathlib import Path

from twin_data.contracts.errors import ConfigurationError

RECIPES = Path(__file__).resolve().parent.parent / "recipes"


def is_recipe_file(name: str) -> bool:
    """Whether a recipe is named by the path of its file, and not as one of the shipped ones."""
    return name.endswith((".yaml", ".yml"))


def recipe_path(name: str, folder: Path = RECIPES) -> Path:
    """The file of a shipped recipe by name, or of any recipe by path.

    Raises:
        ConfigurationError: There is no such file.
    """
    path = Path(name) if is_recipe_file(name) else folder / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(one.stem for one in folder.glob("*.yaml")))
        raise ConfigurationError(
            f"there is no recipe {name!r}", next_step=f"choose one of {known}, or give a path to a YAML file"
        )
    return path
