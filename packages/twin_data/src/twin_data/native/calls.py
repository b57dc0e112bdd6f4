"""How Python calls the kernels: columns of strings go in without a copy, arrays come out."""

from __future__ import annotations

import ctypes
import os
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from twin_data.contracts.errors import CorpusError
from twin_data.native.build import library

_FAILURES = {
    1: "there is not enough memory for",
    2: "there are too many words for",
    3: "an unknown error broke off",
}


@dataclass(frozen=True)
class Texts:
    """A column of strings in Arrow's string view layout: 16 bytes a row, longer texts in buffers beside them."""

    views: int
    buffers: ctypes.Array[ctypes.c_void_p]
    rows: int
    owner: object
    """Keeps the memory alive."""


def texts_of(series: pl.Series) -> Texts:
    """The column's memory, not copied if it is in one piece.

    Raises:
        ValueError: It holds a null.
    """
    if series.null_count():
        raise ValueError(f"the column {series.name!r} holds {series.null_count()} nulls; a kernel reads texts only")
    array = series.rechunk().to_arrow(compat_level=pl.CompatLevel.newest())
    if not isinstance(array, pa.StringViewArray):
        raise TypeError(f"the column {series.name!r} is of type {series.dtype}; a kernel reads strings")
    _, views, *data = array.buffers()
    addresses = (ctypes.c_void_p * max(1, len(data)))(*(one.address for one in data))
    start = views.address + 16 * array.offset if len(array) else 0
    return Texts(views=start, buffers=addresses, rows=len(array), owner=array)


class Result(ctypes.Structure):
    """Rows that a kernel allocated."""

    data: int | None
    rows: int
    _fields_ = [("data", ctypes.c_void_p), ("rows", ctypes.c_int64)]

    def take(self, kind: type[np.generic], columns: int) -> npt.NDArray[Any]:
        """A copy of the rows; what the kernel allocated is freed."""
        taken = np.empty((self.rows, columns), kind)
        if self.data:
            ctypes.memmove(taken.ctypes.data, self.data, taken.nbytes)
            library().release(ctypes.c_void_p(self.data))
            self.data = None
        return taken


def pointer(array: npt.NDArray[Any]) -> ctypes.c_void_p:
    """The address of an array's first element."""
    return ctypes.c_void_p(array.ctypes.data)


def call(kernel: str, texts: Texts | None, *arguments: Any) -> None:
    """Run a kernel on texts with all processors this process may use; Python's lock is released meanwhile.

    Raises:
        CorpusError: It ran out of memory, or the corpus is beyond what it can count.
    """
    given: list[Any] = [ctypes.byref(one) if isinstance(one, Result) else _number(one) for one in arguments]
    if texts is not None:
        given = [
            ctypes.c_void_p(texts.views),
            texts.buffers,
            ctypes.c_int64(texts.rows),
            ctypes.c_uint(threads()),
            *given,
        ]
    if status := getattr(library(), kernel)(*given):
        rows = texts.rows if texts is not None else 0
        raise CorpusError(
            f"{_FAILURES[status]} {kernel!r} over {rows:,} documents",
            next_step="give the process more memory, or divide the persona's sources",
        )


def threads() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0))


def _number(value: Any) -> Any:
    return ctypes.c_int64(value) if isinstance(value, int) else value
