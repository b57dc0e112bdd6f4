"""How much of a text is copied."""

from __future__ import annotations

from collections.abc import Iterable

from twin_data.scoring.sentences import grams

COPIED_WORDS = 8
"""Stretches of so many words are rarely written twice by chance."""


def word_stretches(text: str) -> list[str]:
    """The overlapping stretches of `COPIED_WORDS` words, letter case and punctuation folded."""
    return list(grams(text, COPIED_WORDS))


def copied_share(text: str, sources: Iterable[str]) -> float:
    """Share of a text's stretches of `COPIED_WORDS` words that stand in one of the sources; 0 for a shorter text."""
    stretches = word_stretches(text)
    if not stretches:
        return 0.0
    held = {one for source in sources for one in word_stretches(source)}
    return sum(one in held for one in stretches) / len(stretches)
