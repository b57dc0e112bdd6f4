"""The quality rules: each a name, where it comes from, the kinds it is asked of, and a Polars expression.

The expressions are over the columns of `twin_data.native.statistics.text_statistics`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from twin_data.contracts.base import Contract
from twin_data.contracts.documents import DocumentKind
from twin_data.native.statistics import DUPLICATE_GRAMS, TOP_GRAMS

GOPHER, FINEWEB, OURS = "Gopher (Rae et al., 2021)", "FineWeb (Penedo et al., 2024)", "ours"
ALL = tuple(kind.value for kind in DocumentKind)
SHORT_FORMS = tuple(kind.value for kind in DocumentKind if kind.is_short_form)
LONG_FORMS = tuple(kind.value for kind in DocumentKind if not kind.is_short_form)
ARTICLES = (DocumentKind.ARTICLE.value,)
Share = float | None


class QualityConfig(Contract):
    """Thresholds, each the paper's unless it says otherwise. None switches a rule off."""

    min_words_long: int | None = 50
    """Gopher: words that are not all punctuation. Counted, as all that follows, on the persona's own words."""
    max_words_long: int | None = None
    """Gopher: 100,000. Off: whoever wrote a long book wrote it."""
    min_words_short: int | None = 8
    """Ours: own words that a chat thread, mail, review or post needs to be worth keeping."""
    min_mean_word_length: float | None = 3.0
    max_mean_word_length: float | None = 10.0
    min_mean_word_length_short: float | None = 2.0
    """Ours: "can u pls chk" is how its author writes; letters by themselves are no words."""
    max_mean_word_length_short: float | None = 15.0
    """Ours: one compound or hashtag makes the mean of ten words; keys and dumps are far above."""
    max_symbol_share: Share = 0.1
    """Gopher: hash signs over words, and ellipses over words."""
    max_symbol_share_short: Share = 0.5
    """Ours: both together in short forms, where hashtags and trailing dots are usual."""
    max_bullet_lines: Share = 0.9
    """Gopher: lines that begin with a bullet or hyphen."""
    max_ellipsis_lines: Share = 0.3
    """Gopher: lines that end in an ellipsis."""
    min_alphabetic_share: Share = 0.8
    """Gopher: words that hold a letter."""
    min_alphabetic_share_short: Share = 0.5
    """Ours: the same of short forms, where figures, emoji and the marks of lists stand among few words."""
    min_stop_words: int | None = 2
    """Gopher: of the, be, to, of, and, that, have and with, how many an English document holds."""
    max_duplicate_paragraphs: Share = 0.3
    max_duplicate_paragraph_characters: Share = 0.2
    max_duplicate_lines: Share = 0.3
    max_duplicate_line_characters: Share = 0.2
    max_top_gram_characters: tuple[float, float, float] | None = (0.2, 0.18, 0.16)
    """Gopher: characters that the most frequent run of 2, 3 and 4 words takes."""
    max_duplicate_gram_characters: tuple[float, float, float, float, float, float] | None = (
        0.15, 0.14, 0.13, 0.12, 0.11, 0.10
    )  # fmt: skip
    """Gopher: characters in runs of 5 to 10 words that were there before."""
    max_duplicate_line_characters_short: Share = 0.5
    """Ours: the share of a short form that says again what one of its lines said."""
    min_terminal_lines: Share = 0.12
    """FineWeb: lines that end in a mark that ends sentences."""
    max_short_lines: Share = 0.67
    """FineWeb: lines of 30 characters or fewer."""
    max_duplicate_line_characters_article: Share = 0.1
    """FineWeb: characters of lines that were there before. Its 0.01 is made for menus; a ballad's refrain is more."""
    max_new_lines: Share = 0.3
    """FineWeb: line feeds over words."""

    @classmethod
    def of_the_papers(cls) -> QualityConfig:
        """The thresholds to the letter, for who filters pages of the web."""
        return cls(max_words_long=100_000, max_duplicate_line_characters_article=0.01)


@dataclass(frozen=True)
class Rule:
    """One rule of quality.

    Attributes:
        name: The reason of who fails it.
        source: The paper, or `ours`.
        kinds: The kinds of document that it is asked of.
        threshold: Its threshold of a configuration; None when it is off.
        fails: From the threshold, whether a text fails.
    """

    name: str
    source: str
    kinds: tuple[str, ...]
    threshold: Callable[[QualityConfig], float | None]
    fails: Callable[[float], pl.Expr]

    def failure(self, config: QualityConfig) -> pl.Expr:
        """Whether a text fails; null where a share of nothing is asked for."""
        threshold = self.threshold(config)
        return pl.lit(False) if threshold is None else self.fails(threshold)


def _share(part: str, whole: str) -> pl.Expr:
    """Null where the whole is 0."""
    return pl.col(part) / pl.when(pl.col(whole) > 0).then(pl.col(whole))


def _above(part: str, whole: str) -> Callable[[float], pl.Expr]:
    return lambda threshold: _share(part, whole) > threshold


def _below(part: str, whole: str) -> Callable[[float], pl.Expr]:
    return lambda threshold: _share(part, whole) < threshold


def _without_line_feeds(threshold: float) -> pl.Expr:
    written = pl.col("characters") - pl.col("new_lines")
    return pl.col("duplicate_line_characters") / pl.when(written > 0).then(written) > threshold


def _top_gram(at: int) -> Callable[[QualityConfig], float | None]:
    return lambda config: config.max_top_gram_characters[at] if config.max_top_gram_characters else None


