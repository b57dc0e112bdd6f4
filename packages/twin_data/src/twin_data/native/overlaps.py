"""Runs of words that training texts share with held-out ones."""

from __future__ import annotations

from ctypes import c_uint

import numpy as np
import polars as pl

from twin_data.native.calls import Result, call, pointer, texts_of


def shared_runs(texts: pl.Series, *, held_out: pl.Series, training: pl.Series, length: int) -> pl.DataFrame:
    """Where training texts hold a run of words that a held-out one holds too.

    Words are those of `twin_data.scoring.sentences.word_runs`, case folded; 64-bit hashes stand for the runs.

    Args:
        texts: Strings without nulls.
        held_out: Which of them are held out.
        training: Which of them are searched.
        length: Words a run.

    Returns:
        Columns `row`, `start` and `end` (code points, half-open); spans that overlap or touch are one, in order.
    """
    given, spans = texts_of(texts), Result()
    marks = [np.ascontiguousarray(one.to_numpy(), np.uint8) for one in (held_out, training)]
    call("shared_runs", given, pointer(marks[0]), pointer(marks[1]), c_uint(length), spans)
    found = spans.take(np.uint32, 3)
    return pl.DataFrame(found, schema={"row": pl.UInt32, "start": pl.UInt32, "end": pl.UInt32})
