"""Production failures worth a question: what users asked and got no good answer to. Pure functions.

Only the wording of the question is kept, and the day; who asked and what the twin said are not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from twin_data.contracts.answers import AnswerOutcome, Interaction
from twin_data.contracts.api_headers import EVALUATION_FEATURE
from twin_data.contracts.base import Contract
from twin_data.contracts.digests import digest_text, short
from twin_data.contracts.exam import QuestionCandidate
from twin_data.scoring.sentences import words
from twin_data.transform.identifiers import find_identifiers
from twin_eval.exam.likeness import Known

FEWEST_WORDS, MOST_WORDS = 3, 60
_RIGHTLY = frozenset({"private", "unsafe"})
_NO_EVIDENCE = "no_evidence"


class FailureConfig(Contract):
    """What counts as a failure."""

    min_answerability: float = 0.5
    """A question that was declined although the service itself held it at least so likely to be answerable."""
    near_answerability: float = 0.25
    """The same where the service declined for want of evidence: it does so only below its own threshold, so that what
    it may have been wrong about lies in a band below."""
    max_supported_share: float = 0.5
    """An answer of its own of whose draft no more of the checked sentences held."""


@dataclass(frozen=True)
class Failures:
    """Candidates, oldest first, and how many interactions gave none, by reason."""

    candidates: tuple[QuestionCandidate, ...]
    passed_over: Counter[str]


def candidates(
    interactions: Iterable[Interaction], *, known: Sequence[str], config: FailureConfig | None = None
) -> Failures:
    """The failed questions that are not asked yet.

    Args:
        interactions: Of one persona.
        known: Questions that are asked already, and candidates that are there.
        config: What counts as a failure.
    """
    bars, asked = config or FailureConfig(), Known(known)
    exact = {" ".join(one.casefold().split()) for one in known}
    found: list[QuestionCandidate] = []
    passed_over: Counter[str] = Counter()
    for one in sorted(interactions, key=lambda one: (one.created_at, one.trace_id)):
        text = " ".join(one.question.split())
        reason = _passed_over(one, text)
        why = "" if reason else failure_of(one, bars)
        if not reason and not why:
            reason = "no_failure"
        elif not reason and (text.casefold() in exact or asked.repeats(text)):
            reason = "asked_already"
        if reason:
            passed_over[reason] += 1
            continue
        exact.add(text.casefold())
        asked.add(text)
        name = f"failure-{short(digest_text(text))}"
        found.append(QuestionCandidate(id=name, question=text, why=why, asked_on=one.created_at.date()))
    return Failures(tuple(found), passed_over)


def failure_of(one: Interaction, bars: FailureConfig) -> str:
    """What went wrong with an interaction, in words; empty if nothing did.

    Quotations in the place of a draft that did not hold are an answer, with its sources, and no failure.
    """
    supported = one.signals.get("supported_share")
    if one.outcome is AnswerOutcome.DECLINED:
        return _wrongly_declined(one, bars)
    is_own = one.outcome is not AnswerOutcome.QUOTED
    if is_own and supported is not None and supported <= bars.max_supported_share:
        return f"only {supported:.0%} of the draft's sentences held"
    return ""


def _wrongly_declined(one: Interaction, bars: FailureConfig) -> str:
    answerability = one.signals.get("answerability")
    least = bars.near_answerability if one.decline_reason == _NO_EVIDENCE else bars.min_answerability
    if one.decline_reason in _RIGHTLY or answerability is None or answerability < least:
        return ""
    return f"declined ({one.decline_reason or 'no reason given'}), held answerable with {answerability:.2f}"


def _passed_over(one: Interaction, text: str) -> str:
    if one.feature == EVALUATION_FEATURE:
        return "asked_by_an_evaluation"
    if one.status != "ok" or one.mode != "answer":
        return "no_answer_was_due"
    if not FEWEST_WORDS <= len(words(text)) <= MOST_WORDS:
        return "too_short_or_too_long"
    if find_identifiers(text, None):
        return "holds_an_identifier"
    return ""
