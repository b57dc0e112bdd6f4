"""Into which stretches of time a corpus falls: years, quarters or months, by how long it lasted."""

from __future__ import annotations

import polars as pl

UNDATED = "undated"
_YEARS_FROM_MONTHS, _QUARTERS_FROM_MONTHS = 30, 9


def periods_of(dates: pl.Series) -> pl.Series:
    """The name of each date's period: `2021`, `2021 Q3` or `2021-08`; `undated` where there is none."""
    known = dates.drop_nulls()
    months = (known.max() - known.min()).days / 30.4 if known.len() else 0  # type: ignore[operator, union-attr]
    date = pl.col("date")
    if months >= _YEARS_FROM_MONTHS:
        named = date.dt.year().cast(pl.String)
    elif months >= _QUARTERS_FROM_MONTHS:
        named = pl.format("{} Q{}", date.dt.year(), date.dt.quarter())
    else:
        named = date.dt.strftime("%Y-%m")
    return pl.DataFrame({"date": dates.cast(pl.Date)}).select(named.fill_null(UNDATED).alias("period"))["period"]
