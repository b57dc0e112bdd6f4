"""What went wrong with a question, in words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

from twin_data.contracts.answers import AnswerOutcome, SentenceOutcome
from twin_data.contracts.evaluation import QuestionKind
from twin_eval.records import Answer
from twin_eval.scorers import ScoredAnswer, evidence_retrieved, key_facts


def endpoint_error(one: ScoredAnswer) -> str | None:
    """The endpoint failed on it."""
    return one.record.error.message if one.record.error else None


def wrongly_answered(one: ScoredAnswer) -> str | None:
    """It was to be refused."""
    answer = one.record.answer
    return answer.content if answer and one.question.expected == "refuse" and not answer.is_declined else None


def contradicted(one: ScoredAnswer) -> str | None:
    """A passage denies what the twin says in its own words, and none says it."""
    claims = one.scores.claims if one.scores else ()
    return "; ".join(claim.text for claim in claims if claim.contradicted) or None


def wrongly_refused(one: ScoredAnswer) -> str | None:
    """It was to be answered."""
    answer = one.record.answer
    if answer is None or one.question.expected == "refuse" or not answer.is_declined:
        return None
    return answer.twin.decline_reason or "no reason given"


def fact_missing(one: ScoredAnswer) -> str | None:
    """It was answered without an essential fact."""
    facts = one.scores.facts if one.scores and one.scores.is_answered else None
    return f"not stated: {', '.join(facts.missing_essential)}" if facts and facts.missing_essential else None


def quote_changed(one: ScoredAnswer) -> str | None:
    """A quotation differs from its document."""
    if one.scores is None or one.record.answer is None:
        return None
    pairs = zip(one.record.answer.twin.citations, one.scores.quotes_verbatim, strict=True)
    bad = [f"[{citation.n}] {citation.document_id}" for citation, is_verbatim in pairs if is_verbatim is False]
    return ", ".join(bad) or None


FAILURES: dict[str, Callable[[ScoredAnswer], str | None]] = {
    "Endpoint errors": endpoint_error,
    "Answered, but to be refused": wrongly_answered,
    "Contradicted by a passage": contradicted,
    "Refused, but answerable": wrongly_refused,
    "Answered without an essential fact": fact_missing,
    "Quotations that are not verbatim": quote_changed,
}
"""Each way of going wrong: what it is called, and what is wrong with a question, None if nothing is."""


def cause_of(one: ScoredAnswer, passages: int | None = None) -> str:
    """Where in the pipeline an answer went wrong: the endpoint, a rule, the search, the judge, the model or the check.

    Args:
        one: What went wrong.
        passages: How many of the passages found are answered from; None takes all that the service shows.
    """
    if one.record.error:
        return f"endpoint: {one.record.error.code}"
    answer, scores = one.record.answer, one.scores
    if answer is None or scores is None:
        return "unknown"
    if one.question.expected == "refuse" and not answer.is_declined:
        return _wrongly_answered_cause(one.kind)
    if answer.is_declined:
        return _declined_cause(one, answer, passages)
    if fact_missing(one) is None:
        if contradicted(one):
            return "check: it let a sentence through that a passage contradicts"
        return "citation: the quotation is not what the document says"
    if not answer.twin.passages:
        return "no retrieval: written from the model's memory"
    if why := _check_cost_the_fact(one, answer):
        return f"check: it dropped the sentence that states the fact: {why}"
    if why := _not_found(one, answer, passages):
        return why
    if answer.twin.outcome is AnswerOutcome.QUOTED:
        return "model: no sentence of its own held, and the quotation does not say it"
    if scores.cites_evidence:
        return "model: the evidence was found and cited, and the answer does not state the fact"
    return "model: the evidence was found and not used"


def _wrongly_answered_cause(kind: QuestionKind) -> str:
    if kind is QuestionKind.PRIVATE_OR_UNSAFE:
        return f"rule: not recognised as private or harmful, and answered ({kind})"
    return f"judge: a question to be refused was taken for answerable ({kind})"


def _declined_cause(one: ScoredAnswer, answer: Answer, passages: int | None) -> str:
    """A rule and the model decline whatever was found; judge and check only where the evidence lay before them."""
    reason = answer.twin.decline_reason or "no reason"
    if reason in _DECLINED:
        return _DECLINED[reason]
    if why := _not_found(one, answer, passages):
        return why
    if reason == "no_evidence":
        known = "the evidence was found" if one.question.evidence else "passages were found"
        return f"judge: {known}, and taken for no answer"
    if reason == "unsupported":
        return f"check: nothing of the draft held: {_commonest_objection(answer)}"
    return f"declined: {reason}"


def _not_found(one: ScoredAnswer, answer: Answer, passages: int | None) -> str:
    """What the search failed to bring; empty if all evidence lay among the passages, or none is known."""
    if not one.question.evidence:
        return ""
    if one.scores and not one.scores.evidence_held:
        return "question: the archive does not hold the evidence that it quotes"
    whole = evidence_retrieved(one.question, answer.twin.passages, len(answer.twin.passages))
    used = evidence_retrieved(one.question, answer.twin.passages, passages or len(answer.twin.passages))
    if used.is_complete:
        return ""
    if whole.is_complete:
        return f"search: the evidence was found, but not among the {passages} passages that are answered from"
    return "search: a part of the evidence was not found" if whole.is_any else "search: no evidence was found"


def _check_cost_the_fact(one: ScoredAnswer, answer: Answer) -> str:
    """Why the check dropped a sentence that states what is missing; empty if it dropped none."""
    for sentence in answer.twin.sentences:
        if sentence.outcome is SentenceOutcome.DROPPED:
            stated = key_facts(one.question, sentence.text)
            missing = one.scores.facts.missing_essential if one.scores and one.scores.facts else ()
            if stated and set(missing) & set(stated.found):
                return _sort_of(sentence.reason)
    return ""


def _commonest_objection(answer: Answer) -> str:
    dropped = [_sort_of(one.reason) for one in answer.twin.sentences if one.outcome is SentenceOutcome.DROPPED]
    return Counter(dropped).most_common(1)[0][0] if dropped else "nothing was drafted"


def _sort_of(reason: str) -> str:
    """A reason without the very name, number or likeness, so that reasons of a sort count as one."""
    reason = _FIGURE_IN_BRACKETS.sub("", reason)
    return _NAMED.sub(r"the \1 … is not", reason) or "no reason given"


_FIGURE_IN_BRACKETS = re.compile(r"\s*\([^()]*\d[^()]*\)")
_NAMED = re.compile(r"^the (name|number) .+? is not")
_DECLINED = {
    "model_declined": "model: it declined by itself",
    "private": "rule: taken for a private matter",
    "unsafe": "rule: taken for harmful",
    "empty_draft": "model: it wrote nothing",
}
