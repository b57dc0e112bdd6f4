"""Does cleaning keep the voice? The style of a source's own words before and after each rule of cleaning.

Compared are counts, not shares, so that what a rule takes away shows as well as what it alters: the source's most
frequent words (function words in any language; Mosteller and Wallace, 1964), each punctuation mark, casing,
contractions, and the length of sentences. Addresses, numbers and placeholders are left out on both sides, for to blank
those is what cleaning is for.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import polars as pl
import regex
from pydantic import Field

from twin_data.contracts.base import Contract
from twin_data.contracts.errors import CorpusError
from twin_data.scoring.sentences import WORD, sentence_spans
from twin_data.store.schemas import schema_of
from twin_data.transform.identifiers import PLACEHOLDER

AS_READ = "as read"
ALL_RULES = "all rules together"
# With what is written around it without a space: in `<ada@x.example>` the brackets are part of an address.
_NO_PROSE = regex.compile(
    PLACEHOLDER.pattern + rf"""|\S*(?:@|://|\p{{N}}|{PLACEHOLDER.pattern})\S*?(?=[.,;:!?…)\]’”'"]*(?:\s|$))"""
)
_MARK = regex.compile(r"[\p{P}\p{S}]")
_CONTRACTION = regex.compile(r"(?i)\p{L}['’](?:s|t|re|ve|ll|d|m)\b")
_WORD, _MARKED, _CASE = "word ", "mark ", "case "
_CONTRACTIONS, _SENTENCES, _LENGTH, _SQUARES = "contractions", "sentences", "length", "squares"

Tally = Counter[str]


class VoiceKeptConfig(Contract):
    """How much of a voice cleaning may change; shares of what was there before, for each source and rule."""

    function_words: int = Field(default=150, ge=10)
    """The most frequent words of the source: so many are compared."""
    max_change: float = Field(default=0.02, gt=0, le=1)
    """Of all function words, of all marks, of all contractions."""
    max_casing_change: float = Field(default=0.05, gt=0, le=1)
    """Of the words that begin with, or are all, capitals; names of others that are blanked are among them."""
    max_single_change: float = Field(default=0.1, gt=0, le=1)
    """Of any one function word or mark."""
    max_rhythm_change: float = Field(default=0.05, gt=0, le=1)
    """Of the mean and of the standard deviation of a sentence's words."""
    min_count: int = Field(default=50, ge=1)
    """What occurs more rarely in the source is not judged: a single address blanked would be much of it."""


class StyleChange(Contract):
    """What one rule did to one habit of the own words of one source."""

    source: str
    rule: str
    habit: str
    before: float
    after: float
    change: float
    """Share of `before` that came or went; of several words or marks, the sum over each of them."""
    limit: float
    worst: str
    """The word or mark that changed most, with its counts; empty where the habit is a single one."""
    is_judged: bool
    """Whether the habit occurs often enough in the source."""

    @property
    def is_damage(self) -> bool:
        """Whether the rule changed more than it may."""
        return self.is_judged and self.change > self.limit


class StyleTally(Contract):
    """How often something occurs in the own words of a source as they stand after one step of cleaning."""

    source: str
    step: str
    name: str
    count: int


