from __future__ import annotations

from collections.abc import Callable

import pytest

from twin_eval.human.agreement import Agreement, between_people, voice_share, with_scores
from twin_eval.human.machine import MachineScores, machine_scores
from twin_eval.scorers import ScoredAnswer
from twin_eval.statistics import IntervalConfig

from .conftest import answer_label, sentence_label

MakeScored = Callable[..., ScoredAnswer]
CONFIG = IntervalConfig(resamples=500)


def by_name(found: tuple[Agreement, ...]) -> dict[str, Agreement]:
    return {one.measure: one for one in found}


@pytest.fixture
def machine(make_scored: MakeScored) -> MachineScores:
    sentences = {"A.": "yes", "B.": "yes", "C.": "no", "D.": "no", "E.": "it asks or announces, and tells nothing"}
    return machine_scores(
        [
            make_scored("q1", sentences),
            make_scored("q2", {"F.": "no"}, content="Nobody knows.", document="notes/b.md"),
            make_scored("q3", kind="unanswerable", content="I would rather not.", outcome="declined"),
            make_scored("q4", content="I would rather not.", outcome="declined", document="notes/d.md"),
        ]
    )


def test_people_are_held_against_the_verifier_where_it_said_something(machine: MachineScores) -> None:
    labels = [
        sentence_label("A.", "supported"),
        sentence_label("B.", "nonsense"),
        sentence_label("C.", "contradicted"),
        sentence_label("D.", "supported"),
        sentence_label("E.", "supported"),  # dropped for another reason: the verifier did not say
        sentence_label("F.", "unsupported", question="What of q2?"),
        sentence_label("Z.", "supported"),  # in no evaluation
    ]
    found = by_name(with_scores(labels, machine, CONFIG))["supported"]
    assert (found.agreed.n, found.agreed.value) == (5, 0.6)
    assert (found.only_first, found.only_second) == (1, 1)
    assert found.clusters == 2
    assert found.agreed.low < 0.6 < found.agreed.high
    assert found.kappa and found.kappa.value == pytest.approx((0.6 - 0.52) / 0.48), (
        "two of five are supported by either"
    )


def test_answers_are_held_against_facts_and_refusals(machine: MachineScores) -> None:
    labels = [
        answer_label("right"),
        answer_label("right", question="What of q2?", answer="Nobody knows."),
        answer_label("refusal_right", question="What of q3?", answer="I would rather not."),
        answer_label("refusal_right", question="What of q4?", answer="I would rather not."),
    ]
    found = by_name(with_scores(labels, machine, CONFIG))
    facts, refused, right = found["facts_found"], found["refused"], found["refusal_right"]
    assert (facts.agreed.n, facts.agreed.value, facts.only_first) == (2, 0.5, 1), "refusals state no facts"
    assert (refused.agreed.n, refused.agreed.value) == (4, 1.0)
    assert refused.kappa and refused.kappa.value == 1
    assert (right.agreed.n, right.agreed.value) == (2, 0.5), "q4 was to be answered"


def test_who_takes_an_answer_for_a_refusal_is_counted_there_and_nowhere_else(machine: MachineScores) -> None:
    found = by_name(with_scores([answer_label("refusal_wrong")], machine, CONFIG))
    assert set(found) == {"refused"}
    assert (found["refused"].agreed.value, found["refused"].only_first) == (0, 1)


def test_one_source_says_nothing_of_others(machine: MachineScores) -> None:
    labels = [sentence_label("A.", "supported"), sentence_label("B.", "nonsense")]
    found = by_name(with_scores(labels, machine, CONFIG))["supported"]
    assert (found.agreed.low, found.agreed.high) == (0, 1)
    assert found.kappa and (found.kappa.low, found.kappa.high) == (-1, 1)


def test_labellers_are_held_against_each_other_on_what_both_labelled(machine: MachineScores) -> None:
    said = {"A.": ("supported", "supported"), "B.": ("nonsense", "unsupported"), "C.": ("nonsense", "nonsense")}
    labels = [
        sentence_label(text, label, by=by)
        for text, both in said.items()
        for by, label in zip(("Ada", "Grace"), both, strict=True)
    ]
    labels.append(sentence_label("D.", "supported"))
    found = by_name(between_people(labels, machine, CONFIG))
    assert found["four_labels"].agreed.value == pytest.approx(2 / 3)
    assert found["supported"].agreed.value == 1
    assert found["four_labels"].raters == ("Ada", "Grace") and found["four_labels"].agreed.n == 3
    assert "answer" not in found, "nobody labelled one"


def test_three_labellers_are_three_pairs(machine: MachineScores) -> None:
    labels = [answer_label("right", by=by, in_voice="yes") for by in ("Ada", "Grace", "Linus")]
    found = between_people(labels, machine, CONFIG)
    assert {one.raters for one in found} == {("Ada", "Grace"), ("Ada", "Linus"), ("Grace", "Linus")}
    assert {one.measure for one in found} == {"answer", "in_voice"}
    assert all(one.kappa is None for one in found), "both always said the same: there is nothing beyond chance"


def test_who_is_unsure_of_the_voice_is_unscored(machine: MachineScores) -> None:
    labels = [
        answer_label(None, in_voice="yes"),
        answer_label(None, in_voice="no", question="What of q2?", answer="Nobody knows."),
        answer_label(None, in_voice="unsure", question="What of q4?", answer="I would rather not."),
    ]
    score = voice_share(labels, machine, CONFIG)
    assert score and (score.value, score.n, score.unscored) == (0.5, 2, 1)
    assert voice_share([answer_label("right")], machine, CONFIG) is None
