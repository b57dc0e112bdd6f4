"""YAML files read into frozen models; an error names file, line, value and the nearest right word."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
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
    root, values = _parse(path)
    if not isinstance(values, dict):
        raise ConfigurationError(
            f"{path}:1: must hold fields such as '{next(iter(model.model_fields))}: …'",
            next_step="see docs/configuration.md",
        )
    try:
        return model.model_validate(values)
    except ValidationError as error:
        found = [dict(problem) for problem in error.errors(include_url=False)]
        problems = [_describe(path, root, model, problem) for problem in found if not _follows(problem, found)]
        raise ConfigurationError("\n".join(problems), next_step=f"correct {path}") from error


def line_in(path: Path, *location: str | int) -> int:
    """The line of a field of a file that `load_yaml` has read, for what only its caller can tell to be wrong."""
    return _line_of(_parse(path)[0], location)


def _follows(problem: dict[str, Any], found: list[dict[str, Any]]) -> bool:
    """Whether a list is too short only because its items are wrong, which is said already."""
    location: Location = problem["loc"]
    inside = any(len(one["loc"]) > len(location) and one["loc"][: len(location)] == location for one in found)
    return problem["type"] == "too_short" and inside


def _parse(path: Path) -> tuple[yaml.Node | None, object]:
    """The document as nodes, which know their lines, and as values."""
    try:
        text = path.read_text("utf-8")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        _refuse_doubles(path, root)
        return root, yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigurationError(
            f"{path}:{line}: not YAML: {error.problem or error}", next_step=f"correct line {line}"
        ) from error
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise ConfigurationError(f"{path}:{line}: not UTF-8", next_step="save the file as UTF-8") from error
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        raise ConfigurationError(
            f"{path}:{line}: a character that YAML does not allow: {error.character!r}",
            next_step=f"correct line {line}",
        ) from error
    except ValueError as error:  # a date such as 2026-13-01
        line = _line_of_bad_date(root)
        raise ConfigurationError(f"{path}:{line}: not a date: {error}", next_step=f"correct line {line}") from error


def _refuse_doubles(path: Path, node: yaml.Node | None) -> None:
    """Raise if a field is given twice: YAML would silently take the last."""
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise ConfigurationError(
                        f"{path}:{line}: {key.value}: given twice, first on line {seen[key.value]}",
                        next_step="keep one of the two",
                    )
                seen[key.value] = line
            _refuse_doubles(path, value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_doubles(path, item)


def _line_of_bad_date(node: yaml.Node | None) -> int:
    """The line of the first scalar that YAML takes for a date and the calendar does not."""
    for scalar in _scalars(node):
        if scalar.tag == "tag:yaml.org,2002:timestamp":
            try:
                yaml.safe_load(scalar.value)
            except ValueError:
                return int(scalar.start_mark.line) + 1
    return 1


def _scalars(node: yaml.Node | None) -> Iterator[yaml.ScalarNode]:
    if isinstance(node, yaml.ScalarNode):
        yield node
    elif isinstance(node, yaml.MappingNode):
        for _, value in node.value:
            yield from _scalars(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _scalars(item)


def _describe(path: Path, root: yaml.Node | None, model: type[BaseModel], problem: dict[str, Any]) -> str:
    location: Location = problem["loc"]
    name = ".".join(str(part) for part in location) or "(file)"
    message = problem["msg"]
    if problem["type"] == "extra_forbidden":
        known = sorted(_fields_at(model, location[:-1]))
        near = difflib.get_close_matches(str(location[-1]), known, n=1)
        message = f"unknown field; did you mean {near[0]!r}?" if near else f"unknown field; known: {', '.join(known)}"
    elif problem["type"] != "missing" and not isinstance(problem["input"], (dict, list)):
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
