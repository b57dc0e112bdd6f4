"""What one answer is worth, as pure functions. None means that it could not be scored, which is not zero."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from pydantic import ConfigDict

from twin_data.contracts.answers import SentenceOutcome
from twin_data.contracts.base import Contract
from twin_data.contracts.evaluation import HeldOutQuestion, QuestionKind
from twin_eval.claims import ClaimCheck, check_claims, citation_pairs, cited_sentences, is_copied, lies_on
from twin_eval.folding import word_line
from twin_eval.matching import NormalisedText, states_fact
from twin_eval.prose import without_markers, without_sources
from twin_eval.records import Answer, AnswerRecord, CitationSeen, PassageSeen, SentenceSeen

DocumentText = Callable[[str], str | None]
OUT_OF_VOICE = 0.0
"""Per cent of the gap: what other authors' texts get on average. A short text of the persona's own may lie far from
100; below this it is nearer to others than to the persona by more than chance does."""
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

    model_config = ConfigDict(frozen=True, extra="ignore")  # a row kept before may hold what is no longer scored

    is_answered: bool
    is_decision_right: bool
    """Answered what was to be answered, refused what was to be refused."""
    facts: FactCheck | None
    """In what the answer says, its quotations included and the list of sources below it left out; a refusal states
    none, whatever it names. None for questions without essential facts."""
    evidence: tuple[EvidenceCheck, ...]
    """One for each k, then one for all passages; empty for questions without evidence that the archive holds."""
    evidence_held: bool = True
    """Whether the archive holds all that the question quotes; else nothing that rests on the evidence is scored."""
    passages: int
    citations: int
    quotes_verbatim: tuple[bool | None, ...]
    """One a citation; None where the document could not be had."""
    cites_evidence: bool | None
    """Whether a cited document holds an evidence quote; None if declined, without evidence, or without documents."""
    cites_place: bool | None = None
    """Whether a cited stretch lies on an evidence quote; None if declined, or without evidence."""
    own_sentence_share: float | None
    """Supported sentences of the twin's own among those shipped; None if none was."""
    claims: tuple[ClaimCheck, ...] = ()
    """The sentences of its own, each checked again here."""
    citation_pairs: tuple[bool, ...] = ()
    """For each source that a shipped sentence names, whether it supports the sentence."""
    cited_sentences: tuple[bool, ...] = ()
    """For each sentence shipped, whether the sources that it names support it."""
    voice: float | None = None
    """Per cent of the gap between other authors and the persona, of its own words; None if they are too few."""
    is_own: bool
    """Answered with at least one supported sentence of its own, by the service's check: not quotations alone."""
    is_whole: bool
    """Answered helpfully in its own, in-voice, verified sentences (`is_whole_answer`)."""


class ScoredAnswer(Contract):
    """A question, what came of it, and its scores; no scores if the endpoint failed."""

    question: HeldOutQuestion
    record: AnswerRecord
    scores: AnswerScores | None
    is_timed: bool = True
    """Whether its seconds are of this run's concurrency, as far as is known: others say nothing beside them."""
    held_by: str | None = None
    """The document of the archive that holds the question's first quote; None where it was not looked up."""

    @property
    def kind(self) -> QuestionKind:
        """The question's kind."""
        return self.question.kind

    @property
    def cluster(self) -> str:
        """The source document that the question rests on: a file of many, as an mbox is, is none by itself."""
        return self.held_by or cluster_of(self.question)


def cluster_of(question: HeldOutQuestion) -> str:
    """The source that a question names as what it rests on; the question itself where it names none.

    Of several documents the first counts: to join whatever shares one would soon join everything.
    """
    return question.evidence[0].file if question.evidence else f"question {question.id}"


def score_record(
    question: HeldOutQuestion,
    record: AnswerRecord,
    document_text: DocumentText,
    *,
    ks: Sequence[int],
    voice: float | None = None,
    evidence_held: bool = True,
) -> ScoredAnswer:
    """Score one record; an error of the endpoint stays unscored."""
    if record.answer is None:
        return ScoredAnswer(question=question, record=record, scores=None)
    scores = score_answer(question, record.answer, document_text, ks=ks, voice=voice, evidence_held=evidence_held)
    return ScoredAnswer(question=question, record=record, scores=scores)


