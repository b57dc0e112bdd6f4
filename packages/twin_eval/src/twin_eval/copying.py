"""How much of a text stands word for word in the persona's documents: memorised, or put together from passages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from twin_data.scoring.copies import word_stretches


def copied_flags(texts: Sequence[str], documents: Iterable[str]) -> list[list[bool]]:
    """For each text, whether each of its `word_stretches` stands in some document.

    Only the texts' stretches are held in memory; documents are read one at a time.
    """
    stretches = [word_stretches(text) for text in texts]
    wanted = {stretch for one in stretches for stretch in one}
    held: set[str] = set()
    if wanted:
        for document in documents:
            held.update(wanted.intersection(word_stretches(document)))
    return [[stretch in held for stretch in one] for one in stretches]
