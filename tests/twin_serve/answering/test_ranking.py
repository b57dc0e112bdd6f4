"""Of several drafts the one that clearly holds, is to the point, and is no copy."""

from __future__ import annotations

import pytest

from twin_data.contracts.answers import RetrievedPassage, SentenceCheck, SentenceOutcome
from twin_data.contracts.base import Span
from twin_data.contracts.releases import VerificationSettings
from twin_data.scoring.answerability import Evidence, EvidenceWindow
from twin_serve.answering.citations import CitationList
from twin_serve.answering.ranking import (
    CLEARLY_HELD,
    place,
    rank,
    rank_to_beat,
    says_its_own,
    stretches_in_point,
)

from ..parts import DOCUMENTS, passage

EELS, CLOCKS = passage("blog/eels.md"), passage("blog/clocks.md")
FOUND = Span(start=31, end=95)
BATH = Span(start=96, end=131)
TOLD = Span(start=0, end=53)
POINT = [(EELS, FOUND), (CLOCKS, TOLD)]


def own(
    citations: CitationList, at: RetrievedPassage, span: Span, *, held: float = 1.0, text: str = ""
) -> SentenceCheck:
    n = citations.cite(at, span, held).n
    said = text or "So we said it ourselves."
    return SentenceCheck(
        text=said, outcome=SentenceOutcome.SUPPORTED, support=held, closeness=1.0, citations=(n,), reason=""
    )


def test_the_stretches_are_those_that_would_be_quoted_the_nearest_first() -> None:
    windows = tuple(
        EvidenceWindow(at, span, span.of(one.text), cosine, 1.0, 1.0, 0.0, 1)
        for at, one, span, cosine in ((0, EELS, FOUND, 0.9), (0, EELS, FOUND, 0.85), (1, CLOCKS, TOLD, 0.8))
    )
    evidence = Evidence(windows=windows, features=(), answerability=1.0)
    assert stretches_in_point(evidence, (EELS, CLOCKS), VerificationSettings()) == POINT
    assert stretches_in_point(Evidence((), (), 0.0), (), VerificationSettings()) == []


@pytest.mark.parametrize(
    ("at", "span", "expected"),
    [(EELS, FOUND, 0), (EELS, Span(start=90, end=131), 0), (CLOCKS, TOLD, 1), (EELS, BATH, 2)],
)
def test_the_place_is_the_nearest_stretch_that_own_sentences_rest_on(
    at: RetrievedPassage, span: Span, expected: int
) -> None:
    citations = CitationList()
    check = own(citations, at, span)
    assert place([check], citations, POINT) == expected
    quoted = check.model_copy(update={"outcome": SentenceOutcome.QUOTED})
    assert place([quoted], citations, POINT) == len(POINT), "a quotation is nothing of its own"
    assert place([check], citations, []) == 0


def test_what_clearly_holds_goes_first_then_what_is_to_the_point_then_what_copies_least() -> None:
    citations = CitationList()
    own_words = [text for _, text in DOCUMENTS.values()]
    copy = FOUND.of(EELS.text)
    best = rank([own(citations, EELS, FOUND)], citations, POINT, own_words)
    copied = rank([own(citations, EELS, FOUND, text=copy)], citations, POINT, own_words)
    second = rank([own(citations, CLOCKS, TOLD)], citations, POINT, own_words)
    beside = rank([own(citations, EELS, BATH)], citations, POINT, own_words)
    doubtful = rank([own(citations, EELS, FOUND, held=CLEARLY_HELD - 0.01)], citations, POINT, own_words)
    worse = rank([own(citations, EELS, FOUND, held=CLEARLY_HELD - 0.1)], citations, POINT, own_words)
    nothing = rank([], citations, POINT, own_words)
    ordered = [best, copied, second, beside, doubtful, worse, nothing]
    assert ordered == sorted(ordered, reverse=True) and len(set(ordered)) == len(ordered)


def test_a_further_draft_must_be_nearer_to_the_point_than_what_was_shipped() -> None:
    citations = CitationList()
    second = own(citations, CLOCKS, TOLD)
    to_beat = rank_to_beat([second], citations, POINT)
    assert rank([own(citations, EELS, FOUND)], citations, POINT, []) > to_beat
    assert rank([own(citations, CLOCKS, TOLD)], citations, POINT, []) <= to_beat
    assert rank([own(citations, EELS, FOUND, held=0.7)], citations, POINT, []) < to_beat
    assert not says_its_own([]) and rank_to_beat([], citations, POINT) < rank(
        [own(citations, EELS, BATH, held=0.6)], citations, POINT, []
    )
