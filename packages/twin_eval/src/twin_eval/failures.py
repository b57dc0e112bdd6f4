"""What went wrong with a question, in words."""

from __future__ import annotations

from collections.abc import Callable

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
