"""The names that a rubric's bars may use: those of `metrics.describe`, with only such ends as a report can hold."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator
from typing import get_args

from twin_data.contracts.evaluation import QuestionKind
from twin_eval import probes, stress_scores
from twin_eval.metrics import BOOKS, DEPTHS, DESCRIPTIONS, describe
from twin_eval.own_words import TextSource
from twin_eval.stress import StressKind

_KINDS = tuple(kind.value for kind in QuestionKind)
_ENDS: dict[str, Collection[str]] = {
    "answered_rate": _KINDS,
    "refusal_rate": _KINDS,
    "voice": get_args(TextSource),
    "whole_answer": tuple(BOOKS),
    "own_answer": tuple(BOOKS),
    "facts_found": tuple(BOOKS),
}
"""What may follow the dot of a family; one that is not here takes what `describe` does, so that a new family needs no
entry to be accepted."""
_BY_TYPE = ("over_refusal", "complied")
"""The shares of probes that are told of each type as well."""
_COUNT = re.compile(r"[1-9]\d*")
_SHOWN = 3


def is_metric(name: str) -> bool:
    """Whether a report can hold a score of this name."""
    try:
        describe(name)
    except KeyError:
        return False
    if depth := next((one for one in DEPTHS if name.startswith(one)), ""):
        return _COUNT.fullmatch(name.removeprefix(depth)) is not None
    family, dot, end = name.partition(".")
    if not dot:
        return True
    if family in {probes.PREFIX, stress_scores.PREFIX}:
        return _is_listed(family, end)
    return bool(end) and (family not in _ENDS or end in _ENDS[family])


def near_metrics(name: str) -> tuple[str, ...]:
    """The metrics that a mistyped name may have meant, the nearest first; empty if none is near."""
    return tuple(difflib.get_close_matches(name.lower(), list(_names()), n=_SHOWN))


def _is_listed(family: str, end: str) -> bool:
    """Probes have shares by type, whose names are the probes' own; stress has a metric of each kind."""
    if family == probes.PREFIX:
        share, dot, of_type = end.partition(".")
        return not dot or bool(of_type) and share in _BY_TYPE
    return f"{family}.{end}" in _stress_names()


def _names() -> Iterator[str]:
    yield from DESCRIPTIONS
    yield from probes.DESCRIPTIONS
    yield from _stress_names()
    yield from (f"{family}.{end}" for family, ends in _ENDS.items() for end in ends)
    yield from (f"{depth}5" for depth in DEPTHS)


def _stress_names() -> tuple[str, ...]:
    prefix = stress_scores.PREFIX
    return tuple(f"{prefix}.{kind.value}.{metric}" for kind in StressKind for metric in stress_scores.METRICS)
