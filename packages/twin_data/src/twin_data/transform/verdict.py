"""The verdict on the corpus: is there enough, even, own and consented material to fine-tune on?

Where a learning curve of the authorship score is known it speaks first (`scoring.learning_curve`): a hand that cannot
be told from others' gives training nothing to aim at, and a curve that still rises steeply says that the archive is
thin. A levelled one halves the words that are wanted and no more, for to be recognised takes less than to be imitated.
Where it settles nothing the rules of thumb decide, and the verdict says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal

import polars as pl
from pydantic import Field

from twin_data.contracts.base import Contract
from twin_data.contracts.learning import LearningCurve
from twin_data.transform.curve_reading import CurveReading, Problem, read_curve
from twin_data.transform.quality import is_own_prose, own_text


class VerdictConfig(Contract):
    """Bars: rules of thumb, and how a learning curve is read."""

    min_training_words: int = 20_000
    """A rule of thumb, where no learning curve settles it."""
    min_training_words_levelled: int = 10_000
    """The same where the curve has levelled."""
    min_auc: float = Field(default=0.8, gt=0.5, lt=1)
    """The hand is told where the AUC's interval lies above this, and untold where it lies below."""
    max_gain: float = Field(default=0.02, gt=0, lt=0.5)
    """AUC that twice the corpus may bring for the curve to count as levelled."""
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
    """What speaks against fine-tuning; empty if nothing does."""
    basis: Literal["learning curve", "rules of thumb"] = "rules of thumb"
    """What decided whether there are enough words."""
    evidence: tuple[str, ...] = ()
    """What that rests on, in sentences."""
    changes: tuple[str, ...] = ()
    """What would change the verdict."""


def judge(
    persona: str,
    documents: pl.DataFrame,
    chunks: int,
    rejections: pl.DataFrame,
    exclusions: pl.DataFrame,
    authorship: str,
    *,
    config: VerdictConfig,
    curve: LearningCurve | None = None,
    unstated: Sequence[str] = (),
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
        curve: The learning curve of the training side; None where none has been measured.
        unstated: Fields of the consent that `persona.yaml` leaves empty.
    """
    counted = documents.with_columns(own_text(documents).str.extract_all(r"\S+").list.len().alias("words"))
    training = counted.filter(pl.col("split") == "train")
    training_words = int(training["words"].sum()) - _excluded_words(training, exclusions)
    reading = read_curve(curve, config)
    short = _words_short(training_words, reading, config)
    problems = [*_consent(unstated), *([reading.objection] if reading.objection else []), *short]
    problems += _unevenness(training, training_words, config)
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
        recommendation="stay with prompt and retrieval" if problems else "enough to fine-tune",
        reasons=tuple(one.reason for one in problems),
        basis="learning curve" if reading.settles else "rules of thumb",
        evidence=reading.evidence,
        changes=tuple(one.remedy for one in problems) or _what_would_undo(training_words, reading, config),
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


def _consent(unstated: Sequence[str]) -> list[Problem]:
    if not unstated:
        return []
    return [Problem(f"persona.yaml does not state {', '.join(unstated)}", "state them: without consent nothing trains")]


def _words_short(training_words: int, reading: CurveReading, config: VerdictConfig) -> list[Problem]:
    wanted = _wanted_words(reading, config)
    if training_words >= wanted or reading.objection:
        return []
    remedy = f"{wanted - training_words:,} more own words"
    if not reading.is_levelled:
        remedy += f", or a learning curve that has levelled: then {config.min_training_words_levelled:,} do"
    return [Problem(f"{training_words:,} words to train on; {wanted:,} are wanted", remedy)]


def _wanted_words(reading: CurveReading, config: VerdictConfig) -> int:
    rule = config.min_training_words
    return min(rule, config.min_training_words_levelled) if reading.is_levelled else rule


def _what_would_undo(training_words: int, reading: CurveReading, config: VerdictConfig) -> tuple[str, ...]:
    wanted = _wanted_words(reading, config)
    return (f"fewer than {wanted:,} words to train on (there are {training_words:,})",)


def _unevenness(training: pl.DataFrame, training_words: int, config: VerdictConfig) -> list[Problem]:
    found = []
    shares = training.group_by("source").agg(pl.col("words").sum()).sort("words", descending=True)
    if shares.height > 1 and training_words and shares["words"][0] / training["words"].sum() > config.max_source_share:
        share = shares["words"][0] / training["words"].sum()
        reason = f"{share:.0%} of the words come from the one source {shares['source'][0]!r}"
        found.append(
            Problem(reason, f"more from the other sources, until none holds over {config.max_source_share:.0%}")
        )
    dates = training["date"].drop_nulls()
    if dates.len() > 1:
        months = (dates.max() - dates.min()).days / 30.4  # type: ignore[operator, union-attr]
        if months < config.min_months:
            reason = f"all dated material lies within {months:.0f} months; {config.min_months} are wanted"
            found.append(Problem(reason, "writing of an earlier or later time"))
    return found


def _counts(frame: pl.DataFrame, by: pl.Expr) -> tuple[Count, ...]:
    grouped = frame.group_by(by.alias("name")).agg(pl.len().alias("documents"), pl.col("words").sum()).sort("name")
    return tuple(Count(**row) for row in grouped.iter_rows(named=True))


def _reasons(rejections: pl.DataFrame) -> dict[str, int]:
    named = [
        f"{stage}: {reason.split(' of ')[0].split(': ')[0]}"
        for stage, reason in rejections.select("stage", "reason").iter_rows()
    ]
    return dict(sorted(Counter(named).items()))
