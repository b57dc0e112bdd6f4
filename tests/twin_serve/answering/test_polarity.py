from __future__ import annotations

import pytest

from twin_serve.answering.polarity import is_contradicted


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("We closed the gates.", "We did not close the gates."),
        ("We did not close the gates.", "We closed the gates."),
        ("We never paid for the paddle.", "We did not drain the lock. We paid for the paddle."),
        ("The museum wanted the bath.", "We carried them out; the museum didn't want the bath."),
        ("In 2021 the gate at Marl moved.", "In 2021 the gate at Marl did not move, though the clocks agreed."),
        ("The keepers are for sale.", "I wrote back that our keepers are not for sale."),
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
        ("", "We did not close the gates."),
        ("We closed the gates.", ""),
    ],
)
def test_what_agrees_or_is_about_something_else_passes(claim: str, evidence: str) -> None:
    assert not is_contradicted(claim, evidence)
