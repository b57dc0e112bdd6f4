"""What questions quote and no document holds is named, and is no miss of any bundle."""

from __future__ import annotations

from collections.abc import Callable

from twin_data.contracts.evaluation import HeldOutQuestion
from twin_eval.evidence import evidence_problems, lost_evidence, quote_holders, why_lost
from twin_eval.fake_service import passage
from twin_eval.records import Answer, AnswerRecord
from twin_eval.references import References
from twin_eval.scored_run import RunRecords, ScoredRun, score_run
from twin_eval.statistics import IntervalConfig

HELD, TYPO = "It was high water at Ferrier’s.", "It was hgih water at Ferrier's."
DOCUMENTS = {"notes/b.md": "Quiet.", "notes/renamed.md": f"We slept. {HELD}"}
Question = Callable[..., HeldOutQuestion]


def test_a_quote_may_stand_in_any_document_and_its_words_are_compared(make_question: Question) -> None:
    questions = [
        make_question("q1"),
        make_question("q2", quotes=("We slept", TYPO)),
        make_question("u1", "unanswerable"),
    ]
    lost = lost_evidence(questions, DOCUMENTS)
    assert {name: [one.quote for one in quotes] for name, quotes in lost.items()} == {"q2": [TYPO]}


def test_a_quote_rests_on_the_document_that_holds_it_and_not_on_the_archive_that_its_file_is(
    make_question: Question,
) -> None:
    mails = {"a/other.md": HELD, "notes/a.md#1": "Quiet.", "notes/a.md#2": HELD, "notes/b.md": HELD}
    (named,) = quote_holders([make_question("q1")], {**mails, "notes/a.md": HELD})["q1"]
    (taken_apart,) = quote_holders([make_question("q1")], mails)["q1"]
    (elsewhere,) = quote_holders([make_question("q1")], {"b.md": HELD, "a.md": HELD})["q1"]
    assert (named, taken_apart, elsewhere) == ("notes/a.md", "notes/a.md#2", "a.md")
    assert quote_holders([make_question("q1", quotes=(TYPO,)), make_question("u1", "unanswerable")], mails) == {
        "q1": (None,)
    }


def test_a_problem_says_whether_the_question_or_the_cleaning_is_at_fault(make_question: Question) -> None:
    questions = [make_question("q1", quotes=(TYPO,)), make_question("q2", quotes=("The signature.",))]
    typo, dropped = evidence_problems(questions, DOCUMENTS, {"notes/a.md": f"{HELD} The signature."}.get)
    assert str(typo).startswith(f"q1: no document of the archive holds the quote “{TYPO}” of notes/a.md; copy it")
    assert dropped.question_id == "q2" and "cleaning has dropped it" in dropped.message


def test_many_are_named_up_to_a_limit() -> None:
    told = why_lost([f"q{at}" for at in range(12)], "ada")
    assert "q9 and 2 more; " in told and "`twin questions check ada`" in told


def scored(question: HeldOutQuestion, record: AnswerRecord, lost: tuple[str, ...]) -> ScoredRun:
    run = RunRecords(
        persona="ada", bundle=record.bundle, index="", questions=(question,), records=(record,), drafts=(),
        document_text=DOCUMENTS.get, references=References(lost_evidence=lost),
    )  # fmt: skip
    return score_run(run, ks=(1,), config=IntervalConfig(resamples=50))


def test_what_rests_on_lost_evidence_is_unscored_and_the_report_says_so(
    make_question: Question, make_answer: Callable[..., Answer], make_record: Callable[..., AnswerRecord]
) -> None:
    question = make_question("q1", quotes=(TYPO,))
    record = make_record(question, make_answer(passages=[passage("notes/renamed.md", HELD, 0, len(HELD))]))
    missed, left_out = scored(question, record, ()), scored(question, record, ("q1",))
    resting = {"evidence_all", "evidence_any", "evidence_at_1", "recall_at_1", "ndcg_at_10", "cites_evidence"}
    assert {one.name for one in missed.report.scores} >= resting
    assert not {one.name for one in left_out.report.scores} & {*resting, "cites_place"}
    (found,) = (one.reason for one in left_out.report.unmeasured if one.name == "evidence of 1 questions")
    assert "these questions quote: q1;" in found
    assert left_out.report.score("facts_found") == missed.report.score("facts_found")


def test_a_row_that_is_left_out_is_counted(make_run: Callable[..., ScoredRun]) -> None:
    run = make_run(("fact", "fact"))
    records = [one.record for one in run.answers[:2]]
    given = RunRecords(
        persona="ada", bundle="b", index="", questions=[one.question for one in run.answers[:2]], records=records,
        drafts=(), document_text=lambda _: None, references=References(lost_evidence=("q1",)),
    )  # fmt: skip
    score = score_run(given, ks=(1,), config=IntervalConfig(resamples=50)).report.score("evidence_all")
    assert score is not None and (score.n, score.unscored) == (1, 1)
