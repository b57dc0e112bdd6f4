"""Does the persona write as before? The style of each period beside that of all others, genre taken out.

Style is the rates of habits (`style_features`) and of the hundred commonest words, as in Burrows' delta, each in
standard deviations of a text of its kind; what a kind of text does on average is taken off first, lest a year of
chats look like a change of voice. The squared distance of two means is freed from what chance adds to it, the
interval leaves one text out at a time (the jackknife), and drift is a distance that shuffled periods hardly reach.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field

from twin_data.contracts.base import Contract
from twin_data.corpus.findings import VoiceOverTime, VoicePeriod
from twin_data.corpus.periods import UNDATED
from twin_data.scoring.sentences import words
from twin_data.scoring.style_features import HABITS, Floats, habits

Masks = NDArray[np.bool_]
_WORDS = 100
_Z_95 = 1.959963984540054
_MOVED = 3
_WORTH_NAMING = 0.25


class VoiceOverTimeConfig(Contract):
    """What counts as a text, a period and a drift."""

    unit_words: int = Field(default=200, ge=50)
    """Shorter texts of one kind and period are joined up to this length."""
    min_units: int = Field(default=5, ge=3)
    """Texts of a period below which nothing is said of it."""
    min_distance: float = Field(default=0.15, ge=0)
    """Standard deviations of a text below which a distance is no drift, however surely it is there."""
    level: float = Field(default=0.05, gt=0, lt=1)
    """Chance of calling any period a drift where there is none."""
    shuffles: int = Field(default=999, ge=99)


@dataclass(frozen=True)
class _Unit:
    period: str
    kind: str
    sources: frozenset[str]
    words: int
    text: str


def voice_over_time(documents: pl.DataFrame, *, config: VoiceOverTimeConfig) -> VoiceOverTime:
    """Each dated period beside the rest.

    Args:
        documents: Columns `period`, `kind`, `source`, `family`, `date`, `document_id` and `own`.
        config: What counts as a text, a period and a drift.
    """
    units = _units(documents.filter(pl.col("period") != UNDATED), config.unit_words)
    sizes = Counter(one.period for one in units)
    able = [one for one in sorted(sizes) if sizes[one] >= config.min_units]
    if len(able) < 2:
        texts = f"{config.min_units} texts of {config.unit_words} words"
        return VoiceOverTime(unsaid=f"{len(able)} dated periods with {texts}; two are needed")
    styles = _styles(units)
    measured = {one: _measured(units, styles, one, config) for one in able}
    p_values = _holm({one: found.p_value for one, found in measured.items()})
    return VoiceOverTime(
        periods=tuple(
            _period(one, [unit for unit in units if unit.period == one], measured.get(one), p_values, config)
            for one in sorted(sizes)
        )
    )


def _units(documents: pl.DataFrame, length: int) -> list[_Unit]:
    """Texts to compare: what one family wrote in one period; short ones of a kind are joined, in order of date."""
    grouped = (
        documents.sort("date", "document_id")
        .group_by("period", "kind", "family", maintain_order=True)
        .agg(pl.col("own").str.join("\n\n"), pl.col("source").unique().sort())
    )
    units: list[_Unit] = []
    held: dict[tuple[str, str], list[tuple[str, list[str]]]] = {}
    for period, kind, _, own, sources in grouped.iter_rows():
        waiting = held.setdefault((period, kind), [])
        waiting.append((own, sources))
        text = "\n\n".join(one for one, _ in waiting)
        if (count := len(text.split())) >= length:
            units.append(_Unit(period, kind, frozenset(name for _, names in waiting for name in names), count, text))
            held[period, kind] = []
    return units


def _styles(units: Sequence[_Unit]) -> Floats:
    """Habits and common words of each text, kind by kind freed from its mean, in standard deviations; (N, features)."""
    counts = [Counter(word.casefold() for word in words(one.text)) for one in units]
    shares: defaultdict[str, float] = defaultdict(float)
    for one in counts:
        for word, number in one.items():
            shares[word] += number / one.total()
    common = sorted(shares, key=lambda word: (-shares[word], word))[:_WORDS]
    rates = np.asarray([[one[word] / one.total() for word in common] for one in counts])
    raw = np.hstack([np.stack([habits(one.text) for one in units]), rates])
    kinds = np.asarray([one.kind for one in units])
    for kind in sorted(set(kinds.tolist())):
        raw[kinds == kind] -= raw[kinds == kind].mean(axis=0)
    return np.asarray(np.clip(raw / (raw.std(axis=0) + 1e-9), -4, 4))


@dataclass(frozen=True)
class _Measured:
    squared: float
    error: float
    p_value: float
    moved: tuple[str, ...]


def _measured(units: Sequence[_Unit], styles: Floats, period: str, config: VoiceOverTimeConfig) -> _Measured:
    inside = np.asarray([one.period == period for one in units])
    shuffled = _shuffled(units, inside, config.shuffles)
    chance = _squared(styles, shuffled)
    squared = float(_squared(styles, inside[np.newaxis])[0])
    left_out = _jackknife(styles, inside)
    n = len(units)
    error = float(np.sqrt((n - 1) / n * np.sum((left_out - left_out.mean()) ** 2)))
    gap = styles[inside].mean(axis=0)[: len(HABITS)] - styles[~inside].mean(axis=0)[: len(HABITS)]
    furthest = np.argsort(-np.abs(gap), kind="stable")[:_MOVED]
    moved = tuple(f"{HABITS[at].replace('_', ' ')} {gap[at]:+.1f}" for at in furthest if abs(gap[at]) >= _WORTH_NAMING)
    return _Measured(squared, error, float((1 + np.sum(chance >= squared)) / (1 + config.shuffles)), moved)


def _shuffled(units: Sequence[_Unit], inside: Masks, shuffles: int) -> Masks:
    """Which texts lie inside, dealt anew within each kind; shape (shuffles, N)."""
    chance = np.random.default_rng(0)
    kinds = np.asarray([one.kind for one in units])
    dealt = np.zeros((shuffles, len(units)), dtype=bool)
    for kind in sorted(set(kinds.tolist())):
        here = np.flatnonzero(kinds == kind)
        for at in range(shuffles):
            dealt[at, here] = chance.permutation(inside[here])
    return dealt


def _squared(styles: Floats, inside: Masks) -> Floats:
    """Mean squared difference of the two sides' means, less what chance adds to it; shape (B,) of masks (B, N)."""
    total = np.zeros(len(inside))
    means = []
    for mask in (inside.astype(float), 1.0 - inside.astype(float)):
        n = mask.sum(axis=1, keepdims=True)
        mean = mask @ styles / n
        variance = (mask @ styles**2 - n * mean**2) / np.maximum(1, n - 1)
        total -= (variance / n).mean(axis=1)
        means.append(mean)
    return np.asarray(total + ((means[0] - means[1]) ** 2).mean(axis=1))


