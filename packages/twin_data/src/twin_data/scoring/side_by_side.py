"""Two texts laid side by side by their longest common runs of words' forms (Ratcliff and Metzener, 1988)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from twin_data.scoring.word_forms import form


@dataclass(frozen=True)
class Edit:
    """One place in which a sentence departs from its source.

    Attributes:
        left_out: Words of the source; empty where the sentence only adds.
        added: Words of the sentence; empty where it only leaves out.
    """

    left_out: tuple[str, ...]
    added: tuple[str, ...]


@dataclass(frozen=True)
class SideBySide:
    """How a sentence follows its source.

    Attributes:
        edits: Where it departs from it.
        start: Number of the first word of the source that is followed.
        end: That of the word behind the last.
        same: How many words both have, in the same order.
    """

    edits: tuple[Edit, ...]
    start: int
    end: int
    same: int


def lay_beside(said: Sequence[str], held: Sequence[str]) -> SideBySide:
    """Lay the words of a sentence beside those of its source."""
    matcher = SequenceMatcher(None, list(map(form, said)), list(map(form, held)), autojunk=False)
    blocks = [block for block in matcher.get_matching_blocks() if block.size]
    if not blocks:
        return SideBySide((), 0, 0, 0)
    start, end = blocks[0].b, blocks[-1].b + blocks[-1].size
    edits = []
    for kind, begin, stop, first, last in matcher.get_opcodes():
        if first < start:  # before all that is followed, of which only what stood in the place of the sentence's words
            first = max(first, last - (stop - begin))
        if last > end:  # and after it
            last = min(last, first + stop - begin)
        if kind != "equal":
            edits.append(Edit(tuple(held[first:last]), tuple(said[begin:stop])))
    return SideBySide(tuple(edits), start, end, sum(block.size for block in blocks))
