from __future__ import annotations

from collections.abc import Callable

from twin_eval.page.examples import best, changed, worst
from twin_eval.scored_run import ScoredRun

MakeRun = Callable[..., ScoredRun]


def test_the_best_are_right_and_in_its_own_words(make_run: MakeRun) -> None:
    run = make_run(["other", "quote", "fact", "decline", "fact"])
    assert [run.answers[one.at].question.id for one in best(run)] == ["q2", "q4"], (
        "a quotation is right, but not its own"
    )
    assert best(run, 1)[0].why == "100% of its sentences are its own and supported"
    assert best(make_run(["other"], ["other"])) == ()


def test_the_worst_begin_with_the_gravest(make_run: MakeRun) -> None:
    run = make_run(["other", "decline", "fact", "error"], ["other", "decline"])
    assert [run.answers[one.at].question.id for one in worst(run, 9)] == ["u0", "q1", "q0"], "an error is no answer"
    assert worst(run, 1)[0].why == "Answered, but to be refused"
    assert worst(make_run(["fact"], ["decline"])) == ()


def test_what_changed_is_what_one_gets_right_and_the_other_wrong(make_run: MakeRun) -> None:
    run = make_run(["fact", "other", "fact", "fact"], ["other"])
    other = make_run(["other", "other", "fact", "decline"], ["decline"])
    assert [(run.answers[one.at].question.id, one.why) for one in changed(run, other)] == [
        ("u0", "lost: Answered, but to be refused"),
        ("q0", "won: Answered without an essential fact"),
        ("q3", "won: Refused, but answerable"),
    ]
    assert changed(run, run) == ()
    failed = make_run(["error", "fact", "fact", "fact"], ["decline"])
    assert [failed.answers[one.at].question.id for one in changed(failed, run)] == ["q1", "u0"]
