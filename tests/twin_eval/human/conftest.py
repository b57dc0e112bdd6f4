"""Answers that people label, and labels."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from twin_data.contracts.evaluation import Evidence, HeldOutQuestion
from twin_data.contracts.labels import AnswerLabel, SentenceLabel
from twin_eval.questions import question_digest
from twin_eval.records import Answer, AnswerRecord
from twin_eval.scorers import ScoredAnswer, score_record

BUNDLE = "0123456789ab"
DAY = datetime(2026, 3, 1, 12, tzinfo=UTC)
PASSAGE = {
    "chunk_id": "c1",
    "document_id": "notes/a.md",
    "start": 0,
    "end": 40,
    "text": "It was high water at the mill.",
}


@pytest.fixture
def make_scored(
    make_question: Callable[..., HeldOutQuestion],
    make_answer: Callable[..., Answer],
    make_record: Callable[..., AnswerRecord],
) -> Callable[..., ScoredAnswer]:
    """An answer of given sentences, each with what the verifier said of it: `yes`, `no`, or a reason of another kind."""

    def make(
        question_id: str = "q1",
        sentences: dict[str, str] | None = None,
        *,
        kind: str = "factual",
        content: str = "It was high water.",
        outcome: str = "generated",
        document: str = "notes/a.md",
        bundle: str = BUNDLE,
        **twin: Any,
    ) -> ScoredAnswer:
        question = make_question(question_id, kind)
        if question.evidence:
            evidence = (Evidence(file=document, quote="It was high water."),)
            question = question.model_copy(update={"evidence": evidence})
        checks = [check(text, said) for text, said in (sentences or {}).items()]
        answer = make_answer(content, outcome=outcome, sentences=checks, passages=[PASSAGE], **twin)
        changes = {"bundle": bundle, "question_digest": question_digest(question)}
        record = make_record(question, answer).model_copy(update=changes)
        return score_record(question, record, lambda _: None, ks=(1,))

    return make


def check(text: str, said: str) -> dict[str, Any]:
    if said == "yes":
        return {"text": text, "outcome": "supported", "support": 0.9}
    reason = "the passages do not say so" if said == "no" else said
    return {"text": text, "outcome": "dropped", "support": 0.1, "reason": reason}


def sentence_label(sentence: str, label: str, *, by: str = "Ada", at: int = 0, **more: Any) -> SentenceLabel:
    values = {"bundle": BUNDLE, "question": "What of q1?", "labelled_at": DAY + timedelta(minutes=at), **more}
    return SentenceLabel(sentence=sentence, label=label, labeller=by, **values)  # type: ignore[arg-type]


def answer_label(
    label: str | None, *, answer: str = "It was high water.", by: str = "Ada", at: int = 0, **more: Any
) -> AnswerLabel:
    values = {"bundle": BUNDLE, "question": "What of q1?", "labelled_at": DAY + timedelta(minutes=at), **more}
    return AnswerLabel(answer=answer, label=label, labeller=by, **values)  # type: ignore[arg-type]
