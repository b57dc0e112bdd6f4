"""How much of a claim's wording, small words and all, a stretch of evidence has in the same order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

SMALL_CLAIM = 0.25
"""How much the wording counts: as a power of this divided by the number of the claim's distinct content words.

Two content words that stand somewhere in a passage prove little ("it was last night's bell"), ten prove much by
themselves, so that the wording counts for the more, the fewer there are.
"""


def wording(claim: Sequence[str], evidence: Sequence[str], content: int) -> float:
    """A factor of the score, 0 to 1; 1 for any words that stand in the evidence in this order.

    Args:
        claim: All words of the claim, in lower case.
        evidence: All words of the stretch, in lower case.
        content: Number of the claim's distinct content words, at least one.
    """
    share = in_order(claim, evidence) / len(claim) if claim else 0.0
    return float(share ** (SMALL_CLAIM / content))


def held_as_often(claim: Sequence[str], evidence: Sequence[str]) -> list[bool]:
    """Whether the evidence has each word of the claim, and has one that is said again as often as it is said."""
    left = Counter(evidence)
    held = []
    for word in claim:
        held.append(left[word] > 0)
        left[word] -= 1
    return held


def in_order(one: Sequence[str], other: Sequence[str]) -> int:
    """Length of the longest common subsequence, all positions of `other` at once as bits (Hyyrö, 2004)."""
    places: dict[str, int] = {}
    for at, word in enumerate(other):
        places[word] = places.get(word, 0) | 1 << at
    every = (1 << len(other)) - 1
    open_places = every
    for word in one:
        met = open_places & places.get(word, 0)
        open_places = ((open_places + met) | (open_places - met)) & every
    return len(other) - open_places.bit_count()