def _duplicate_gram(at: int) -> Callable[[QualityConfig], float | None]:
    return lambda config: config.max_duplicate_gram_characters[at] if config.max_duplicate_gram_characters else None


_MEAN_LENGTH = ("non_symbol_characters", "non_symbol_words")
RULES: tuple[Rule, ...] = (
    Rule("no_words", OURS, ALL, lambda c: 1, lambda t: pl.col("alphabetic_words") < t),
    Rule(
        "gopher_too_few_words", GOPHER, LONG_FORMS, lambda c: c.min_words_long, lambda t: pl.col("non_symbol_words") < t
    ),
    Rule(
        "gopher_too_many_words",
        GOPHER,
        LONG_FORMS,
        lambda c: c.max_words_long,
        lambda t: pl.col("non_symbol_words") > t,
    ),
    Rule(
        "short_form_too_few_words",
        OURS,
        SHORT_FORMS,
        lambda c: c.min_words_short,
        lambda t: pl.col("alphabetic_words") < t,
    ),
    Rule("gopher_short_mean_word_length", GOPHER, LONG_FORMS, lambda c: c.min_mean_word_length, _below(*_MEAN_LENGTH)),
    Rule("gopher_long_mean_word_length", GOPHER, LONG_FORMS, lambda c: c.max_mean_word_length, _above(*_MEAN_LENGTH)),
    Rule(
        "short_form_short_mean_word_length",
        OURS,
        SHORT_FORMS,
        lambda c: c.min_mean_word_length_short,
        _below(*_MEAN_LENGTH),
    ),
    Rule(
        "short_form_long_mean_word_length",
        OURS,
        SHORT_FORMS,
        lambda c: c.max_mean_word_length_short,
        _above(*_MEAN_LENGTH),
    ),
    Rule("gopher_hash_ratio", GOPHER, LONG_FORMS, lambda c: c.max_symbol_share, _above("hashes", "words")),
    Rule("gopher_ellipsis_ratio", GOPHER, LONG_FORMS, lambda c: c.max_symbol_share, _above("ellipses", "words")),
    Rule(
        "short_form_symbol_ratio",
        OURS,
        SHORT_FORMS,
        lambda c: c.max_symbol_share_short,
        lambda t: (pl.col("hashes") + pl.col("ellipses")) / pl.col("words").clip(1) > t,
    ),
    Rule("gopher_bullet_lines", GOPHER, LONG_FORMS, lambda c: c.max_bullet_lines, _above("bullet_lines", "lines")),
    Rule(
        "gopher_ellipsis_lines", GOPHER, LONG_FORMS, lambda c: c.max_ellipsis_lines, _above("ellipsis_lines", "lines")
    ),
    Rule(
        "gopher_too_few_alphabetic_words",
        GOPHER,
        LONG_FORMS,
        lambda c: c.min_alphabetic_share,
        _below("alphabetic_words", "words"),
    ),
    Rule(
        "short_form_too_few_alphabetic_words",
        OURS,
        SHORT_FORMS,
        lambda c: c.min_alphabetic_share_short,
        _below("alphabetic_words", "words"),
    ),
    Rule(
        "gopher_too_few_stop_words", GOPHER, LONG_FORMS, lambda c: c.min_stop_words, lambda t: pl.col("stop_words") < t
    ),
    Rule(
        "gopher_duplicate_paragraphs",
        GOPHER,
        LONG_FORMS,
        lambda c: c.max_duplicate_paragraphs,
        _above("duplicate_paragraphs", "paragraphs"),
    ),
    Rule(
        "gopher_duplicate_paragraph_characters",
        GOPHER,
        LONG_FORMS,
        lambda c: c.max_duplicate_paragraph_characters,
        _above("duplicate_paragraph_characters", "characters"),
    ),
    Rule(
        "gopher_duplicate_lines", GOPHER, LONG_FORMS, lambda c: c.max_duplicate_lines, _above("duplicate_runs", "runs")
    ),
    Rule(
        "gopher_duplicate_line_characters",
        GOPHER,
        LONG_FORMS,
        lambda c: c.max_duplicate_line_characters,
        _above("duplicate_run_characters", "characters"),
    ),
    *(
        Rule(
            f"gopher_top_{length}_gram_characters",
            GOPHER,
            LONG_FORMS,
            _top_gram(at),
            _above(f"top_{length}_gram_characters", "characters"),
        )
        for at, length in enumerate(TOP_GRAMS)
    ),
    *(
        Rule(
            f"gopher_duplicate_{length}_gram_characters",
            GOPHER,
            LONG_FORMS,
            _duplicate_gram(at),
            _above(f"duplicate_{length}_gram_characters", "characters"),
        )
        for at, length in enumerate(DUPLICATE_GRAMS)
    ),
    Rule(
        "short_form_duplicate_line_characters",
        OURS,
        SHORT_FORMS,
        lambda c: c.max_duplicate_line_characters_short,
        _above("duplicate_run_characters", "characters"),
    ),
    Rule(
        "fineweb_terminal_lines",
        FINEWEB,
        ARTICLES,
        lambda c: c.min_terminal_lines,
        _below("terminal_lines", "filled_lines"),
    ),
    Rule("fineweb_short_lines", FINEWEB, ARTICLES, lambda c: c.max_short_lines, _above("short_lines", "filled_lines")),
    Rule(
        "fineweb_duplicate_line_characters",
        FINEWEB,
        ARTICLES,
        lambda c: c.max_duplicate_line_characters_article,
        _without_line_feeds,
    ),
    Rule("fineweb_new_lines", FINEWEB, ARTICLES, lambda c: c.max_new_lines, _above("new_lines", "words")),
)
