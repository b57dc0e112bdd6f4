"""A question on its way to a verified answer.

`Question → Retrieval → Draft → VerifiedAnswer(citations) → Interaction`
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Literal

from pydantic import Field

from twin_data.contracts.base import Contract, Span
from twin_data.contracts.documents import DocumentKind


class Turn(Contract):
    """One earlier message of the conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


Mode = Literal["answer", "write"]
"""*answer*: every sentence is grounded or gone. *write*: a text in the voice, of which only claims are checked."""


class TwinOptions(Contract):
    """The `twin` object of a request: how this one answer is to be made."""

    mode: Mode = "answer"
    retrieval: bool = True
    verify: bool = True
    """Off: the model's draft as it is. Neither is it asked whether the passages answer the question, nor is a sentence
    checked; private and harmful questions are declined all the same."""
    agentic: bool = False


class Question(Contract):
    """What a caller asks of one persona's bundle."""

    text: str = Field(min_length=1)
    history: tuple[Turn, ...] = ()
    options: TwinOptions = TwinOptions()


class RetrievedPassage(Contract):
    """One chunk that the search found, with the score of each leg."""

    chunk_id: str
    document_id: str
    start: int
    end: int
    text: str
    own: tuple[Span, ...]
    section: str
    context: str
    title: str
    date: date | None
    url: str | None
    source: str
    kind: DocumentKind
    bm25: float | None = None
    """Elasticsearch's BM25 score; None when the lexical leg did not return the chunk."""
    cosine: float | None = None
    """Cosine of query and chunk embedding, -1 to 1; None when the dense leg did not return the chunk."""
    fused: float
    """Both legs together, 0 to 1: what chooses the candidates."""
    late: float | None = None
    """Likeness of the question's word pieces to the passage's, -1 to 1, which orders the candidates; None if the bundle
    does not rerank."""
    weakest: float | None = None
    """The same over the quarter of the question's pieces that the passage matches worst."""


class Retrieval(Contract):
    """The passages found for a query, best first."""

    query: str
    passages: tuple[RetrievedPassage, ...]
    seconds: float


class Draft(Contract):
    """What the model wrote, before anything was checked."""

    text: str
    prompt_tokens: int
    completion_tokens: int
    finish_reason: str
    seconds: float


class Citation(Contract):
    """A numbered reference to an exact span of the persona's own words."""

    n: int = Field(ge=1)
    document_id: str
    start: int
    end: int
    quote: str
    title: str
    date: date | None
    url: str | None
    score: float
    """Support of the citing sentence by the quotation, 0 to 1."""


class SentenceOutcome(StrEnum):
    """What verification did with a sentence of the draft."""

    SUPPORTED = "supported"
    DROPPED = "dropped"
    QUOTED = "quoted"
    UNCHECKED = "unchecked"
    UNSUPPORTED = "unsupported"
    """A claim of a written text that nothing supports; it is shipped and marked."""


class SentenceCheck(Contract):
    """One sentence and the reason it was shipped or not."""

    text: str
    outcome: SentenceOutcome
    support: float
    closeness: float = 0.0
    """Cosine to the stretch that supports it; 0 where it was not looked at."""
    citations: tuple[int, ...] = ()
    reason: str = ""


class AnswerOutcome(StrEnum):
    """How the whole answer came about."""

    GENERATED = "generated"
    REPAIRED = "repaired"
    QUOTED = "quoted"
    DECLINED = "declined"


class Cost(Contract):
    """What a request took. An unknown price gives an unknown amount, never zero."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    amount: float | None = None
    currency: str | None = None


class VerifiedAnswer(Contract):
    """What the caller gets."""

    mode: Mode = "answer"
    content: str
    outcome: AnswerOutcome
    decline_reason: str | None = None
    citations: tuple[Citation, ...]
    sentences: tuple[SentenceCheck, ...]
    retrieval: Retrieval | None
    cost: Cost
    bundle: str
    trace_id: str


class Interaction(Contract):
    """One row of the ledger: a request, whatever became of it."""

    trace_id: str
    created_at: datetime
    persona: str
    bundle: str | None
    key_id: str | None
    user: str | None
    feature: str | None
    status: Literal["ok", "failed", "aborted"]
    outcome: AnswerOutcome | None
    error_code: str | None
    cost: Cost
    question: str
    answer: str
    mode: Mode = "answer"
    decline_reason: str | None = None
    signals: dict[str, float | None] = {}
    """What was measured on the way: `top_cosine`, `top_fused`, `answerability`, `supported_share`, each 0 to 1 (a
    cosine from -1), None where there was nothing to measure; empty for interactions kept before this was recorded."""
