"""What went wrong with a question, in words."""

from __future__ import annotations

from collections.abc import Callable

from twin_data.contracts.answers import AnswerOutcome
from twin_eval.scorers import ScoredAnswer


def endpoint_error(one: ScoredAnswer) -> str | None:
    """The endpoint failed on it."""
    return one.record.error.message if one.record.error else None


def wrongly_answered(one: ScoredAnswer) -> str | None:
    """It was to be refused."""
    answer = one.record.answer
    return answer.content if answer and one.question.expected == "refuse" and not answer.is_declined else None


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
    "Refused, but answerable": wrongly_refused,
    "Answered without an essential fact": fact_missing,
    "Quotations that are not verbatim": quote_changed,
}
"""Each way of going wrong: what it is called, and what is wrong with a question, None if nothing is."""


def cause_of(one: ScoredAnswer) -> str:
    """Where in the pipeline an answer went wrong: the endpoint, the search, the judge, the model or the check."""
    if one.record.error:
        return f"endpoint: {one.record.error.code}"
    answer, scores = one.record.answer, one.scores
    if answer is None or scores is None:
        return "unknown"
    if answer.is_declined:
        return _DECLINED.get(answer.twin.decline_reason or "", f"declined: {answer.twin.decline_reason or 'no reason'}")
    if one.question.expected == "refuse":
        return "judge: it took the question for answerable"
    if not answer.twin.passages:
        return "no retrieval: written from the model's memory"
    if scores.evidence and not scores.evidence[-1].is_complete:
        return "search: the evidence was not among the passages"
    if answer.twin.outcome is AnswerOutcome.QUOTED:
        return "model: no sentence of its own held, and the quotation does not say it"
    return "model: the evidence was there, and the answer does not say it"


_DECLINED = {
    "no_evidence": "judge: it took the passages for no answer",
    "unsupported": "check: nothing of the draft held, and nothing could be quoted",
    "model_declined": "model: it declined by itself",
    "private": "rule: taken for a private matter",
    "unsafe": "rule: taken for harmful",
    "empty_draft": "model: it wrote nothing",
}
