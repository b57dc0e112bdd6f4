"""What the quality rules count in a text, and cutting parts out of texts."""

from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow as pa

from twin_data.native.calls import call, pointer, texts_of

TOP_GRAMS = (2, 3, 4)
DUPLICATE_GRAMS = (5, 6, 7, 8, 9, 10)
COLUMNS = (
    "characters", "words", "alphabetic_words", "word_characters", "non_symbol_words", "non_symbol_characters", "hashes",
    "ellipses", "lines", "bullet_lines", "ellipsis_lines", "stop_words", "paragraphs", "duplicate_paragraphs",
    "duplicate_paragraph_characters", "runs", "duplicate_runs", "duplicate_run_characters",
    *(f"top_{length}_gram_characters" for length in TOP_GRAMS),
    *(f"duplicate_{length}_gram_characters" for length in DUPLICATE_GRAMS),
    "filled_lines", "terminal_lines", "short_lines", "duplicate_line_characters", "new_lines",
)  # fmt: skip
"""`Statistics` in statistics.cpp. `runs` are the lines of Gopher's repetition rules, split at one line feed or more."""


def text_statistics(texts: pl.Series) -> pl.DataFrame:
    """Counts of each text, columns `COLUMNS`; words are separated by white space, characters are code points.

    Args:
        texts: Strings without nulls.
    """
    given = texts_of(texts)
    found = np.zeros((given.rows, len(COLUMNS)), np.uint32)
    call("text_statistics", given, pointer(found))
    return pl.DataFrame(found, schema=dict.fromkeys(COLUMNS, pl.UInt32))


def cut(texts: pl.Series, parts: pl.DataFrame, separator: str) -> pl.Series:
    """The parts of each text, joined by the separator; empty where a text has none.

    Args:
        texts: Strings without nulls.
        parts: Columns `row`, `start` and `end` (code points, half-open), ordered by row and start.
        separator: What stands between two parts of one text.
    """
    given, between = texts_of(texts), np.frombuffer(separator.encode(), np.uint8)
    wanted = np.ascontiguousarray(parts.select(pl.col("row", "start", "end").cast(pl.Int64)).to_numpy(), np.int64)
    sizes = np.zeros(given.rows, np.int64)
    common = (pointer(wanted), parts.height, pointer(between), len(between))
    call("cut", given, *common, pointer(sizes), None)
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    copied = np.empty(offsets[-1], np.uint8)
    call("cut", given, *common, pointer(sizes), pointer(copied))
    array = pa.LargeStringArray.from_buffers(given.rows, pa.py_buffer(offsets), pa.py_buffer(copied))
    return pl.Series(texts.name, array)