def score_answer(
    question: HeldOutQuestion,
    answer: Answer,
    document_text: DocumentText,
    *,
    ks: Sequence[int],
    voice: float | None = None,
    evidence_held: bool = True,
) -> AnswerScores:
    """All scores of one answer.

    Args:
        question: What was asked.
        answer: What came back.
        document_text: The clean text of a document; None where it could not be had.
        ks: Depths at which retrieval is scored.
        voice: Per cent of the gap that the answer's own words reach; None if it was not or could not be measured.
        evidence_held: Whether the archive holds all that the question quotes: what it does not hold cannot be found.
    """
    twin = answer.twin
    said = "" if answer.is_declined else without_sources(answer.content, {one.n for one in twin.citations})
    claims = check_claims(question, answer)
    depths = (*ks, len(twin.passages))
    return AnswerScores(
        is_answered=not answer.is_declined,
        is_decision_right=answer.is_declined == (question.expected == "refuse"),
        facts=key_facts(question, said),
        evidence=tuple(evidence_retrieved(question, twin.passages, k) for k in depths)
        if question.evidence and evidence_held and was_searched(answer)
        else (),
        evidence_held=evidence_held,
        passages=len(twin.passages),
        citations=len(twin.citations),
        quotes_verbatim=tuple(is_quote_verbatim(citation, document_text) for citation in twin.citations),
        cites_evidence=cites_evidence(question, answer, document_text) if evidence_held else None,
        cites_place=cites_place(question, answer) if evidence_held else None,
        own_sentence_share=own_sentence_share(answer),
        claims=claims,
        citation_pairs=tuple(citation_pairs(answer)),
        cited_sentences=tuple(cited_sentences(answer)),
        voice=voice,
        is_own=is_own_answer(answer),
        is_whole=is_whole_answer(answer, claims, voice),
    )


def key_facts(question: HeldOutQuestion, text: str) -> FactCheck | None:
    """Which of the question's facts the text states; None if none of them is essential."""
    essential = sum(fact.essential for fact in question.facts)
    if not essential:
        return None
    stated = NormalisedText(without_markers(text))
    found = [fact for fact in question.facts if states_fact(stated, question, fact)]
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
    """Share of the shipped sentences that are the twin's own and supported, and so neither quotation nor copy."""
    shipped = [one for one in answer.twin.sentences if one.outcome is not SentenceOutcome.DROPPED]
    if answer.is_declined or not shipped:
        return None
    return sum(_is_own(one, answer) for one in shipped) / len(shipped)


def is_own_answer(answer: Answer) -> bool:
    """Whether the twin answered with a sentence of its own that the service's check passed."""
    return not answer.is_declined and any(_is_own(one, answer) for one in answer.twin.sentences)


def _is_own(sentence: SentenceSeen, answer: Answer) -> bool:
    return sentence.outcome is SentenceOutcome.SUPPORTED and not is_copied(sentence.text, answer)


def is_whole_answer(answer: Answer, claims: Sequence[ClaimCheck], voice: float | None) -> bool:
    """Whether the question was answered helpfully in the twin's own, in-voice, verified sentences (decision 32).

    Own: a sentence that cites its source and is neither quotation, copy, refusal nor courtesy. Verified: the source
    supports it by the evaluation's own check, too, and none of the answer's sentences is contradicted. Helpful: that
    sentence states an essential fact or, where the question names none, rests on the place that holds the answer. In
    voice: what the twin worded is not further from the persona than other authors are; too few words to tell are not
    held against it.
    """
    if answer.is_declined or any(one.contradicted for one in claims) or (voice is not None and voice < OUT_OF_VOICE):
        return False
    return any(one.cites and one.supported and one.to_the_point and not one.is_copied for one in claims)


def was_searched(answer: Answer) -> bool:
    """Whether passages were looked for: what is declined for what it asks is not looked up."""
    return bool(answer.twin.passages) or not answer.is_declined


def cites_place(question: HeldOutQuestion, answer: Answer) -> bool | None:
    """Whether a cited stretch is, at least in part, an evidence quote; None if declined, or without evidence."""
    if answer.is_declined or not question.evidence:
        return None
    cited = [citation.quote for citation in answer.twin.citations]
    return any(lies_on(quote, evidence.quote) for quote in cited for evidence in question.evidence)


def ndcg(question: HeldOutQuestion, passages: Sequence[PassageSeen], k: int) -> float:
    """Normalised discounted cumulative gain (Järvelin and Kekäläinen, 2002) of the first `k` passages.

    A passage is relevant by how many of the evidence quotes it is the first to hold, in whole or, where a chunk ends
    within one, in part.
    """
    wanted = [evidence.quote for evidence in question.evidence]
    gained = 0.0
    for rank, passage in enumerate(passages[:k]):
        held = [quote for quote in wanted if lies_on(passage.text, quote)]
        wanted = [quote for quote in wanted if quote not in held]
        gained += len(held) / math.log2(rank + 2)
    ideal = sum(1 / math.log2(rank + 2) for rank in range(min(k, len(question.evidence))))
    return min(1.0, gained / ideal)


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
