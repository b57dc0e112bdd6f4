"""What one answer is worth, as pure functions. None means that it could not be scored, which is not zero."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twin_data.contracts.answers import SentenceOutcome
from twin_data.contracts.base import Contract
from twin_data.contracts.evaluation import HeldOutQuestion, QuestionKind
from twin_eval.folding import word_line
from twin_eval.matching import NormalisedText
from twin_eval.prose import without_markers, without_sources
from twin_eval.records import Answer, AnswerRecord, CitationSeen, PassageSeen

DocumentText = Callable[[str], str | None]
_LONGEST_SEAM = 2
"""Characters, white space all of them, that may lie between two chunks that follow each other in a document."""


class FactCheck(Contract):
    """Which key facts a text states."""

    found: tuple[str, ...]
    missing_essential: tuple[str, ...]
    missing_other: tuple[str, ...]
    essential: int

    @property
    def is_complete(self) -> bool:
        """Whether every essential fact is there."""
        return not self.missing_essential

    @property
    def essential_share(self) -> float:
        """Share of the essential facts that are there."""
        return 1 - len(self.missing_essential) / self.essential


class EvidenceCheck(Contract):
    """How many of a question's evidence quotes the best `k` passages hold."""

    k: int
    found: int
    wanted: int

    @property
    def is_complete(self) -> bool:
        """Whether all are held, which a question that needs several passages calls for."""
        return self.found == self.wanted

    @property
    def is_any(self) -> bool:
        """Whether at least one is held."""
        return self.found > 0


class AnswerScores(Contract):
    """The scores of one answer."""

    is_answered: bool
    is_decision_right: bool
    """Answered what was to be answered, refused what was to be refused."""
    facts: FactCheck | None
    """In all that the reader sees; None for questions without essential facts."""
    facts_in_prose: FactCheck | None
    """The same without the list of sources below the answer."""
    evidence: tuple[EvidenceCheck, ...]
    """One for each k, then one for all passages; empty for questions without evidence."""
    passages: int
    citations: int
    quotes_verbatim: tuple[bool | None, ...]
    """One a citation; None where the document could not be had."""
    cites_evidence: bool | None
    """Whether a cited document holds an evidence quote; None if declined, without evidence, or without documents."""
    own_sentence_share: float | None
    """Supported sentences of the twin's own among those shipped; None if none was."""
    is_whole: bool
    """Answered with at least one supported sentence of its own: no refusal, and not quotations alone."""


class ScoredAnswer(Contract):
    """A question, what came of it, and its scores; no scores if the endpoint failed."""

    question: HeldOutQuestion
    record: AnswerRecord
    scores: AnswerScores | None

    @property
    def kind(self) -> QuestionKind:
        """The question's kind."""
        return self.question.kind

    @property
    def cluster(self) -> str:
        """The source document that the question rests on."""
        return cluster_of(self.question)


def cluster_of(question: HeldOutQuestion) -> str:
    """The source document that a question rests on; the question itself where there is none.

    Of several documents the first counts: to join whatever shares one would soon join everything.
    """
    return question.evidence[0].file if question.evidence else f"question {question.id}"


def score_record(
    question: HeldOutQuestion, record: AnswerRecord, document_text: DocumentText, *, ks: Sequence[int]
) -> ScoredAnswer:
    """Score one record; an error of the endpoint stays unscored."""
    scores = None if record.answer is None else score_answer(question, record.answer, document_text, ks=ks)
    return ScoredAnswer(question=question, record=record, scores=scores)


def score_answer(
    question: HeldOutQuestion, answer: Answer, document_text: DocumentText, *, ks: Sequence[int]
) -> AnswerScores:
    """All scores of one answer."""
    twin = answer.twin
    prose = without_sources(answer.content, {citation.n for citation in twin.citations})
    depths = (*ks, len(twin.passages))
    return AnswerScores(
        is_answered=not answer.is_declined,
        is_decision_right=answer.is_declined == (question.expected == "refuse"),
        facts=key_facts(question, answer.content),
        facts_in_prose=key_facts(question, prose),
        evidence=tuple(evidence_retrieved(question, twin.passages, k) for k in depths) if question.evidence else (),
        passages=len(twin.passages),
        citations=len(twin.citations),
        quotes_verbatim=tuple(is_quote_verbatim(citation, document_text) for citation in twin.citations),
        cites_evidence=cites_evidence(question, answer, document_text),
        own_sentence_share=own_sentence_share(answer),
        is_whole=is_whole_answer(answer),
    )


