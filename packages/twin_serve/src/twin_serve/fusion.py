"""Fuse the lexical and the dense leg into one order, and order its best anew by late interaction."""

from __future__ import annotations

from collections.abc import Mapping

# The cosine at which a passage is about something else altogether; below it the dense leg adds nothing.
COSINE_FLOOR = 0.1
FUSED_SHARE = 0.2
"""What a candidate's fused score adds to its late-interaction score, whose spread is a third of it."""


def fuse(bm25: Mapping[str, float], cosine: Mapping[str, float], *, dense_weight: float) -> dict[str, float]:
    """Convex combination of both legs, each brought to 0..1 (Bruch, Gai and Ingber, 2023).

    BM25 has a known least value, 0, so it is divided by the best hit's score; a cosine is measured from a fixed floor.
    Neither depends on the worst hit, so asking for more candidates does not reorder the best ones. A chunk that one leg
    did not return gets nothing from it.

    Args:
        bm25: Score of each chunk the lexical leg returned.
        cosine: Cosine of each chunk the dense leg returned.
        dense_weight: Weight of the dense leg, 0 to 1.

    Returns:
        Fused score, 0 to 1, of every chunk of either leg, best first; ids settle ties.
    """
    best = max(bm25.values(), default=0.0) or 1.0
    scores = {
        chunk: (1 - dense_weight) * bm25.get(chunk, 0.0) / best
        + dense_weight * max(0.0, (cosine.get(chunk, COSINE_FLOOR) - COSINE_FLOOR) / (1 - COSINE_FLOOR))
        for chunk in bm25.keys() | cosine.keys()
    }
    return dict(sorted(scores.items(), key=lambda item: (-item[1], item[0])))


def rerank(fused: Mapping[str, float], late: Mapping[str, float]) -> list[str]:
    """The candidates of `fused` by their late-interaction scores, best first; ids settle ties.

    Args:
        fused: Fused score of each candidate, 0 to 1.
        late: MaxSim of each candidate, -1 to 1.
    """
    return sorted(fused, key=lambda chunk: (-(late[chunk] + FUSED_SHARE * fused[chunk]), chunk))