@dataclass
class VoiceRecord:
    """Tallies of own words by source and step, filled while documents are cleaned."""

    steps: tuple[str, ...]
    """`AS_READ`, then each rule in its order."""
    tallies: dict[str, list[Tally]] = field(default_factory=dict)

    def add(self, source: str, texts: Sequence[str]) -> None:
        """Count one block of own words as it stood after each step; empty where a rule took all of it."""
        totals = self.tallies.setdefault(source, [Counter() for _ in self.steps])
        counted: dict[str, Tally] = {}
        for total, text in zip(totals, texts, strict=True):
            if text not in counted:
                counted[text] = tally(text)
            total.update(counted[text])

    def with_those_of(self, other: VoiceRecord, *, sign: int = 1) -> VoiceRecord:
        """Both together, or with `sign` -1 this one without the other, which must be part of it."""
        joined = VoiceRecord(
            self.steps, {source: [Counter(one) for one in own] for source, own in self.tallies.items()}
        )
        for source, theirs in other.tallies.items():
            totals = joined.tallies.setdefault(source, [Counter() for _ in self.steps])
            for total, counts in zip(totals, theirs, strict=True):
                for name, count in counts.items():
                    total[name] += sign * count
        return joined

    def frame(self) -> pl.DataFrame:
        """Rows of the contract `StyleTally`, in order of source, step and name; what occurs nowhere has none."""
        rows = [
            (source, step, name, count)
            for source, totals in sorted(self.tallies.items())
            for step, counts in zip(self.steps, totals, strict=True)
            for name, count in sorted(counts.items())
            if count
        ]
        return pl.DataFrame(rows, schema=schema_of(StyleTally), orient="row")

    @classmethod
    def of_frame(cls, steps: tuple[str, ...], frame: pl.DataFrame) -> VoiceRecord:
        """The record that `frame` was made of."""
        record, place = cls(steps), {step: at for at, step in enumerate(steps)}
        for source, step, name, count in frame.select(*StyleTally.model_fields).iter_rows():
            totals = record.tallies.setdefault(source, [Counter() for _ in steps])
            totals[place[step]][name] = count
        return record

    def changes(self, config: VoiceKeptConfig) -> tuple[StyleChange, ...]:
        """What each rule, and all of them together, did to each habit of each source."""
        return tuple(
            change
            for source, totals in sorted(self.tallies.items())
            if any(totals[0].values())
            for rule, before, after in _compared(self.steps, totals)
            for change in _changes(source, rule, before, after, _common(totals[0], config), config)
        )


def check_voice_kept(changes: Sequence[StyleChange]) -> None:
    """Stop the flow if a rule damaged the voice.

    Raises:
        CorpusError: One did; the message names the source, the rule, the habit and its counts.
    """
    damage = sorted((one for one in changes if one.is_damage), key=lambda one: (one.rule == ALL_RULES, -one.change))
    if not damage:
        return
    first = damage[0]
    worst = f", most of all {first.worst}" if first.worst else ""
    rule = first.rule if first.rule == ALL_RULES else f"the rule {first.rule!r}"
    raise CorpusError(
        f"cleaning changes the voice of the source {first.source!r}: {rule} alters {first.change:.1%} of its "
        f"{first.habit} ({first.before:,.4g} before, {first.after:,.4g} after{worst}; allowed are {first.limit:.0%}); "
        f"{len(damage)} such changes in all",
        next_step="mend or drop that rule; if the change is meant, raise the limit under features.clean.voice "
        "in the recipe",
    )


def summary(changes: Sequence[StyleChange]) -> str:
    """In how many sources the voice was checked, and the largest change that was let pass."""
    judged = [one for one in changes if one.is_judged]
    sources = len({one.source for one in judged})
    unjudged = sorted({one.source for one in changes} - {one.source for one in judged})
    thin = f"; too little own text to judge in {', '.join(unjudged)}" if unjudged else ""
    largest = max(judged, key=lambda one: one.change / one.limit, default=None)
    if largest is None or largest.change == 0:
        return f"voice unchanged in {sources} sources{thin}"
    return (
        f"voice kept in {sources} sources; the largest change is {largest.change:.2%} of the {largest.habit} of "
        f"{largest.source!r} by {largest.rule!r} (allowed {largest.limit:.0%}){thin}"
    )


def tally(text: str) -> Tally:
    """Words, marks, casing, contractions and sentences of a text, addresses and numbers left out."""
    prose = _NO_PROSE.sub(" ", text)
    found: Tally = Counter()
    for word in WORD.findall(prose):
        # In lower case, lest names be among the most frequent words of a small source; but "I" and "I'm" are words.
        if word[0].islower() or len(word) == 1 or word[1] in "'’":
            found[_WORD + word] += 1
        if word[0].isupper():
            found[_CASE + ("all capitals" if len(word) > 1 and word.isupper() else "capital first")] += 1
    found.update(_MARKED + mark for mark in _MARK.findall(prose))
    found[_CONTRACTIONS] += len(_CONTRACTION.findall(prose))
    for span in sentence_spans(prose):
        if length := len(WORD.findall(span.of(prose))):
            found[_SENTENCES] += 1
            found[_LENGTH] += length
            found[_SQUARES] += length**2
    return found


