from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin_data.scoring.alignment import NOTHING, Laid, Relations, relations
from twin_data.scoring.sentences import sentence_spans


def even(stem: str) -> float:
    return 1.0


def compared(claim: str, evidence: str) -> Relations:
    sentences = [one.of(evidence) for one in sentence_spans(evidence)]
    return relations(Laid.of([claim]), Laid.of(sentences), 0, len(sentences) - 1, even)


WALL = "The Normans defeated the Saxons near Hastings in 1066. Harold built a long wall of stone before the battle."


def test_a_sentence_holds_itself_wholly() -> None:
    assert compared("The Normans defeated the Saxons near Hastings in 1066.", WALL) == Relations(*[1.0] * 9)
    assert compared("Eels slept.", WALL) == NOTHING


def test_swapped_roles_keep_the_words_and_go_back() -> None:
    right = compared("The Normans defeated the Saxons near Hastings.", WALL)
    wrong = compared("The Saxons defeated the Normans near Hastings.", WALL)
    assert wrong.coverage == right.coverage == 1
    assert (right.forward, right.steady) == (1, 1)
    assert wrong.forward < 1
    assert wrong.steady < 1


def test_a_phrase_put_first_goes_back_once() -> None:
    found = compared("Near Hastings the Normans defeated the Saxons.", WALL)
    assert found.forward == 0.5
    assert found.steady == 1


def test_the_passive_turns_the_order_by_right() -> None:
    assert compared("The Saxons were defeated by the Normans.", WALL).forward == 1
    assert compared("The Normans were defeated by the Saxons.", WALL).steady < 1
    assert compared("Harold built the wall.", "The wall was built by Harold.").forward == 1


def test_small_words_count() -> None:
    evidence = "The wall was built before the battle of the king."
    right = compared("The wall was built before the battle of the king.", evidence)
    wrong = compared("A wall built for battle by which king.", evidence)
    assert right.coverage == wrong.coverage == 1
    assert wrong.governed < right.governed


def test_two_halves_of_two_sentences_have_one_seam() -> None:
    found = compared("The Normans defeated the Saxons of stone before the battle.", WALL)
    assert found.coverage == 1
    assert (found.unbroken, found.whole) == (0.5, 0.5)
    assert found.forward == 1


def test_to_slip_from_one_run_into_another_at_a_shared_word_is_a_seam() -> None:
    evidence = "The king of Norway was a friend of Harold. The end of the war was in May."
    assert compared("The king of Norway was in May.", evidence).rerouted < 1
    assert compared("The king of Norway was a friend of Harold.", evidence).rerouted == 1


def test_a_pronoun_may_stand_for_the_name_before_it() -> None:
    named = compared("Yesterday Harold built walls.", "Yesterday came Harold. He built walls.")
    unnamed = compared("Yesterday Harold built walls.", "Yesterday came Harold. Builders built walls.")
    assert unnamed.unbroken < named.unbroken < 1


def test_each_clause_may_come_from_a_sentence_of_its_own() -> None:
    assert compared("The Normans defeated the Saxons, and Harold built a long wall of stone.", WALL).unbroken == 1


@pytest.mark.parametrize(
    ("claim", "evidence"), [("We met 45 boats.", "We met forty-five boats."), ("1,310 men", "1310 men")]
)
def test_figures_are_alike_however_written(claim: str, evidence: str) -> None:
    assert compared(claim, evidence).coverage == 1


WORDS = st.lists(
    st.sampled_from("Harold wall stone of not was before Normans defeated by the 1066".split()), max_size=9
)


@given(WORDS, WORDS)
def test_every_relation_is_a_share_and_needs_words_in_common(claim: list[str], evidence: list[str]) -> None:
    laid = Laid.of([" ".join(claim)])
    if laid.tokens:
        found = relations(laid, Laid.of([" ".join(evidence)]), 0, 0, even)
        for name, value in vars(found).items():
            assert 0 <= value <= 1 + 1e-9, name
        assert found.steady <= 1
        assert found.unbroken <= found.whole
        if not found.coverage:
            assert found == NOTHING
