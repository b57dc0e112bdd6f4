"""Two ways of comparing a quotation with the text it was taken from."""

from __future__ import annotations

from functools import lru_cache

from twin_data.scoring.sentences import words

_WIDTHLESS = dict.fromkeys((0x00AD, 0x200B, 0x2060, 0xFEFF))
"""Soft hyphen, zero-width space, word joiner: they tell a page where to break a line and show no mark."""


def fold_white_space(text: str) -> str:
    """Each run of white space as one plain space, none at the ends; marks without width gone."""
    return " ".join(text.translate(_WIDTHLESS).split())


@lru_cache(maxsize=4096)
def word_line(text: str) -> str:
    """The words in lower case, parted by single spaces, with a space at both ends.

    Used where a quotation was taken from a raw source and is looked for in cleaned text, from which markup has gone.
    Remembered, since passages come again: at each depth of retrieval, for other questions, from the champion.
    """
    folded = text.translate(_WIDTHLESS).casefold().replace("’", "'")
    return f" {' '.join(words(folded))} "
