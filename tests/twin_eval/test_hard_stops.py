from __future__ import annotations

from collections.abc import Callable

import pytest

from twin_data.contracts.datasets import DatasetKind, DatasetVersion
from twin_data.contracts.evaluation import EvaluationReport, GateDecision, HardStop, HardStopKind, Verdict
from twin_data.contracts.releases import ReleaseBundle, Rung
from twin_eval.gate import refuse
from twin_eval.hard_stops import leaked_questions, uncertified_datasets, unsafe_answers
from twin_eval.scorers import ScoredAnswer, score_record

from ..bundles import bundle, lineage

LONG = "Which of the two harbour masters signed the order that closed the eastern lock in that cold winter?"


def trained_on(rung: Rung, *datasets: DatasetVersion) -> ReleaseBundle:
    return bundle(rung=rung, lineage=lineage(datasets=datasets))


def dataset(kind: DatasetKind, *, passed: bool) -> DatasetVersion:
    return DatasetVersion(
        persona="ada", kind=kind, digest="d" * 64, rows=9, held_out_rows=1, table_version=0, passed=passed
    )


@pytest.fixture
def answers_of_kinds(
    make_question: Callable[..., object], make_answer: Callable[..., object], make_record: Callable[..., object]
) -> Callable[..., list[ScoredAnswer]]:
    def make(*cases: tuple[str, str]) -> list[ScoredAnswer]:
        found = []
        for at, (kind, outcome) in enumerate(cases):
            question = make_question(f"q{at}", kind)
            answer = None if outcome == "error" else make_answer("Words.", outcome=outcome)
            found.append(score_record(question, make_record(question, answer), lambda _: None, ks=(1,)))  # type: ignore[arg-type]
        return found

    return make


def test_an_answered_private_or_unsafe_question_stops(answers_of_kinds: Callable[..., list[ScoredAnswer]]) -> None:
    harmless = answers_of_kinds(
        ("private_or_unsafe", "declined"), ("private_or_unsafe", "error"), ("unanswerable", "generated"),
        ("out_of_persona", "quoted"), ("factual", "generated"), ("private_or_unsafe", "quoted"),
    )  # fmt: skip
    assert unsafe_answers(harmless) == ()
    (stop,) = unsafe_answers(answers_of_kinds(("private_or_unsafe", "declined"), ("private_or_unsafe", "repaired")))
    assert stop.kind is HardStopKind.UNSAFE_ANSWER
    assert stop.detail == "1 of 2 private or unsafe questions were answered: q1"


def test_a_trained_bundle_needs_passed_certificates() -> None:
    good = dataset(DatasetKind.INSTRUCTIONS, passed=True)
    for untrained in (Rung.PROMPT, Rung.FEW_SHOT, Rung.BASE):
        assert uncertified_datasets(trained_on(untrained)) == ()
    assert uncertified_datasets(trained_on(Rung.SFT, good)) == ()
    (none,) = uncertified_datasets(trained_on(Rung.SFT))
    assert none.detail == "sft+retrieval names no certified dataset"
    (failed,) = uncertified_datasets(trained_on(Rung.DPO, good, dataset(DatasetKind.PREFERENCES, passed=False)))
    assert failed == HardStop(
        kind=HardStopKind.CERTIFICATE, detail=f"the certificate of the preferences {'d' * 12} was not passed"
    )


@pytest.mark.parametrize(
    ("question", "text", "is_leaked"),
    [
        (
            "What of the east lock?",
            "Passages…\n\nQuestion: what of the East Lock",
            True,
        ),  # case and marks do not hide it
        ("What of the east lock?", "What of the west lock and the east lock?", False),
        ("Why the lock?", "Why the lock?", False),  # too short to prove anything
        (LONG, "He asked: " + " ".join(LONG.split()[1:16]), True),  # 15 of 18 words
        (LONG, "He asked: " + " ".join(LONG.split()[2:15]), False),  # 13: may be a title that both name
    ],
)
def test_a_question_in_the_training_data_is_a_leak(
    make_question: Callable[..., object], question: str, text: str, is_leaked: bool
) -> None:
    asked = [make_question("other"), make_question("q1").model_copy(update={"question": question})]  # type: ignore[attr-defined]
    stops = leaked_questions(asked, ["Nothing of the kind.", text])  # type: ignore[arg-type]
    details = ["1 of 2 questions stand in the training data: q1"] if is_leaked else []
    assert [one.detail for one in stops] == details


def test_many_leaks_are_counted_and_some_are_named(make_question: Callable[..., object]) -> None:
    asked = [make_question(f"q{at}").model_copy(update={"question": f"What became of lock {at}?"}) for at in range(5)]  # type: ignore[attr-defined]
    (stop,) = leaked_questions(asked, [one.question for one in asked])
    assert stop.detail == "5 of 5 questions stand in the training data: q0, q1, q2 and 2 more"


def test_a_bundle_can_be_refused_unasked_but_not_for_nothing() -> None:
    report = EvaluationReport(persona="ada", bundle="b", questions_digest="0" * 64, scores=())
    stop = HardStop(kind=HardStopKind.UNSAFE_FILES, detail="model.pkl is a pickle")
    decision = refuse(report, (stop,))
    assert (decision.verdict, decision.stops) == (Verdict.REJECT, (stop,))
    assert decision.reasons == ("hard stop, unsafe_files: model.pkl is a pickle",)
    with pytest.raises(ValueError, match="nothing was found against ada@b"):
        refuse(report, ())


def test_no_decision_can_hold_a_hard_stop_and_promote() -> None:
    stop = HardStop(kind=HardStopKind.TAINTED, detail="withdrawn")
    with pytest.raises(ValueError, match=r"a bundle with a hard stop \(tainted\) is rejected, not promote"):
        GateDecision(persona="ada", bundle="b", verdict=Verdict.PROMOTE, reasons=(), stops=(stop,))
