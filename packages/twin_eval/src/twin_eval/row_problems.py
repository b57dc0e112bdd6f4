"""What is wrong with a row that somebody wrote, and what to change, in words."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence

_QUOTED = re.compile(r"'([^']*)'")
_SHOWN_CHARACTERS = 80


def described(problem: Mapping[str, object], fields: Sequence[str]) -> str:
    """One of Pydantic's errors: the field, its value, and the fix.

    Args:
        problem: One of `ValidationError.errors()`.
        fields: The fields that a row may have.
    """
    location, value = problem["loc"], shown(problem["input"])
    assert isinstance(location, tuple)
    field, name = str(location[-1]) if location else "", ".".join(map(str, location))
    if problem["type"] == "extra_forbidden":
        return f"unknown field {name!r}; {nearest(field, fields)}"
    if problem["type"] == "missing":
        return f"the field {name!r} is missing; add it"
    if problem["type"] == "enum":
        context = problem["ctx"]
        assert isinstance(context, dict)
        return f"{name}: unknown {field} {value}; {nearest(value, _QUOTED.findall(context['expected']))}"
    return f"{name}: {problem['msg']}, not {value}; correct the value"


def nearest(word: str, known: Sequence[str]) -> str:
    """The known word that may have been meant, or all of them."""
    near = difflib.get_close_matches(word.strip("'\""), known, n=1)
    return f"did you mean {str(near[0])!r}?" if near else f"known: {', '.join(known)}"


def shown(value: object) -> str:
    """A value as a message shows it, in one line and not at any length."""
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[: _SHOWN_CHARACTERS - 1]}…"
