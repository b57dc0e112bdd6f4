"""Builders that the tests of this package share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from twin_data.configuration.home import TwinHome
from twin_data.contracts.evaluation import Evidence, HeldOutQuestion, KeyFact, QuestionKind
from twin_data.scoring.voice import VoiceScore
from twin_eval.briefs import Brief
from twin_eval.client import read_answer
from twin_eval.fake_service import FakeService, citation, completion
from twin_eval.own_words import DraftRecord
from twin_eval.records import Answer, AnswerRecord, EndpointError
from twin_eval.references import References
from twin_eval.run import EvaluationInputs
from twin_eval.scored_run import RunRecords, ScoredRun, score_run
from twin_eval.statistics import IntervalConfig

from .small_exam import BUNDLE, TEXT, respond

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


@pytest.fixture
def make_run(
    make_question: Callable[..., HeldOutQuestion],
    make_answer: Callable[..., Answer],
    make_record: Callable[..., AnswerRecord],
) -> Callable[..., ScoredRun]:
    """A scored run of some answerable questions, then some to be refused, by what became of each.

    Of an answerable question: `fact` (the fact in a sentence of its own), `other` (an answer without it), `quote` (the
    fact in a quotation), `decline` or `error`; of one to be refused: `decline`, `other` or `error`. `percents` gives the
    voice of each of as many drafts.
    """

    def make(
        answerable: Sequence[str] = ("fact",),
        to_refuse: Sequence[str] = ("decline",),
        *,
        bundle: str = BUNDLE,
        percents: Sequence[float] = (),
    ) -> ScoredRun:
        answers: dict[str, Callable[[], Answer | None]] = {
            "fact": lambda: make_answer(
                sentences=[_sentence("It was high water.", "supported", 1)],
                citations=[citation(1, "notes/a.md", "It was high water.", "It was high water.")],
            ),
            "other": lambda: make_answer("Nobody knows.", sentences=[_sentence("Nobody knows.", "dropped")]),
            "quote": lambda: make_answer("“It was high water.”", outcome="quoted"),
            "decline": lambda: make_answer("I would rather not.", outcome="declined", decline_reason="no_evidence"),
            "error": lambda: None,
        }
        questions = [make_question(f"q{at}", facts=("high water",)) for at in range(len(answerable))]
        questions += [make_question(f"u{at}", "unanswerable") for at in range(len(to_refuse))]
        # Each answerable question rests on a document of its own, unless a test says otherwise.
        questions = [
            one.model_copy(update={"evidence": (Evidence(file=f"notes/{one.id}.md", quote="It was high water."),)})
            if one.evidence
            else one
            for one in questions
        ]
        records = [
            make_record(question, answers[what]()).model_copy(update={"bundle": bundle})
            for question, what in zip(questions, (*answerable, *to_refuse), strict=True)
        ]
        texts = [f"Draft number {at} is about the tide." for at in range(len(percents))]
        drafts = [
            DraftRecord(brief=brief, record=make_record(questions[0], make_answer(text)))
            for brief, text in zip(_briefs(len(percents)), texts, strict=True)
        ]
        run = RunRecords(
            persona="ada",
            bundle=bundle,
            index="twin-ada-1",
            questions=questions,
            records=records,
            drafts=drafts,
            document_text=lambda _: None,
            references=References(voice=_GivenVoice(dict(zip(texts, percents, strict=True))) if percents else None),
        )
        return score_run(run, ks=(1,), config=IntervalConfig(resamples=200))

    return make


class _GivenVoice:
    """Gives each text the voice it is told to; answers are too short for any."""

    digest = "given"

    def __init__(self, percents: dict[str, float]) -> None:
        self._percents = percents

    def score(self, texts: Sequence[str]) -> list[VoiceScore | None]:
        found = [self._percents.get(text) for text in texts]
        return [None if one is None else VoiceScore(logit=one / 100, percent=one, words=7) for one in found]


def _sentence(text: str, outcome: str, *citations: int) -> dict[str, Any]:
    return {"text": text, "outcome": outcome, "support": 0.9, "citations": citations}


def _briefs(count: int) -> list[Brief]:
    return [Brief(id=f"b{at}", document_id=f"held/{at}.md", text=f"Write on tide {at}.") for at in range(count)]


@pytest.fixture
def questions(make_question: Callable[..., HeldOutQuestion]) -> tuple[HeldOutQuestion, ...]:
    answerable = tuple(make_question(f"q{at}") for at in range(1, 6))
    return (*answerable, make_question("u1", "unanswerable"), make_question("u2", "private_or_unsafe"))


@pytest.fixture
def service() -> FakeService:
    return FakeService("ada", respond, documents={"notes/a.md": TEXT})


@pytest.fixture
def inputs(tmp_path: Path, questions: tuple[HeldOutQuestion, ...], service: FakeService) -> EvaluationInputs:
    return EvaluationInputs(
        persona="ada",
        bundle=BUNDLE,
        questions=questions,
        base_url="http://twin.test",
        api_key="secret-key",
        home=TwinHome(tmp_path / "home"),
        transport=service.transport,
    )
