"""YAML files read into frozen models; an error names file, line, value and the nearest right word."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from twin_data.contracts.errors import ConfigurationError

ModelT = TypeVar("ModelT", bound=BaseModel)
Location = tuple[str | int, ...]


def load_yaml(path: Path, model: type[ModelT]) -> ModelT:
    """Read one YAML file into `model`.

    Raises:
        ConfigurationError: The file is missing, is not YAML, or does not fit the model. Every problem is
            listed as `file:line: field: what is wrong`, with the nearest known field for a mistyped one.
    """
    if not path.is_file():
        raise ConfigurationError(
            f"{path} does not exist", next_step=f"create it; fields: {', '.join(model.model_fields)}"
        )
    text = path.read_text("utf-8")
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        values = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigurationError(
            f"{path}:{line}: not YAML: {error.problem or error}", next_step=f"correct line {line}"
        ) from error
    if not isinstance(values, dict):
        raise ConfigurationError(
            f"{path}:1: must hold fields such as '{next(iter(model.model_fields))}: …'",
            next_step="see docs/configuration.md",
        )
    try:
        return model.model_validate(values)
    except ValidationError as error:
        problems = [_describe(path, root, model, dict(problem)) for problem in error.errors(include_url=False)]
        raise ConfigurationError("\n".join(problems), next_step=f"correct {path}") from error


def _describe(path: Path, root: yaml.Node | None, model: type[BaseModel], problem: dict[str, Any]) -> str:
    location: Location = problem["loc"]
    name = ".".join(str(part) for part in location) or "(file)"
    message = problem["msg"]
    if problem["type"] == "extra_forbidden":
        known = sorted(_fields_at(model, location[:-1]))
        near = difflib.get_close_matches(str(location[-1]), known, n=1)
        message = f"unknown field; did you mean {near[0]!r}?" if near else f"unknown field; known: {', '.join(known)}"
    elif problem["type"] != "missing":
        message = f"{message}, not {problem['input']!r}"
    return f"{path}:{_line_of(root, location)}: {name}: {message}"


def _line_of(node: yaml.Node | None, location: Location) -> int:
    """The line of the deepest part of `location` that the file holds."""
    line = node.start_mark.line + 1 if node else 1
    for part in location:
        if isinstance(node, yaml.MappingNode):
            pair = next(((key, value) for key, value in node.value if key.value == str(part)), None)
            if pair is None:
                break
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break
    return line


def _fields_at(model: type[BaseModel], location: Location) -> set[str]:
    for part in location:
        field = model.model_fields.get(str(part))
        if field is None:
            continue  # a list index or a dictionary key: the model stays that of its items
        model = next(_models_in(field.annotation), model)
    return set(model.model_fields)


def _models_in(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)
