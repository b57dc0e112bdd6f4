from __future__ import annotations

from twin_data.contracts.base import Span
from twin_data.contracts.releases import VerificationSettings
from twin_data.scoring.answerability import Evidence, EvidenceWindow
from twin_serve.answering.citations import CitationList
from twin_serve.answering.quotations import choose_quotations

from ..parts import passage

EELS, CLOCKS = passage("blog/eels.md"), passage("blog/clocks.md")
SETTINGS = VerificationSettings(max_quote_words=30, max_quotes=2, min_quote_ratio=0.8)


def window(index: int, start: int, end: int, cosine: float) -> EvidenceWindow:
    text = (EELS, CLOCKS)[index % 2].text[start:end]
    span = Span(start=start, end=end)
    return EvidenceWindow(
        passage=index, span=span, text=text, cosine=cosine, coverage=cosine, fused=0.5, behind=0, sentences=1
    )


def evidence(*windows: EvidenceWindow) -> Evidence:
    return Evidence(windows=windows, features=(), answerability=1.0)


def chosen(*windows: EvidenceWindow, citations: CitationList | None = None) -> list[tuple[int, int]]:
    found = choose_quotations(evidence(*windows), (EELS, CLOCKS, EELS), citations or CitationList(), SETTINGS)
    return [(one.passage, one.span.start) for one in found]


def test_the_best_come_first_and_no_more_than_allowed() -> None:
    assert chosen(window(0, 0, 33, 0.9), window(1, 0, 45, 0.8), window(0, 99, 133, 0.7)) == [(0, 0), (1, 0)]


def test_much_worse_ones_and_long_ones_are_left_out() -> None:
    assert chosen(window(0, 0, 33, 0.9), window(1, 0, 45, 0.1)) == [(0, 0)]
    assert chosen(window(0, 0, 176, 0.9), window(1, 0, 45, 0.8)) == [(1, 0)]
    assert chosen() == []


def test_windows_that_overlap_are_one_even_from_overlapping_passages() -> None:
    """Passages 0 and 2 are chunks of one document."""
    assert chosen(window(0, 0, 33, 0.9), window(2, 10, 33, 0.85)) == [(0, 0)]


def test_what_a_checked_sentence_cites_is_not_quoted_again() -> None:
    citations = CitationList()
    citations.cite(EELS, Span(start=0, end=33), 0.9)
    windows = (window(1, 0, 45, 0.9), window(0, 99, 133, 0.85))
    assert chosen(*windows, citations=citations) == [(1, 0), (0, 99)]
    assert chosen(window(0, 5, 33, 0.9), window(1, 0, 45, 0.85), citations=citations) == [(1, 0)]