def _jackknife(styles: Floats, inside: Masks) -> Floats:
    """The squared distance without each text in turn, shape (N,)."""
    keep = ~np.eye(len(inside), dtype=bool)
    return np.asarray([float(_squared(styles[rows], inside[rows][np.newaxis])[0]) for rows in keep])


def _holm(p_values: dict[str, float]) -> dict[str, float]:
    adjusted, highest = {}, 0.0
    for at, name in enumerate(sorted(p_values, key=lambda one: (p_values[one], one))):
        highest = max(highest, min(1.0, p_values[name] * (len(p_values) - at)))
        adjusted[name] = highest
    return adjusted


def _period(
    name: str,
    units: Sequence[_Unit],
    measured: _Measured | None,
    p_values: dict[str, float],
    config: VoiceOverTimeConfig,
) -> VoicePeriod:
    distance = low = high = None
    if measured:
        bounds = (measured.squared + side * _Z_95 * measured.error for side in (0, -1, 1))
        distance, low, high = (round(float(np.sqrt(max(0.0, one))), 6) for one in bounds)
    p_value = p_values.get(name)
    return VoicePeriod(
        period=name,
        units=len(units),
        words=sum(one.words for one in units),
        sources=tuple(sorted({source for one in units for source in one.sources})),
        distance=distance,
        low=low,
        high=high,
        p_value=None if p_value is None else round(p_value, 6),
        is_drift=distance is not None and distance >= config.min_distance and (p_value or 0.0) <= config.level,
        moved=measured.moved if measured else (),
    )
