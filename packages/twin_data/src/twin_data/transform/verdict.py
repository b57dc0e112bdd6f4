"""A first verdict on the corpus: is there enough, even and own material to fine-tune on?"""

from __future__ import annotations

from collections import Counter
from typing import Literal

import polars as pl

from twin_data.contracts.base import Contract
from twin_data.transform.quality import is_own_prose, own_text


class VerdictConfig(Contract):
    """Bars. They are rules of thumb until a learning curve of the voice score replaces them."""

    min_training_words: int = 20_000
    max_source_share: float = 0.9
    """No single source may hold more of the training words."""
    min_months: int = 6
    """A voice is a habit over time: from first to last dated document."""


class Count(Contract):
    """How many documents and own words one group holds."""

    name: str
    documents: int
    words: int


class CorpusVerdict(Contract):
    """What the archive amounts to, and whether fine-tuning on it is advisable."""

    persona: str
    documents: int
    own_words: int
    training_words: int
    test_words: int
    chunks: int
    families: int
    by_source: tuple[Count, ...]
    by_year: tuple[Count, ...]
    by_kind: tuple[Count, ...]
    rejections: dict[str, int]
    """Rejected or redacted pieces, by stage and reason."""
    training_exclusions: int
    authorship: str
    """What the check of authorship found, or why there was none."""
    recommendation: Literal["enough to fine-tune", "stay with prompt and retrieval"]
    reasons: tuple[str, ...]


def judge(
    persona: str,
    documents: pl.DataFrame,
    chunks: int,
    rejections: pl.DataFrame,
    exclusions: pl.DataFrame,
    authorship: str,
    *,
    config: VerdictConfig,
) -> CorpusVerdict:
    """Count the corpus and judge it against the bars.

    Args:
        persona: Whose corpus.
        documents: Rows of `CorpusDocument`.
        chunks: How many chunks they gave.
        rejections: Rows of `Rejection` of all stages.
        exclusions: Rows of `Rejection` that decontamination made.
        authorship: What the check of authorship found, in a sentence.
        config: The bars.
    """
    counted = documents.with_columns(own_text(documents).str.extract_all(r"\S+").list.len().alias("words"))
    training = counted.filter(pl.col("split") == "train")
    training_words = int(training["words"].sum()) - _excluded_words(training, exclusions)
    reasons = _shortcomings(training, training_words, config)
    return CorpusVerdict(
        persona=persona,
        documents=documents.height,
        own_words=int(counted["words"].sum()),
        training_words=training_words,
        test_words=int(counted["words"].sum()) - int(training["words"].sum()),
        chunks=chunks,
        families=documents["family"].n_unique(),
        by_source=_counts(counted, pl.col("source")),
        by_year=_counts(counted, pl.col("date").dt.year().cast(pl.String).fill_null("undated")),
        by_kind=_counts(counted, pl.col("kind")),
        rejections=_reasons(rejections),
        training_exclusions=exclusions.height,
        authorship=authorship,
        recommendation="stay with prompt and retrieval" if reasons else "enough to fine-tune",
        reasons=tuple(reasons),
    )


def _excluded_words(training: pl.DataFrame, exclusions: pl.DataFrame) -> int:
    """The persona's own words within the spans that may not train; others' words were never counted."""
    rows = {row[0]: row[1:] for row in training.select("document_id", "text", "passages").iter_rows()}
    total = 0
    for document_id, start, end in exclusions.select("document_id", "start", "end").iter_rows():
        text, passages = rows.get(document_id, ("", ()))
        for one in passages:
            if is_own_prose(one):
                total += len(text[max(start, one["start"]) : min(end, one["end"])].split())
    return total


def _shortcomings(training: pl.DataFrame, training_words: int, config: VerdictConfig) -> list[str]:
    reasons = []
    if training_words < config.min_training_words:
        reasons.append(f"{training_words:,} words to train on; {config.min_training_words:,} are wanted")
    shares = training.group_by("source").agg(pl.col("words").sum()).sort("words", descending=True)
    if shares.height > 1 and training_words and shares["words"][0] / training["words"].sum() > config.max_source_share:
        share = shares["words"][0] / training["words"].sum()
        reasons.append(f"{share:.0%} of the words come from the one source {shares['source'][0]!r}")
    dates = training["date"].drop_nulls()
    if dates.len() > 1:
        months = (dates.max() - dates.min()).days / 30.4  # type: ignore[operator, union-attr]
        if months < config.min_months:
            reasons.append(f"all dated material lies within {months:.0f} months; {config.min_months} are wanted")
    return reasons


def _counts(frame: pl.DataFrame, by: pl.Expr) -> tuple[Count, ...]:
    grouped = frame.group_by(by.alias("name")).agg(pl.len().alias("documents"), pl.col("words").sum()).sort("name")
    return tuple(Count(**row) for row in grouped.iter_rows(named=True))


def _reasons(rejections: pl.DataFrame) -> dict[str, int]:
    named = [
        f"{stage}: {reason.split(' of ')[0].split(': ')[0]}"
        for stage, reason in rejections.select("stage", "reason").iter_rows()
    ]
    return dict(sorted(Counter(named).items()))
