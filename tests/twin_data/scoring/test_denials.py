from __future__ import annotations

import pytest

from twin_data.scoring.denials import Clause, contradiction, denials_marked, is_contradicted, is_negated, nearest


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("We closed the gates.", "We did not close the gates."),
        ("We did not close the gates.", "We closed the gates."),
        ("We never paid for the paddle.", "We did not drain the lock. We paid for the paddle."),
        ("The museum wanted the bath.", "We carried them out; the museum didn't want the bath."),
        ("In 2021 the gate at Marl moved.", "In 2021 the gate at Marl did not move, though the clocks agreed."),
        ("The keepers are for sale.", "I wrote back that our keepers are not for sale."),
        ("The keeper paid for the paddle.", "The keeper refused to pay for the paddle."),
        ("The council wanted the new bath.", "They bought a lock instead of the new bath that the council wanted."),
        ("No keeper wound the gate by hand.", "A keeper wound the gate by hand."),
    ],
)
def test_the_contrary_is_noticed(claim: str, evidence: str) -> None:
    assert is_contradicted(claim, evidence)


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("We closed the gates.", "We closed the gates, not the locks."),
        ("We did not close the gates.", "We drained the lock. We did not close the gates."),
        ("We drained the lock and paid for it.", "We not only drained the lock but paid for it."),
        ("The gate stayed still.", "No doubt the gate stayed still."),
        ("Two clocks must agree.", "Two clocks must agree before a gate may move."),
        ("A claim about nothing here.", "We did not close the gates."),
        ("We closed the gates on Tuesday.", "We did not close the gates on Monday. We closed the gates on Tuesday."),
        ("The keeper did not pay for the paddle.", "The keeper refused to pay for the paddle."),
        ("Two clocks must agree.", "No gate moves unless two clocks agree."),
        ("", "We did not close the gates."),
        ("We closed the gates.", ""),
    ],
)
def test_what_agrees_or_is_about_something_else_passes(claim: str, evidence: str) -> None:
    assert not is_contradicted(claim, evidence)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("He is bored rather than shy.", True),
        ("Rather later than sooner.", False),
        ("They went by boat instead of the train.", True),
        ("Unless the council agrees, we leave.", True),
        ("Number 5 is hardly open.", True),
        ("It opened at No. 5, not least for the view.", False),
        ("I refuse to pay.", True),
        ("I did not refuse to pay.", False),
        ("The fuse failed.", False),
        ("The fuse failed to blow.", True),
    ],
)
def test_what_denies_in_other_words(text: str, expected: bool) -> None:
    assert is_negated(text) is expected


def test_unless_denies_its_clause_only_where_nothing_else_is_denied() -> None:
    assert [one.negated for one in Clause.all_of("We leave unless you pay.")] == [False, True]
    assert [one.negated for one in Clause.all_of("We do not leave unless you pay.")] == [True]
    assert denials_marked("We leave unless you pay.") == "We leave ifnot you pay."


def contradicted(claim: str, evidence: str) -> str:
    return contradiction(Clause.all_of(claim), Clause.all_of(evidence), lambda _: 1.0)


@pytest.mark.parametrize(
    ("claim", "evidence", "said"),
    [
        ("If the council agrees by April, we leave.", "Unless the council agrees by April, we leave.", "denies it"),
        ("If the council doesn't agree by April, we leave.", "Unless the council agrees by April, we leave.", ""),
        ("She is bored, not shy.", "She is bored rather than shy.", ""),
        ("She is shy.", "She is bored rather than shy.", "denies it"),
        ("I won't pay unless it snows.", "I won't pay until it snows.", ""),
        ("We travelled.", "We never traveled.", "denies it"),
    ],
)
def test_a_contradiction_is_of_half_a_clause(claim: str, evidence: str, said: str) -> None:
    found = contradicted(claim, evidence)
    assert said in found and bool(said) is bool(found)


def test_the_nearest_clause_of_either_kind() -> None:
    clauses = [({"owl", "sing", "night"}, True), ({"robin", "sing"}, False)]
    assert nearest({"robin", "sing", "night"}, True, clauses) == (2, 2)
    assert nearest({"robin", "sing"}, False, clauses) == (2, 1)
    assert nearest({"robin"}, False, []) == (0, 0)
