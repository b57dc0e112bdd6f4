from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from twin_data.contracts.base import Span
from twin_serve.answering.citations import CitationList, sources_text

from ..parts import DOCUMENTS, passage

IDS = sorted(DOCUMENTS)
uses = st.lists(st.tuples(st.sampled_from(IDS), st.integers(0, 100), st.integers(1, 40)), max_size=12)


@given(uses)
def test_numbers_count_up_and_quotes_are_verbatim(wanted: list[tuple[str, int, int]]) -> None:
    citations = CitationList()
    for document_id, start, length in wanted:
        given_ = citations.cite(passage(document_id), Span(start=start, end=start + length), 0.5)
        assert given_.document_id == document_id
        assert given_.start <= start and start + length <= given_.end
        assert citations.covers(passage(document_id), Span(start=start, end=start + length))
    assert [one.n for one in citations.all] == list(range(1, len(citations.all) + 1))
    assert all(DOCUMENTS[one.document_id][1][one.start : one.end] == one.quote for one in citations.all)
    spans = [(one.document_id, one.start, one.end) for one in citations.all]
    assert len(set(spans)) == len(spans)


def test_the_same_or_a_narrower_span_keeps_its_number() -> None:
    citations, eels = CitationList(), passage("blog/eels.md")
    assert citations.cite(eels, Span(start=0, end=33), 0.9).n == 1
    assert citations.cite(passage("blog/clocks.md"), Span(start=0, end=10), 0.9).n == 2
    assert citations.cite(eels, Span(start=5, end=33), 0.1).n == 1
    assert citations.cite(eels, Span(start=5, end=40), 0.1).n == 3


def test_covering_is_sharing_a_character_of_the_same_document() -> None:
    citations = CitationList()
    citations.cite(passage("blog/eels.md"), Span(start=10, end=20), 0.9)
    assert citations.covers(passage("blog/eels.md"), Span(start=19, end=30))
    assert not citations.covers(passage("blog/eels.md"), Span(start=20, end=30))
    assert not citations.covers(passage("blog/clocks.md"), Span(start=10, end=20))


def test_a_passage_inside_its_document_is_cited_by_the_documents_offsets() -> None:
    whole = passage("blog/eels.md")
    part = whole.model_copy(update={"start": 34, "text": whole.text[34:]})
    citation = CitationList().cite(part, Span(start=34, end=51), 0.9)
    assert citation.quote == "We found 31 eels " == whole.text[34:51]


def test_sources_are_numbered_with_title_date_and_link() -> None:
    citations = CitationList()
    citations.cite(passage("blog/eels.md"), Span(start=0, end=33), 0.9)
    undated = passage("mail/answer.md").model_copy(update={"date": None})
    citations.cite(undated, Span(start=65, end=72), 0.9)
    assert sources_text(citations.all, body="As “I wrote” [2].").split("\n") == [
        "Sources:",
        "[1] “Gate 7 was drained in March 2022.” — The eels of Gate 7, 1 April 2022, https://ada.example/blog/eels.md",
        "[2] Answer to Halcyon",
    ]
    assert sources_text((), body="") == ""
