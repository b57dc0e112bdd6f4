"""Builders that the tests of this package share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import settings

from twin_data.contracts.evaluation import Evidence, HeldOutQuestion, KeyFact, QuestionKind
from twin_eval.client import read_answer
from twin_eval.fake_service import completion
from twin_eval.records import Answer, AnswerRecord, EndpointError

BUNDLE = "0123456789ab"
settings.register_profile("no-deadline", deadline=None)  # a busy machine is no failure
settings.load_profile("no-deadline")


@pytest.fixture
def make_question() -> Callable[..., HeldOutQuestion]:
    """A question of any kind; answerable ones get one essential fact and one evidence quote unless told otherwise."""

    def make(
        question_id: str = "q1",
        kind: str = "factual",
        *,
        facts: tuple[str, ...] = ("high water",),
        optional: tuple[str, ...] = (),
        quotes: tuple[str, ...] = ("It was high water at Ferrier's.",),
    ) -> HeldOutQuestion:
        of_kind = QuestionKind(kind)
        if not of_kind.is_answerable:
            facts = optional = quotes = ()
        return HeldOutQuestion(
            id=question_id,
            kind=of_kind,
            question=f"What of {question_id}?",
            answer=" ".join(facts) if facts else None,
            facts=tuple(KeyFact(text=text, essential=text in facts) for text in (*facts, *optional)),
            evidence=tuple(Evidence(file="notes/a.md", quote=quote) for quote in quotes),
            expected="answer" if of_kind.is_answerable else "refuse",
        )

    return make


@pytest.fixture
def make_answer() -> Callable[..., Answer]:
    """An answer as the client reads it from a response."""

    def make(
        content: str = "It was high water.", *, outcome: str = "generated", seconds: float = 1.0, **twin: Any
    ) -> Answer:
        return read_answer(completion(content, bundle=BUNDLE, outcome=outcome, **twin), seconds=seconds)

    return make


@pytest.fixture
def make_record() -> Callable[..., AnswerRecord]:
    """A record of an answer, or of an error if there is none."""

    def make(question: HeldOutQuestion, answer: Answer | None) -> AnswerRecord:
        return AnswerRecord(
            question_id=question.id,
            question_digest="0" * 64,
            bundle=BUNDLE,
            settings_digest="0" * 64,
            asked_at=datetime(2026, 1, 1, tzinfo=UTC),
            answer=answer,
            error=None if answer else EndpointError(code="llm_unavailable", message="the model is away", status=503),
        )

    return make
