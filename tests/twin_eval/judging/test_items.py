from __future__ import annotations

from collections.abc import Callable

from twin_data.contracts.labels import sentence_item
from twin_eval.judging.config import EndpointJudge
from twin_eval.judging.items import Task, items_of
from twin_eval.scored_run import ScoredRun

from .conftest import PASSAGE, QUOTE

MakeRun = Callable[..., ScoredRun]


def judge(**changes: object) -> EndpointJudge:
    values = {"kind": "endpoint", "base_url": "http://127.0.0.1:9/v1", "model": "m", **changes}
    return EndpointJudge.model_validate(values)


def test_shipped_and_dropped_sentences_of_its_own_and_answers_are_judged(make_judged_run: MakeRun) -> None:
    run = make_judged_run(2)
    items = items_of(run.answers, judge(), passages=1)
    assert [(one.text, one.scored, one.is_shipped) for one in items if one.task is Task.SUPPORT] == [
        ("The tide came 0.", True, True),
        ("The tide came 1.", True, True),
        ("Eels ate the mill 0.", False, False),
        ("Eels ate the mill 1.", False, False),
    ], "no quotation, and nothing that was dropped for another reason"
    shipped, dropped = items[0], items[2]
    assert shipped.passages == (QUOTE,), "the stretch that it cites"
    assert dropped.passages == (PASSAGE,), "it cites nothing, so what it was checked against"
    assert shipped.item == sentence_item(run.report.bundle, "What of q0?", "The tide came 0.")
    whole = [one for one in items if one.task is Task.HELPFUL]
    assert [(one.question_id, one.scored) for one in whole] == [("q0", True), ("q1", False)], "no refusal"
    assert whole[1].text == "The tide came 1.", "without marks of sources"


def test_caps_choose_the_same_in_every_run(make_judged_run: MakeRun) -> None:
    answers = make_judged_run(9).answers
    few = items_of(answers, judge(max_questions=3, max_dropped=1), passages=1)
    assert few == items_of(answers, judge(max_questions=3, max_dropped=1), passages=1)
    assert len({one.question_id for one in few}) == 3
    assert sum(not one.is_shipped for one in few) == 1
    assert sum(one.is_shipped for one in few if one.task is Task.SUPPORT) == 3
    assert not any(not one.is_shipped for one in items_of(answers, judge(max_dropped=0), passages=1))


def test_a_key_names_judge_sentence_and_passage(make_judged_run: MakeRun) -> None:
    first, second = items_of(make_judged_run(2).answers, judge(), passages=1)[:2]
    assert first.key("a") != second.key("a") and first.key("a") != first.key("b")
