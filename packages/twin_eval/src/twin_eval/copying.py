"""How much of a text stands word for word in the persona's documents: memorised, or put together from passages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from twin_data.scoring.sentences import words

GRAM_WORDS = 8
"""Stretches of so many words are rarely written twice by chance."""
Gram = tuple[str, ...]


def word_grams(text: str) -> list[Gram]:
    """The overlapping stretches of `GRAM_WORDS` words, letter case and punctuation folded."""
    folded = [word.casefold().replace("’", "'") for word in words(text)]
    return [tuple(folded[at : at + GRAM_WORDS]) for at in range(len(folded) - GRAM_WORDS + 1)]


def copied_flags(texts: Sequence[str], documents: Iterable[str]) -> list[list[bool]]:
    """For each text, whether each of its word grams stands in some document.

    Only the texts' grams are held in memory; documents are read one at a time.
    """
    grams = [word_grams(text) for text in texts]
    wanted = {gram for one in grams for gram in one}
    held: set[Gram] = set()
    if wanted:
        for document in documents:
            held.update(wanted.intersection(word_grams(document)))
    return [[gram in held for gram in one] for one in grams]
