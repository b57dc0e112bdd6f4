"""Shares of what people said, with the gate's interval: a few source documents are the rule here, not the exception.

A plain bootstrap of five documents holds the truth four times in five, of ten nine times in ten; the gate's interval
(`twin_eval.paired`) holds it at about 95 % for both.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from twin_data.contracts.evaluation import Score
from twin_eval.paired import Observation, difference
from twin_eval.statistics import MIN_CLUSTERS, IntervalConfig

TWO_SIDED = 0.975


def share(
    name: str, flags: Sequence[bool | None], *, clusters: Sequence[Hashable], config: IntervalConfig
) -> Score | None:
    """The share of True among the flags that are not None; None if all are.

    Its interval is that of the difference from nothing at all on the same documents. One document says nothing of
    others: then the interval is the whole range.
    """
    kept = [(flag, cluster) for flag, cluster in zip(flags, clusters, strict=True) if flag is not None]
    if not kept:
        return None
    low, high = 0.0, 1.0
    if len({cluster for _, cluster in kept}) >= MIN_CLUSTERS:
        rows = [Observation(float(flag), cluster) for flag, cluster in kept]
        found = difference(rows, [Observation(0.0, cluster) for _, cluster in kept], config=config)
        low, high = max(0.0, found.lower(TWO_SIDED)), min(1.0, found.upper(TWO_SIDED))
    value = sum(flag for flag, _ in kept) / len(kept)
    return Score(
        name=name, value=value, low=min(low, value), high=max(high, value), n=len(kept),
        unscored=len(flags) - len(kept),
    )  # fmt: skip
