"""A rough topic for each document: the most telling of the corpus's frequent words that its beginning holds.

Good enough to spread a held-out set over what somebody writes about, without a model; it says little about any one
document.
"""

from __future__ import annotations

import polars as pl

from twin_data.scoring.sentences import STOPWORDS

_ROWS_A_BATCH = 20_000  # bounds the memory: the words of so many documents at a time
_OPENING_CHARACTERS = 600
_MAX_SHARE = 0.2  # a word in more documents says nothing about any


def topics(titles: pl.Series, texts: pl.Series, *, count: int) -> pl.Series:
    """The topic of each document, a word in lower case; empty where it holds none of the `count` words.

    Those are the words of four letters and more, no function words, that the most documents hold in their title or
    first 600 characters, but not more than a fifth of them. Of several that a document holds, the rarest is its topic.

    Args:
        titles: Of the documents.
        texts: Of the documents.
        count: How many topics there may be.
    """
    frame = pl.DataFrame({"title": titles, "text": texts})
    batches = [frame[at : at + _ROWS_A_BATCH] for at in range(0, frame.height, _ROWS_A_BATCH)]
    counted = [_words(batch).group_by("word").len("documents") for batch in batches]
    if not counted:
        return pl.Series("topic", [], dtype=pl.String)
    frequent = (
        pl.concat(counted)
        .group_by("word")
        .agg(pl.col("documents").sum())
        .filter(pl.col("documents") <= max(1, _MAX_SHARE * frame.height))
        .sort("documents", "word", descending=[True, False])
        .head(count)
    )
    return pl.concat([_topic(batch, frequent) for batch in batches]).alias("topic")


def _words(batch: pl.DataFrame) -> pl.DataFrame:
    """Columns `row` and `word`, each pair once."""
    opening = pl.concat_str("title", pl.col("text").str.slice(0, _OPENING_CHARACTERS), separator=" ").str.to_lowercase()
    return (
        batch.select(
            pl.int_range(pl.len()).alias("row"), opening.str.extract_all(r"\p{L}{4,}").list.unique().alias("word")
        )
        .explode("word", empty_as_null=False)
        .filter(~pl.col("word").is_in(sorted(STOPWORDS)))
    )


def _topic(batch: pl.DataFrame, frequent: pl.DataFrame) -> pl.Series:
    rarest = (
        _words(batch)
        .join(frequent, on="word")
        .sort("documents", "word")
        .unique("row", keep="first", maintain_order=True)
        .select("row", "word")
    )
    rows = pl.DataFrame({"row": pl.int_range(batch.height, eager=True)})
    return rows.join(rarest, on="row", how="left", maintain_order="left")["word"].fill_null("")
