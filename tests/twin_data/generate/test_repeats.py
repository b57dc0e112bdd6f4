"""What counts as a repetition, and that no two rows are made of one stretch."""

from __future__ import annotations

import pytest

from twin_data.contracts.datasets import ResponseSource, TaskKind
from twin_data.generate.asking import Asked
from twin_data.generate.balance import BalanceConfig, Chosen, choose
from twin_data.generate.candidates import Candidate
from twin_data.generate.repeats import repeated

COLUMN = (
    "The gate was shut at nine, and the keeper went home because the tide had turned. Nobody thanked him for it. "
    "In the morning the boats lay on the mud, and their masters said what masters say. The ledger has it all."
)
LETTER = f"Dear reader, here is this week's letter. {COLUMN} Until next week."
OTHER = "A pump that coughs is a pump that works, and the one that is silent has been dead since the spring tides came."


@pytest.mark.parametrize(
    ("task", "texts", "count"),
    [
        (TaskKind.WRITE, (COLUMN, OTHER, LETTER), 1),
        (TaskKind.WRITE, (COLUMN, OTHER), 0),
        (TaskKind.ANSWER, ("The gate is old, and I like it.", "the gate is old — and I like it!"), 1),
        (TaskKind.ANSWER, ("I do not like the gate that they built.", "I do not like the gate that they mended."), 1),
        (TaskKind.ANSWER, ("The gate is slow when the tide turns.", f"The gate is slow when the tide turns, and {OTHER}"), 0),
        (TaskKind.DECLINE, ("I have not written about the gate, so I cannot tell you.",
                            "I have not written about the gauge, so I cannot tell you."), 0),
    ],
)  # fmt: skip
def test_what_repeats_another_response_is_counted(task: TaskKind, texts: tuple[str, ...], count: int) -> None:
    assert repeated((task, text) for text in texts) == count


def _candidate(text: str, name: str) -> Candidate:
    asked = (Asked("write_about", f"Write about {name}.", True),)
    return Candidate(name, TaskKind.WRITE, asked, text, ResponseSource.OWN, (), -1, name, "blog")


def test_one_row_is_made_of_a_stretch_that_the_archive_repeats() -> None:
    config = BalanceConfig(max_rows=10, write_share=1, decline_share=0)
    found = [_candidate(COLUMN, "a"), _candidate(LETTER, "b"), _candidate(OTHER, "c")]
    chosen, lost = choose(found, config=config, seed=0)
    assert len(chosen) == 2 and [row.reason for row in lost] == ["duplicate_response"]
    before = [Chosen(found[0], found[0].asked[0])]
    assert [one.candidate for one in choose(found, config=config, seed=0, beside=before)[0]] == [found[2]]
