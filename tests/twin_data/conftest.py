"""What the tests of several parts share: a strategy that draws any contract, and the shipped persona."""

from __future__ import annotations

import types
from collections.abc import Callable
from datetime import UTC, date, datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin

import pytest
from annotated_types import Ge, Le, MinLen
from hypothesis import settings
from hypothesis import strategies as st
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from twin_data.contracts.base import Span
from twin_data.contracts.endpoints import ModelEndpoint
from twin_data.contracts.evaluation import GateDecision, Verdict

if TYPE_CHECKING:
    from .sample_stages import Sample

settings.register_profile("unhurried", deadline=None)  # the machine may be busy
settings.load_profile("unhurried")

Strategy = st.SearchStrategy[Any]


@pytest.fixture(scope="session")
def contract_strategy() -> Callable[[type[BaseModel]], Strategy]:
    """A function from a contract to the strategy of its instances."""
    return instances


@pytest.fixture(scope="session")
def sample() -> Sample:
    """The shipped persona, stage by stage."""
    from .sample_stages import sample_stages  # tables take seconds to import, and the tests of contracts need none

    return sample_stages()


def instances(model: type[BaseModel]) -> Strategy:
    fields = {name: _field(field) for name, field in model.model_fields.items()}
    if issubclass(model, ModelEndpoint):  # addresses and names of variables are checked
        fields["base_url"] = st.sampled_from(["http://127.0.0.1:8001/v1", "https://llm.example.org/v1"])
        fields["api_key_variable"] = st.sampled_from(["TWIN_REFERENCE_API_KEY", "KEY_2"])
    if issubclass(model, Span):
        ends = st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)).map(sorted)
        others = st.fixed_dictionaries({name: one for name, one in fields.items() if name not in {"start", "end"}})
        return st.tuples(ends, others).map(lambda drawn: model(start=drawn[0][0], end=drawn[0][1], **drawn[1]))
    if issubclass(model, GateDecision):  # of one with a hard stop there is but one verdict
        return st.fixed_dictionaries(fields).map(lambda drawn: model(**{**drawn, "verdict": _verdict(drawn)}))
    return st.fixed_dictionaries(fields).map(lambda drawn: model(**drawn))


def _verdict(drawn: dict[str, Any]) -> Verdict:
    return Verdict.REJECT if drawn["stops"] else Verdict(drawn["verdict"])


def _field(field: FieldInfo) -> Strategy:
    bounds = {type(one): one for one in field.metadata}
    at_least, at_most = bounds.get(Ge), bounds.get(Le)
    if field.annotation is int:
        return st.integers(at_least.ge if at_least else -(2**53), at_most.le if at_most else 2**53)
    if field.annotation in (float, float | None) and (at_least or at_most):
        return st.floats(at_least.ge if at_least else None, at_most.le if at_most else 10**6)
    if field.annotation is str:
        return _text(bounds[MinLen].min_length if MinLen in bounds else 0)
    return _value(field.annotation)


def _text(min_size: int = 0) -> Strategy:
    return st.text(st.characters(exclude_categories=["Cs"]), min_size=min_size, max_size=max(12, min_size))


def _value(annotation: Any) -> Strategy:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return st.one_of(*[st.none() if one is type(None) else _value(one) for one in arguments])
    if origin is tuple:
        return st.lists(_value(arguments[0]), min_size=1, max_size=3).map(tuple)
    if origin is dict:
        return st.dictionaries(_value(arguments[0]), _value(arguments[1]), max_size=3)
    if origin is Literal:
        return st.sampled_from(arguments)
    if issubclass(annotation, Enum):
        return st.sampled_from(list(annotation))
    if issubclass(annotation, BaseModel):
        return instances(annotation)
    return _SCALARS[annotation]


_SCALARS: dict[type, Strategy] = {
    bool: st.booleans(),
    int: st.integers(-(2**53), 2**53),
    float: st.floats(allow_nan=False, allow_infinity=False),
    str: _text(),
    date: st.dates(),
    datetime: st.datetimes(timezones=st.just(UTC)),
}
