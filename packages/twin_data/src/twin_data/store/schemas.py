"""Polars schemas derived from contracts, so that a table and its rows cannot drift apart.

A contract that becomes a table holds scalars, enums, literals, other contracts, and tuples of these; no dictionaries.
"""

from __future__ import annotations

import types
from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

import polars as pl
from pydantic import BaseModel

RowT = TypeVar("RowT", bound=BaseModel)

_SCALARS: dict[type, pl.DataType] = {
    bool: pl.Boolean(),
    int: pl.Int64(),
    float: pl.Float64(),
    str: pl.String(),
    datetime: pl.Datetime("us", "UTC"),
    date: pl.Date(),
}


def schema_of(model: type[BaseModel]) -> pl.Schema:
    """The Polars schema of a contract: tuples become lists, nested contracts structs, enums strings."""
    return pl.Schema({name: _data_type(field.annotation) for name, field in model.model_fields.items()})


def to_frame(rows: Iterable[BaseModel], model: type[BaseModel]) -> pl.DataFrame:
    """Rows of one contract as a frame of its schema, also when there are none."""
    return pl.DataFrame([row.model_dump(mode="python") for row in rows], schema=schema_of(model), strict=True)


def to_rows(frame: pl.DataFrame, model: type[RowT]) -> tuple[RowT, ...]:
    """The frame's rows as validated contracts."""
    return tuple(model.model_validate(row) for row in frame.iter_rows(named=True))


def _data_type(annotation: Any) -> pl.DataType:
    origin = get_origin(annotation)
    if origin in (Union, types.UnionType):
        (inner,) = (one for one in get_args(annotation) if one is not type(None))
        return _data_type(inner)
    if origin is Literal:
        return _SCALARS[type(get_args(annotation)[0])]
    if origin is tuple:
        return pl.List(_data_type(get_args(annotation)[0]))
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return pl.String()
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return pl.Struct(dict(schema_of(annotation)))
    if annotation not in _SCALARS:
        raise TypeError(f"a table cannot hold {annotation!r}")
    return _SCALARS[annotation]
