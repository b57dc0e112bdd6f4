"""How much of a text is copied."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

from twin_data.scoring.sentences import grams, word_runs

COPIED_WORDS = 8
"""Stretches of so many words are rarely written twice by chance."""
_RUN_WORDS = 5
"""Shorter than a stretch, so that not each that begins at another word has to be named: every fourth does."""
MOST_AVOIDED = 64
"""vLLM takes 128 runs of tokens to avoid, and makes up to two of a run of words: with a space before it and without."""


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


def runs_of(text: str) -> list[str]:
    """Pieces of a text of which whoever writes none copies no stretch of `COPIED_WORDS` words as it stands there."""
    runs = list(word_runs(text, _RUN_WORDS))
    return [text[start:end] for _, start, end in runs[:: COPIED_WORDS - _RUN_WORDS + 1]]


def runs_to_avoid(texts: Iterable[str]) -> list[str]:
    """The runs of some texts that a model can be kept from writing: as many as vLLM takes, the first texts' first."""
    return list(islice((run for text in texts for run in runs_of(text)), MOST_AVOIDED))


def is_mostly_copied(copied: Sequence[bool]) -> bool:
    """Whether more than half of a text's words lie in stretches that stand elsewhere; a copy, whatever was exchanged.

    Args:
        copied: Whether each of its `word_stretches` does, in their order; none of a text that is shorter than one.
    """
    if not copied:
        return False
    reach = [any(copied[max(0, at - COPIED_WORDS + 1) : at + 1]) for at in range(len(copied) + COPIED_WORDS - 1)]
    return 2 * sum(reach) > len(reach)
