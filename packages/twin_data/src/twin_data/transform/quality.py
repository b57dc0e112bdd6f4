"""Quality rules with counted reasons: Gopher's and FineWeb's for articles, milder ones for short forms.

Thresholds are those of Gopher (Rae et al., 2021, section A1.1, table A1) and FineWeb (Penedo et al., 2024). They were
made for pages of the web, so not all of them are asked of a person's archive: transcripts are spared FineWeb's rules
about lines, and chat, mail, reviews and posts, which would fail for being short, must only say something.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl
from pydantic import Field

from twin_data.contracts.base import Contract
from twin_data.contracts.documents import BLOCK_SEPARATOR, BlockStyle, Role
from twin_data.native.statistics import cut, text_statistics
from twin_data.transform.quality_rules import RULES, QualityConfig, Rule

STAGE = "filter"
_EXCERPT_CHARACTERS = 200
_SAMPLES = 5


class RuleCount(Contract):
    """What one quality rule did to a corpus."""

    rule: str
    source: str
    """The paper that states it, or `ours`."""
    threshold: float | None
    """None where the rule has none or is switched off."""
    asked: int
    """Documents of the kinds that the rule is for."""
    failed: int
    """Documents that fail it, whether or not an earlier rule dropped them."""
    dropped: int
    """Documents that it dropped: it is the first rule that they fail."""
    samples: tuple[str, ...] = Field(max_length=_SAMPLES)
    """The first of the failed documents, by id; what they look like stands in the rejections."""


@dataclass(frozen=True)
class Filtered:
    """Rows of `CorpusDocument` that passed, rows of `Rejection`, and rows of `RuleCount`, one a rule in order."""

    documents: pl.DataFrame
    rejections: pl.DataFrame
    rules: tuple[RuleCount, ...]


def run(inputs: pl.DataFrame, *, config: QualityConfig) -> Filtered:
    """Drop documents that say too little to be of use; the first rule that fails is the reason."""
    failures = failed_rules(inputs.select("kind", _spoken(own_text(inputs)).alias("own")), config)
    reasons = (
        pl.DataFrame(inputs["document_id"]).with_columns(failures).select("document_id", _first_failure())["reason"]
    )
    rejected = inputs.filter(reasons.is_not_null()).select(
        pl.lit(STAGE).alias("stage"),
        "document_id",
        pl.col("digest").alias("text_digest"),
        pl.lit(0, pl.Int64).alias("start"),
        pl.col("text").str.len_chars().cast(pl.Int64).alias("end"),
        reasons.drop_nulls(),
        pl.col("text").str.slice(0, _EXCERPT_CHARACTERS).alias("redacted_text"),
    )
    return Filtered(
        documents=inputs.filter(reasons.is_null()),
        rejections=rejected,
        rules=_counts(inputs.select("document_id", "kind"), failures, reasons, config),
    )


def failed_rules(texts: pl.DataFrame, config: QualityConfig) -> pl.DataFrame:
    """Whether each text fails each rule, one Boolean column a rule; rules that are not for its kind never fail.

    Args:
        texts: Columns `kind` (a `DocumentKind`) and `own` (the text).
        config: Thresholds.
    """
    counted = text_statistics(texts["own"]).with_columns(texts["kind"])
    return counted.select(
        (rule.failure(config) & pl.col("kind").is_in(list(rule.kinds))).fill_null(False).alias(rule.name)
        for rule in RULES
    )


def own_text(frame: pl.DataFrame) -> pl.Series:
    """The persona's own words of each document, its passages joined by a blank line."""
    own = (
        frame.lazy()
        .select(pl.int_range(pl.len()).alias("row"), "passages")
        .explode("passages", empty_as_null=False)
        .unnest("passages")
        .filter((pl.col("role") == Role.OWN.value) & (pl.col("style") != BlockStyle.CODE.value))
        .select("row", "start", "end")
        .collect()
    )
    return cut(frame["text"], own, BLOCK_SEPARATOR).alias("own")


def is_own_prose(passage: Mapping[str, Any]) -> bool:
    """Whether a row of a document's passages holds the persona's own words rather than others' or code."""
    return bool(passage["role"] == Role.OWN.value and passage["style"] != BlockStyle.CODE.value)


def _spoken(own: pl.Series) -> pl.Series:
    """The text without addresses and the marks of what was blanked, which are nobody's words."""
    return own.str.replace_all(r"https?://\S+|www\.\S+", " ").str.replace_all(
        r"\[(email|phone|secret|name|card|account|ip)\]", " "
    )


def _first_failure() -> pl.Expr:
    return pl.coalesce(pl.when(pl.col(rule.name)).then(pl.lit(rule.name)) for rule in RULES).alias("reason")


def _counts(
    documents: pl.DataFrame, failures: pl.DataFrame, reasons: pl.Series, config: QualityConfig
) -> tuple[RuleCount, ...]:
    kinds: dict[str, int] = dict(documents.group_by("kind").len().iter_rows())
    dropped: dict[str, int] = dict(reasons.drop_nulls().value_counts().iter_rows())

    def count(rule: Rule) -> RuleCount:
        failed = documents["document_id"].filter(failures[rule.name])
        return RuleCount(
            rule=rule.name,
            source=rule.source,
            threshold=rule.threshold(config),
            asked=sum(kinds.get(kind, 0) for kind in rule.kinds),
            failed=failed.len(),
            dropped=dropped.get(rule.name, 0),
            samples=tuple(failed.bottom_k(_SAMPLES).sort()),
        )

    return tuple(count(rule) for rule in RULES)
