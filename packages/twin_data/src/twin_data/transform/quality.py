"""Quality rules with counted reasons: Gopher's for articles, milder ones for short forms.

The article rules and thresholds are those of Rae et al. (2021), table A1, as far as they concern single documents.
Chat, mail, reviews and posts would fail them for being short, which is no fault there: they must only say something.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from twin_data.contracts.base import Contract
from twin_data.contracts.documents import BlockStyle, DocumentKind, Role

STAGE = "filter"
_LONG_FORMS = [kind.value for kind in DocumentKind if not kind.is_short_form]
_GOPHER_STOP_WORDS = r"(?i)\b(the|be|to|of|and|that|have|with)\b"


class QualityConfig(Contract):
    """Thresholds."""

    min_words_long: int = 50
    """Gopher: documents of fewer words are dropped. Counted on the persona's own words."""
    min_words_short: int = 8
    """Own words that a chat thread, mail, review or post needs to be worth keeping."""
    min_mean_word_length: float = 3.0
    max_mean_word_length: float = 10.0
    max_symbol_share: float = 0.1
    """Gopher: hash signs and ellipses over words."""
    max_symbol_share_short: float = 0.5
    """The same in short forms, where hashtags and trailing dots are usual."""
    min_alphabetic_share: float = 0.8
    """Gopher: words that hold a letter."""
    min_stop_words: int = 2
    """Gopher: kinds of common function word an English document holds."""


@dataclass(frozen=True)
class Filtered:
    """Rows of `CorpusDocument` that passed, and rows of `Rejection`."""

    documents: pl.DataFrame
    rejections: pl.DataFrame


def run(inputs: pl.DataFrame, *, config: QualityConfig) -> Filtered:
    """Drop documents that say too little to be of use; the first rule that fails is the reason."""
    judged = _with_statistics(inputs).with_columns(_reason(config).alias("reason"))
    rejected = judged.filter(pl.col("reason").is_not_null()).select(
        pl.lit(STAGE).alias("stage"),
        "document_id",
        pl.col("digest").alias("text_digest"),
        pl.lit(0, pl.Int64).alias("start"),
        pl.col("text").str.len_chars().cast(pl.Int64).alias("end"),
        "reason",
        pl.col("text").str.slice(0, 200).alias("redacted_text"),
    )
    return Filtered(documents=judged.filter(pl.col("reason").is_null()).select(inputs.columns), rejections=rejected)


def own_text(frame: pl.DataFrame) -> pl.Series:
    """The persona's own words of each document, its passages joined by a blank line."""
    texts = [
        "\n\n".join(text[one["start"] : one["end"]] for one in passages if is_own_prose(one))
        for text, passages in zip(frame["text"], frame["passages"], strict=True)
    ]
    return pl.Series("own", texts, dtype=pl.String)


def is_own_prose(passage: Mapping[str, Any]) -> bool:
    """Whether a row of a document's passages holds the persona's own words rather than others' or code."""
    return bool(passage["role"] == Role.OWN.value and passage["style"] != BlockStyle.CODE.value)


def _with_statistics(frame: pl.DataFrame) -> pl.DataFrame:
    own = frame.with_columns(
        own_text(frame)
        .str.replace_all(r"https?://\S+|www\.\S+", " ")
        .str.replace_all(r"\[(email|phone|secret|name|card|account|ip)\]", " ")
    )
    listed = own.with_columns(pl.col("own").str.extract_all(r"\S+").alias("tokens"))
    count = pl.col("tokens").list.len()
    words = pl.col("tokens").list.eval(pl.element().filter(pl.element().str.contains(r"\p{L}")))
    return listed.with_columns(
        words.list.len().alias("words"),
        pl.col("tokens").list.eval(pl.element().str.len_chars().mean()).list.first().fill_null(0).alias("mean_length"),
        (pl.col("own").str.count_matches(r"#|…|\.\.\.") / count.clip(1)).alias("symbols"),
        (words.list.len() / count.clip(1)).alias("alphabetic"),
        pl.col("own").str.to_lowercase().str.extract_all(_GOPHER_STOP_WORDS).list.n_unique().alias("stop_words"),
    )


def _reason(config: QualityConfig) -> pl.Expr:
    long_form = pl.col("kind").is_in(_LONG_FORMS)
    return (
        pl.when(pl.col("words") == 0).then(pl.lit("no_words"))
        .when(long_form & (pl.col("words") < config.min_words_long)).then(pl.lit("gopher_too_few_words"))
        .when(~long_form & (pl.col("words") < config.min_words_short)).then(pl.lit("short_form_too_few_words"))
        .when(pl.col("alphabetic") < config.min_alphabetic_share).then(pl.lit("gopher_too_few_alphabetic_words"))
        .when(~pl.col("mean_length").is_between(config.min_mean_word_length, config.max_mean_word_length))
        .then(pl.lit("gopher_mean_word_length"))
        .when(long_form & (pl.col("symbols") > config.max_symbol_share)).then(pl.lit("gopher_symbol_ratio"))
        .when(pl.col("symbols") > config.max_symbol_share_short).then(pl.lit("short_form_symbol_ratio"))
        .when(long_form & (pl.col("stop_words") < config.min_stop_words)).then(pl.lit("gopher_too_few_stop_words"))
        .otherwise(None)
    )  # fmt: skip
