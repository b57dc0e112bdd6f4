"""Which of several checked drafts is shipped: one that clearly holds, is to the point, and is no copy."""

from __future__ import annotations

from collections.abc import Sequence

from twin_data.contracts.answers import RetrievedPassage, SentenceCheck, SentenceOutcome
from twin_data.contracts.base import Span
from twin_data.contracts.releases import VerificationSettings
from twin_data.scoring.answerability import Evidence
from twin_data.scoring.copies import copied_share
from twin_serve.answering.citations import CitationList
from twin_serve.answering.quotations import choose_quotations

CLEARLY_HELD = 0.75
"""Support times closeness from which own sentences are taken to hold: .02 of the hand-labelled wrong ones reach it
and .85 of the true (decision 30)."""
Stretch = tuple[RetrievedPassage, Span]
"""A passage and where in its document the stretch lies."""
Rank = tuple[bool, int, float]
"""Whether a draft clearly holds, how far it is to the point (0, the best, and below), and how little it copies; of one
that holds less clearly, how well it holds."""


def stretches_in_point(
    evidence: Evidence, passages: Sequence[RetrievedPassage], settings: VerificationSettings
) -> list[Stretch]:
    """What would be quoted if the twin said nothing of its own: the stretches nearest to the question, in order."""
    quoted = choose_quotations(evidence, passages, CitationList(), settings)
    return [(passages[one.passage], one.span) for one in quoted]


def place(checks: Sequence[SentenceCheck], citations: CitationList, point: Sequence[Stretch]) -> int:
    """Which of the stretches, 0 the nearest, the own sentences rest on; their number if on none.

    Args:
        checks: The sentences so far.
        citations: What their numbers stand for.
        point: The stretches, the nearest first.
    """
    cited = {n for check in checks if check.outcome is SentenceOutcome.SUPPORTED for n in check.citations}
    rested = CitationList([one for one in citations.all if one.n in cited])
    return next((at for at, (passage, span) in enumerate(point) if rested.covers(passage, span)), len(point))


def says_its_own(checks: Sequence[SentenceCheck]) -> bool:
    """Whether a sentence of the twin's own is among them, and held."""
    return any(check.outcome is SentenceOutcome.SUPPORTED for check in checks)


def rank_to_beat(checks: Sequence[SentenceCheck], citations: CitationList, point: Sequence[Stretch]) -> Rank:
    """What a further draft must be better than: anything that holds, or what is clear and nearer to the point."""
    return (True, -place(checks, citations, point), 1.0) if says_its_own(checks) else (False, 0, 0.0)


def rank(
    checks: Sequence[SentenceCheck], citations: CitationList, point: Sequence[Stretch], own_words: Sequence[str]
) -> Rank:
    """Orders drafts: of those that clearly hold the one nearest to the point, else the one that holds best.

    Of several as near the one that copies least goes first: what copies most holds best, so that a rank by that alone
    would turn the twin into a copyist.

    Args:
        checks: The sentences of one draft.
        citations: What their numbers stand for.
        point: The stretches nearest to the question, in order.
        own_words: The persona's own words in the passages.
    """
    own = [check for check in checks if check.outcome is SentenceOutcome.SUPPORTED]
    weakest = min((check.support * check.closeness for check in own), default=0.0)
    if weakest < CLEARLY_HELD:
        return False, 0, weakest
    return True, -place(own, citations, point), 1 - copied_share(" ".join(check.text for check in own), own_words)