def _compared(steps: Sequence[str], totals: Sequence[Tally]) -> Iterator[tuple[str, Tally, Tally]]:
    for at in range(1, len(steps)):
        yield steps[at], totals[at - 1], totals[at]
    yield ALL_RULES, totals[0], totals[-1]


def _common(before: Tally, config: VoiceKeptConfig) -> list[str]:
    """The source's most frequent words; equal frequencies in order of name."""
    ranked = sorted((-count, name) for name, count in before.items() if name.startswith(_WORD))
    return [name for _, name in ranked[: config.function_words]]


def _changes(
    source: str, rule: str, before: Tally, after: Tally, common: Sequence[str], config: VoiceKeptConfig
) -> Iterator[StyleChange]:
    marks = sorted({name for name in (*before, *after) if name.startswith(_MARKED)})
    cases = sorted({name for name in (*before, *after) if name.startswith(_CASE)})
    groups = (
        ("function words", common, config.max_change, config.max_single_change),
        ("punctuation", marks, config.max_change, config.max_single_change),
        ("casing", cases, config.max_casing_change, None),
        ("contractions", [_CONTRACTIONS], config.max_change, None),
    )
    for habit, members, limit, single_limit in groups:
        yield _total_change(source, rule, habit, members, before, after, limit, config)
        if single_limit is not None:
            yield from _single_change(source, rule, habit, members, before, after, single_limit, config)
    for habit, (was, now) in {
        "mean sentence length": (_mean(before), _mean(after)),
        "spread of sentence lengths": (_spread(before), _spread(after)),
    }.items():
        is_judged = before[_SENTENCES] >= config.min_count and was > 0
        yield StyleChange(
            source=source, rule=rule, habit=habit, before=round(was, 6), after=round(now, 6), worst="",
            change=round(abs(now - was) / was, 6) if was else 0.0, limit=config.max_rhythm_change, is_judged=is_judged,
        )  # fmt: skip


def _total_change(
    source: str,
    rule: str,
    habit: str,
    members: Sequence[str],
    before: Tally,
    after: Tally,
    limit: float,
    config: VoiceKeptConfig,
) -> StyleChange:
    was, now = sum(before[one] for one in members), sum(after[one] for one in members)
    moved = sum(abs(after[one] - before[one]) for one in members)
    worst = max(members, key=lambda one: (abs(after[one] - before[one]), one), default="") if len(members) > 1 else ""
    return StyleChange(
        source=source, rule=rule, habit=habit, before=was, after=now, change=round(moved / max(1, was), 6), limit=limit,
        worst=_counts(worst, before, after) if worst and moved else "", is_judged=was >= config.min_count,
    )  # fmt: skip


def _single_change(
    source: str,
    rule: str,
    habit: str,
    members: Sequence[str],
    before: Tally,
    after: Tally,
    limit: float,
    config: VoiceKeptConfig,
) -> Iterator[StyleChange]:
    """The one common word or mark that a rule changed most, if it changed any."""
    often = [one for one in members if before[one] >= config.min_count and before[one] != after[one]]
    if not often:
        return
    worst = max(often, key=lambda one: (abs(after[one] - before[one]) / before[one], one))
    change = abs(after[worst] - before[worst]) / before[worst]
    yield StyleChange(
        source=source, rule=rule, habit=f"{habit}, one of them", before=before[worst], after=after[worst],
        change=round(change, 6), limit=limit, worst=_counts(worst, before, after), is_judged=True,
    )  # fmt: skip


def _counts(name: str, before: Tally, after: Tally) -> str:
    shown = name.removeprefix(_WORD).removeprefix(_MARKED).removeprefix(_CASE)
    return f"{shown!r}, {before[name]:,} to {after[name]:,}"


def _mean(counts: Tally) -> float:
    return counts[_LENGTH] / max(1, counts[_SENTENCES])


def _spread(counts: Tally) -> float:
    return math.sqrt(max(0.0, counts[_SQUARES] / max(1, counts[_SENTENCES]) - _mean(counts) ** 2))
