"""Which of the persona's own words are quoted where the draft does not reach."""

from __future__ import annotations

from collections.abc import Sequence

from twin_data.contracts.answers import RetrievedPassage
from twin_data.contracts.releases import VerificationSettings
from twin_data.scoring.answerability import Evidence, EvidenceWindow
from twin_serve.answering.citations import CitationList


def choose_quotations(
    evidence: Evidence,
    passages: Sequence[RetrievedPassage],
    citations: CitationList,
    settings: VerificationSettings,
    *,
    beside_own: bool = False,
) -> list[EvidenceWindow]:
    """The best windows, none overlapping another; those that a checked sentence cites already are not quoted again.

    Args:
        evidence: The windows, best first.
        passages: What they are windows of.
        citations: What the answer cites so far.
        settings: Bars and counts.
        beside_own: Whether the answer has a supported sentence of the twin's own, which quotations only accompany.
    """
    fitting = [one for one in evidence.windows if one.words <= settings.max_quote_words]
    chosen: list[EvidenceWindow] = []
    for window in fitting:
        if window.score < settings.min_quote_ratio * fitting[0].score:
            break
        if not any(_overlap(window, other, passages) for other in chosen):
            chosen.append(window)
        if len(chosen) == settings.max_quotes:
            break
    fresh = [one for one in chosen if not citations.covers(passages[one.passage], one.span)]
    return fresh[: settings.quote_beside] if beside_own else fresh


def _overlap(one: EvidenceWindow, other: EvidenceWindow, passages: Sequence[RetrievedPassage]) -> bool:
    """Whether two windows share text. Neighbouring passages of a document may overlap themselves."""
    same_document = passages[one.passage].document_id == passages[other.passage].document_id
    return same_document and one.span.start < other.span.end and other.span.start < one.span.end
