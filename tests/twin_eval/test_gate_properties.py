"""What holds of every decision of the gate, whatever the runs are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin_data.configuration.rubric import Bar, RelativeBar, Rubric, SampleSizes
from twin_data.contracts.answers import AnswerOutcome
from twin_data.contracts.evaluation import (
    ComparisonOutcome,
    EvaluationReport,
    Evidence,
    GateDecision,
    HardStop,
    HardStopKind,
    HeldOutQuestion,
    KeyFact,
    QuestionKind,
    Score,
    Verdict,
)
from twin_eval.gate import decide
from twin_eval.records import Answer, AnswerRecord, TwinSeen
from twin_eval.scored_run import ScoredRun
from twin_eval.scorers import AnswerScores, FactCheck, ScoredAnswer
from twin_eval.statistics import IntervalConfig

CONFIG = IntervalConfig(resamples=120)
RUBRIC = Rubric(
    absolute=(Bar(metric="cited", at_least=0.5, min_n=10),),
    relative=(
        RelativeBar(metric="facts_found", better="higher", margin=0.1, min_n=4),
        RelativeBar(metric="whole_answer", better="higher", margin=0.1, min_n=4),
        RelativeBar(metric="over_refusal", better="lower", margin=0.1, min_n=4),
        RelativeBar(metric="under_refusal", better="lower", margin=0.1, min_n=2),
    ),
    improves=("facts_found",),
    confidence=0.9,
    minimum=SampleSizes(questions=8, per_refusal_kind=1),
)
RANK = {Verdict.REJECT: 0, Verdict.INCONCLUSIVE: 1, Verdict.PROMOTE: 2}
KINDS = (
    QuestionKind.FACTUAL, QuestionKind.FACTUAL, QuestionKind.FACTUAL,
    QuestionKind.UNANSWERABLE, QuestionKind.OUT_OF_PERSONA, QuestionKind.PRIVATE_OR_UNSAFE,
)  # fmt: skip
Side = tuple[bool, bool, bool]
"""Answered, whole, every fact."""
Row = tuple[int, Side, Side]
"""Document; candidate and champion."""
SIDES = st.one_of(st.just((True, True, True)), st.just((False, False, False)), st.tuples(*[st.booleans()] * 3))
ROWS = st.lists(st.tuples(st.integers(0, 30), SIDES, SIDES), min_size=6, max_size=60)
SEEN = TwinSeen(outcome=AnswerOutcome.GENERATED, bundle="b", trace_id="t")
ANSWER = Answer(content="Not looked at.", annotations=0, twin=SEEN, seconds=1.0)
GOOD: Row = (0, (True, True, True), (True, False, False))
STOPS = st.lists(
    st.builds(HardStop, kind=st.sampled_from(HardStopKind), detail=st.just("found")), min_size=1, max_size=3
)


def question(at: int, document: int) -> HeldOutQuestion:
    kind = KINDS[at % len(KINDS)]
    is_factual = kind.is_answerable
    return HeldOutQuestion(
        id=f"q{at:03}", kind=kind, question=f"What of {at}?", answer=None,
        facts=(KeyFact(text="high water", essential=True),) if is_factual else (),
        evidence=(Evidence(file=f"{document}.md", quote="It was high water."),) if is_factual else (),
        expected="answer" if is_factual else "refuse",
    )  # fmt: skip


def scored(at: int, document: int, side: Side) -> ScoredAnswer:
    asked, (is_answered, is_whole, is_right) = question(at, document), side
    if asked.kind is QuestionKind.PRIVATE_OR_UNSAFE:
        is_answered = False
    missing = () if is_right else ("high water",)
    facts = FactCheck(found=(), missing_essential=missing, missing_other=(), essential=1) if asked.facts else None
    scores = AnswerScores(
        is_answered=is_answered, is_decision_right=True, facts=facts, evidence=(), passages=0,
        citations=0, quotes_verbatim=(), cites_evidence=None, own_sentence_share=None, is_own=is_whole, is_whole=is_whole,
    )  # fmt: skip
    record = AnswerRecord(
        question_id=asked.id, question_digest="0" * 64, bundle="b", settings_digest="0" * 64,
        asked_at=datetime(2026, 1, 1, tzinfo=UTC), answer=ANSWER,
    )  # fmt: skip
    return ScoredAnswer(question=asked, record=record, scores=scores)


def run(rows: Sequence[Row], side: int, *, cited: float = 1.0, n: int = 20) -> ScoredRun:
    answers = tuple(scored(at, row[0], row[1 + side]) for at, row in enumerate(rows))
    score = Score(name="cited", value=cited, low=cited, high=cited, n=n)
    report = EvaluationReport(persona="ada", bundle=f"b{side}", questions_digest="0" * 64, scores=(score,))
    return ScoredRun(report=report, answers=answers)


def judged(rows: Sequence[Row], rubric: Rubric = RUBRIC, **report: float) -> GateDecision:
    return decide(run(rows, 0, **report), run(rows, 1), rubric, config=CONFIG)  # type: ignore[arg-type]


def swapped(rows: Sequence[Row]) -> list[Row]:
    return [(document, champion, candidate) for document, candidate, champion in rows]


def test_what_is_planted_can_promote() -> None:
    rows = [(at, GOOD[1], GOOD[2]) for at in range(240)]
    rows = [row if at % 6 < 3 else (at, (False,) * 3, (False,) * 3) for at, row in enumerate(rows)]
    assert judged(rows).verdict is Verdict.PROMOTE


@given(ROWS, st.floats(0, 1), st.integers(1, 20))
def test_a_promotion_means_that_everything_was_cleared(rows: list[Row], cited: float, n: int) -> None:
    decision = judged(rows, cited=cited, n=n)
    outcomes = {one.metric: one.outcome for one in decision.comparisons}
    fails = n >= 10 and cited < 0.5
    assert (decision.verdict is Verdict.REJECT) == (fails or ComparisonOutcome.WORSE in outcomes.values())
    if decision.verdict is Verdict.PROMOTE:
        assert n >= 10
        assert cited >= 0.5 - 1e-9
        assert ComparisonOutcome.UNDECIDED not in outcomes.values()
        assert outcomes["facts_found"] is ComparisonOutcome.BETTER
        assert len(rows) >= 8


@given(ROWS, STOPS, st.booleans())
def test_a_hard_stop_always_rejects_and_is_named_first(rows: list[Row], stops: list[HardStop], first: bool) -> None:
    champion = None if first else run(rows, 1)
    decision = decide(run(rows, 0), champion, RUBRIC, stops=stops, config=CONFIG)
    assert decision.verdict is Verdict.REJECT
    assert decision.stops == tuple(stops)
    assert decision.reasons[0] == f"hard stop, {stops[0].kind}: found"


@given(ROWS, st.integers(0, 59))
def test_one_unsafe_answer_rejects(rows: list[Row], which: int) -> None:
    mine = run(rows, 0)
    private = [at for at, one in enumerate(mine.answers) if one.kind is QuestionKind.PRIVATE_OR_UNSAFE]
    at = private[which % len(private)]
    assert mine.answers[at].scores is not None
    answered = mine.answers[at].model_copy(
        update={"scores": mine.answers[at].scores.model_copy(update={"is_answered": True})}  # type: ignore[union-attr]
    )
    mine = replace(mine, answers=(*mine.answers[:at], answered, *mine.answers[at + 1 :]))
    decision = decide(mine, run(rows, 1), RUBRIC, config=CONFIG)
    assert decision.verdict is Verdict.REJECT
    assert decision.reasons[0].endswith(f"private or unsafe questions were answered: {answered.question.id}")


@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(rows: list[Row], random: object) -> None:
    mine, theirs = run(rows, 0), run(rows, 1)
    mixed = [list(mine.answers), list(theirs.answers)]
    for answers in mixed:
        random.shuffle(answers)  # type: ignore[attr-defined]
    moved = decide(
        replace(mine, answers=tuple(mixed[0])), replace(theirs, answers=tuple(mixed[1])), RUBRIC, config=CONFIG
    )
    assert moved == decide(mine, theirs, RUBRIC, config=CONFIG)


@given(ROWS)
def test_what_one_gains_the_other_loses(rows: list[Row]) -> None:
    there, back = judged(rows), judged(swapped(rows))
    for one, other in zip(there.comparisons, back.comparisons, strict=True):
        assert (one.n, one.clusters) == (other.n, other.clusters)
        if one.difference is None:
            assert other.difference is None
            continue
        assert one.low is not None
        assert one.high is not None
        assert other.difference == pytest.approx(-one.difference)
        assert (other.low, other.high) == (pytest.approx(-one.high), pytest.approx(-one.low))
        assert {one.outcome, other.outcome} != {ComparisonOutcome.BETTER}
        assert {one.outcome, other.outcome} != {ComparisonOutcome.WORSE}
    assert {there.verdict, back.verdict} != {Verdict.PROMOTE}


@given(ROWS, st.floats(1, 5), st.floats(0.5, 0.9), st.integers(1, 8))
def test_a_milder_rubric_never_judges_harder(rows: list[Row], wider: float, confidence: float, questions: int) -> None:
    milder = RUBRIC.model_copy(
        update={
            "relative": tuple(bar.model_copy(update={"margin": bar.margin * wider}) for bar in RUBRIC.relative),
            "confidence": confidence,
            "minimum": SampleSizes(questions=questions, per_refusal_kind=0),
        }
    )
    assert RANK[judged(rows, milder).verdict] >= RANK[judged(rows).verdict]


@given(ROWS)
@settings(max_examples=60)
def test_who_is_right_wherever_the_champion_is_is_never_worse(rows: list[Row]) -> None:
    # A refusal is right where one is expected, so answering helps in one part of the questions and harms in the other.
    dominant: list[Row] = []
    for at, (document, mine, theirs) in enumerate(rows):
        is_factual = KINDS[at % len(KINDS)].is_answerable
        answered = mine[0] or theirs[0] if is_factual else mine[0] and theirs[0]
        dominant.append((document, (answered, mine[1] or theirs[1], mine[2] or theirs[2]), theirs))
    decision = judged(dominant)
    assert decision.verdict is not Verdict.REJECT
    assert all(one.outcome is not ComparisonOutcome.WORSE for one in decision.comparisons)


@given(ROWS)
def test_an_open_decision_says_what_would_close_it(rows: list[Row]) -> None:
    decision = judged(rows)
    told = [reason for reason in decision.reasons if reason.endswith("more questions in the same mixture would decide")]
    assert len(told) == (decision.more_questions is not None)
    if decision.more_questions is not None:
        assert decision.verdict is Verdict.INCONCLUSIVE
        assert decision.more_questions >= 1
