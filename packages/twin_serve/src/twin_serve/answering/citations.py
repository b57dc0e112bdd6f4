"""Numbers for citations, and how they are shown to a reader."""

from __future__ import annotations

from collections.abc import Sequence

from twin_data.contracts.answers import Citation, RetrievedPassage
from twin_data.contracts.base import Span

SOURCES_HEADING = "Sources:"


class CitationList:
    """Citations in order of first use; the same span keeps its number."""

    def __init__(self, made: Sequence[Citation] = ()) -> None:
        """Go on after the citations that are made already."""
        self._citations = list(made)

    def cite(self, passage: RetrievedPassage, span: Span, score: float) -> Citation:
        """The citation of a span of a passage's document, made on first use.

        Args:
            passage: The passage that holds the span.
            span: Offsets in the document.
            score: Support of the citing sentence, 0 to 1.
        """
        for known in self._citations:
            if known.document_id == passage.document_id and known.start <= span.start and span.end <= known.end:
                return known
        citation = Citation(
            n=len(self._citations) + 1,
            document_id=passage.document_id,
            start=span.start,
            end=span.end,
            quote=passage.text[span.start - passage.start : span.end - passage.start],
            title=passage.title,
            date=passage.date,
            url=passage.url,
            score=round(score, 4),
        )
        self._citations.append(citation)
        return citation

    @property
    def all(self) -> tuple[Citation, ...]:
        """Every citation, by number."""
        return tuple(self._citations)

    def covers(self, passage: RetrievedPassage, span: Span) -> bool:
        """Whether a citation already shows at least part of that span."""
        return any(
            one.document_id == passage.document_id and one.start < span.end and span.start < one.end
            for one in self._citations
        )


def sources_text(citations: tuple[Citation, ...], *, body: str) -> str:
    """The numbered list that closes an answer; a quotation that stands in `body` word for word is not repeated."""
    lines = [
        f"[{one.n}] {_place(one)}" if f"“{one.quote}”" in body else f"[{one.n}] “{one.quote}” — {_place(one)}"
        for one in citations
    ]
    return "\n".join([SOURCES_HEADING, *lines]) if lines else ""


def _place(citation: Citation) -> str:
    dated = f"{citation.date.day} {citation.date:%B %Y}" if citation.date else ""
    return ", ".join(part for part in (citation.title, dated, citation.url or "") if part)
