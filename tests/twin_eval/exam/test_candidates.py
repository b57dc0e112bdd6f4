from __future__ import annotations

from datetime import UTC, datetime

import pytest

from twin_data.contracts.answers import AnswerOutcome, Cost, Interaction
from twin_data.contracts.api_headers import EVALUATION_FEATURE
from twin_eval.exam.candidates import candidates

QUESTION = "Why does the lower gate close so slowly in winter?"


def asked(question: str = QUESTION, **fields: object) -> Interaction:
    values: dict[str, object] = {
        "trace_id": "t", "created_at": datetime(2026, 11, 3, tzinfo=UTC), "persona": "ada", "bundle": "b", "key_id": "k",
        "user": "eve@example.org", "feature": None, "status": "ok", "outcome": AnswerOutcome.DECLINED, "error_code": None,
        "cost": Cost(prompt_tokens=1, completion_tokens=1, seconds=1.0, amount=None, currency=None),
        "question": question, "answer": "I cannot say.", "decline_reason": "no_evidence",
        "signals": {"answerability": 0.8},
    }  # fmt: skip
    return Interaction.model_validate(values | fields)


def test_a_question_declined_though_answerable_is_a_candidate_without_who_asked() -> None:
    (one,) = candidates([asked()], known=()).candidates
    assert one.question == QUESTION and "0.80" in one.why and str(one.asked_on) == "2026-11-03"
    assert one.kind is None and not one.is_complete
    assert "eve" not in one.model_dump_json()


def test_an_answer_whose_draft_hardly_held_is_one_too() -> None:
    answered = asked(outcome=AnswerOutcome.REPAIRED, decline_reason=None, signals={"supported_share": 0.25})
    (one,) = candidates([answered], known=()).candidates
    assert "25%" in one.why


def test_a_question_that_the_judge_nearly_took_for_answerable_is_one_too() -> None:
    (one,) = candidates([asked(signals={"answerability": 0.3})], known=()).candidates
    assert one.why == "declined (no_evidence), held answerable with 0.30"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"decline_reason": "private"}, "no_failure"),
        ({"signals": {"answerability": 0.1}}, "no_failure"),
        ({"signals": {}}, "no_failure"),
        ({"decline_reason": "model_declined", "signals": {"answerability": 0.3}}, "no_failure"),
        ({"outcome": AnswerOutcome.QUOTED, "decline_reason": None, "signals": {"supported_share": 0.0}}, "no_failure"),
        (
            {"outcome": AnswerOutcome.GENERATED, "decline_reason": None, "signals": {"supported_share": 1.0}},
            "no_failure",
        ),
        ({"feature": EVALUATION_FEATURE}, "asked_by_an_evaluation"),
        ({"status": "failed"}, "no_answer_was_due"),
        ({"mode": "write"}, "no_answer_was_due"),
        ({"question": "Why?"}, "too_short_or_too_long"),
        ({"question": "Can you write to eve@example.org about the gate?"}, "holds_an_identifier"),
    ],
)
def test_others_are_passed_over_with_a_reason(fields: dict[str, object], reason: str) -> None:
    found = candidates([asked(**fields)], known=())
    assert found.candidates == () and found.passed_over == {reason: 1}


def test_what_is_asked_already_is_no_candidate() -> None:
    again = asked("why does the LOWER gate close so slowly in winter?", trace_id="u")
    found = candidates([asked(), again, asked("How slow is the closing of the lower gate in winter?")], known=())
    assert len(found.candidates) == 1 and found.passed_over["asked_already"] == 2
    assert candidates([asked()], known=[QUESTION]).candidates == ()
