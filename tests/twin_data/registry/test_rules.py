"""Which champion a rollback leads to, by the record of moves alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from twin_data.contracts.releases import Alias
from twin_data.registry.rules import AliasChange, former_champion_id

START = datetime(2026, 11, 30, tzinfo=UTC)


def moves(*steps: str) -> list[AliasChange]:
    """`B` is a promotion by the gate, `B by hand` one on a person's word, as each rollback is."""
    return [
        AliasChange(
            alias=Alias.CHAMPION, bundle=step.split()[0], at=START + timedelta(days=at), reason="a test",
            override_by="Ada" if step.endswith("by hand") else None,
        )
        for at, step in enumerate(steps)
    ]  # fmt: skip


def test_a_second_rollback_goes_one_further_back_and_not_to_what_was_rolled_back_from() -> None:
    assert former_champion_id(moves("A", "B", "C")) == "B"
    assert former_champion_id(moves("A", "B", "C", "B by hand")) == "A"
    assert former_champion_id(moves("A", "B", "C", "B by hand", "A by hand")) is None


def test_to_skip_a_champion_by_hand_is_to_go_back_too() -> None:
    """As where the former champion is tainted."""
    assert former_champion_id(moves("A", "B", "C", "D", "B by hand")) == "A"


def test_what_is_promoted_after_a_rollback_rests_on_what_was_rolled_back_to() -> None:
    assert former_champion_id(moves("A", "B", "A by hand", "C")) == "A"
    assert former_champion_id(moves("A", "B", "A by hand", "B by hand")) == "A"


def test_the_gates_promotion_of_an_earlier_champion_is_a_step_ahead() -> None:
    assert former_champion_id(moves("A", "B", "A")) == "B"


def test_a_move_to_where_it_is_and_moves_of_the_other_alias_count_for_nothing() -> None:
    changes = moves("A", "B", "B by hand", "C")
    assert former_champion_id(changes[:3]) == "A"
    changes[3] = changes[3].model_copy(update={"alias": Alias.CANDIDATE})
    assert former_champion_id(changes) == "A"


@given(st.lists(st.sampled_from("ABCDE"), min_size=1, max_size=12))
def test_rollbacks_lead_to_ever_earlier_champions_and_end(promoted: list[str]) -> None:
    steps = list(promoted)
    for _ in promoted:
        former = former_champion_id(moves(*steps))
        if former is None:
            break
        assert former in promoted and former != steps[-1].split()[0]
        steps.append(f"{former} by hand")
    assert former_champion_id(moves(*steps)) is None