def key_facts(question: HeldOutQuestion, text: str) -> FactCheck | None:
    """Which of the question's facts the text states; None if none of them is essential."""
    essential = sum(fact.essential for fact in question.facts)
    if not essential:
        return None
    stated = NormalisedText(without_markers(text))
    found = [fact for fact in question.facts if stated.states(fact.text)]
    missing = [fact for fact in question.facts if fact not in found]
    return FactCheck(
        found=tuple(fact.text for fact in found),
        missing_essential=tuple(fact.text for fact in missing if fact.essential),
        missing_other=tuple(fact.text for fact in missing if not fact.essential),
        essential=essential,
    )


def is_quote_verbatim(citation: CitationSeen, document_text: DocumentText) -> bool | None:
    """Whether the quotation is, character by character, the span of the document that it claims to be."""
    text = document_text(citation.document_id)
    if text is None:
        return None
    return bool(citation.quote) and text[citation.start : citation.end] == citation.quote


def evidence_retrieved(question: HeldOutQuestion, passages: Sequence[PassageSeen], k: int) -> EvidenceCheck:
    """How many evidence quotes stand in the first `k` passages, one quote across neighbouring chunks included."""
    held = [word_line(text) for text in stitched(passages[:k])]
    quotes = [word_line(evidence.quote) for evidence in question.evidence]
    found = sum(any(quote in text for text in held) for quote in quotes)
    return EvidenceCheck(k=k, found=found, wanted=len(question.evidence))


def stitched(passages: Sequence[PassageSeen]) -> list[str]:
    """The stretches of text that passages cover: overlapping and adjacent chunks of a document become one."""
    by_document: dict[str, list[PassageSeen]] = {}
    for passage in passages:
        by_document.setdefault(passage.document_id, []).append(passage)
    texts = []
    for chunks in by_document.values():
        texts += _stitched_document(sorted(chunks, key=lambda chunk: (chunk.start, chunk.end)))
    return texts


def cites_evidence(question: HeldOutQuestion, answer: Answer, document_text: DocumentText) -> bool | None:
    """Whether a cited document holds an evidence quote, whatever its file is called in the question.

    None if the twin declined, if the question has no evidence, or if no cited document could be had.
    """
    if answer.is_declined or not question.evidence:
        return None
    if not answer.twin.citations:
        return False
    cited = {citation.document_id for citation in answer.twin.citations}
    held = [word_line(text) for text in map(document_text, sorted(cited)) if text is not None]
    quotes = [word_line(evidence.quote) for evidence in question.evidence]
    return any(quote in text for quote in quotes for text in held) if held else None


def own_sentence_share(answer: Answer) -> float | None:
    """Share of the shipped sentences that are the twin's own and supported, and so no quotation."""
    shipped = [one for one in answer.twin.sentences if one.outcome is not SentenceOutcome.DROPPED]
    if answer.is_declined or not shipped:
        return None
    return sum(one.outcome is SentenceOutcome.SUPPORTED for one in shipped) / len(shipped)


def is_whole_answer(answer: Answer) -> bool:
    """Whether the twin answered with a supported sentence of its own."""
    return not answer.is_declined and any(one.outcome is SentenceOutcome.SUPPORTED for one in answer.twin.sentences)


def _stitched_document(chunks: Sequence[PassageSeen]) -> list[str]:
    """Chunks of one document in order of place, joined wherever nothing but a seam of white space is missing."""
    texts: list[str] = []
    end = -1
    for chunk in chunks:
        is_exact = len(chunk.text) == chunk.end - chunk.start
        if texts and is_exact and 0 <= end and chunk.start <= end + _LONGEST_SEAM:
            if chunk.end > end:
                fresh = chunk.text[max(0, end - chunk.start) :]
                texts[-1] += " " * max(0, chunk.start - end) + fresh
                end = chunk.end
        else:
            texts.append(chunk.text)
            end = chunk.end if is_exact else -1
    return texts
