from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from twin_data.scoring.pet_phrases import (
    PetPhraseConfig,
    PetPhrases,
    find_pet_phrases,
    folded_sentences,
    log_likelihood_ratio,
)

CONFIG = PetPhraseConfig()
PLAIN = "The river runs to the sea. We went out to the gate in the rain, and the water was high."
HABIT = "The plain fact is this, and we went home."
OWN = {f"d{at}": (f"{PLAIN} {HABIT} The clock of house {at} was slow.",) for at in range(12)}
OTHERS = {name: (f"{PLAIN} " * 20 + "This is a plain fact and the home is slow.",) for name in ("ann", "bea", "cyd")}


def found(own: dict[str, tuple[str, ...]], others: dict[str, tuple[str, ...]] = OTHERS) -> set[str]:
    return {" ".join(run) for run in find_pet_phrases(own, others, config=CONFIG).runs}


def test_what_the_persona_alone_says_all_over_its_documents_is_a_pet_phrase() -> None:
    assert {"the plain fact", "plain fact is this", "fact is this and we"} <= found(OWN)


def test_what_others_say_as_often_is_none() -> None:
    assert not {"we went out", "the water was high"} & found(OWN)


def test_what_one_document_says_again_and_again_is_none() -> None:
    assert "the slow gate" not in found({**OWN, "d0": ("This is the slow gate. " * 40,)})
    assert "the slow gate" in found({name: ("This is the slow gate. " * 40,) for name in "abcd"})


def test_a_run_with_a_word_that_others_do_not_have_tells_the_subject() -> None:
    own = {name: (f"{texts[0]} We went to Ferrier in the rain.",) for name, texts in OWN.items()}
    assert not [one for one in found(own) if "ferrier" in one]


def test_a_run_does_not_reach_over_the_end_of_a_sentence() -> None:
    assert "home the clock" not in found(OWN)
    assert list(folded_sentences("It’s HIGH. Go home!")) == [("it's", "high"), ("go", "home")]


def test_words_in_phrases_are_told_one_by_one() -> None:
    phrases = PetPhrases(frozenset({("the", "plain", "fact"), ("plain", "fact", "is", "this")}))
    assert phrases.held("Now the plain fact is this. Rain.") == [False, True, True, True, True, True, False]
    assert phrases.held("The plain. Fact is this.") == [False] * 5


def test_nothing_is_found_in_nothing() -> None:
    assert found({}) == set()
    assert found(OWN, {}) == set()
    assert found({"d0": ("", "Hm."), "d1": ()}) == set()
    assert PetPhrases(frozenset()).held("The plain fact is this.") == [False] * 5
    assert PetPhrases(frozenset({("the", "plain", "fact")})).held("") == []


@settings(max_examples=30)
@given(order=st.permutations(sorted(OWN)), authors=st.permutations(sorted(OTHERS)))
def test_the_order_of_texts_is_no_matter(order: list[str], authors: list[str]) -> None:
    assert found({name: OWN[name] for name in order}, {name: OTHERS[name] for name in authors}) == found(OWN)


@given(text=st.text(max_size=200))
def test_every_word_of_the_sentences_has_a_flag(text: str) -> None:
    runs = frozenset(one[:2] for one in folded_sentences(text) if len(one) > 1)
    flags = PetPhrases(runs).held(text)
    assert len(flags) == sum(map(len, folded_sentences(text)))
    assert any(flags) == bool(runs)


@pytest.mark.parametrize(("own", "other", "expected"), [(10, 10, 0.0), (0, 0, 0.0), (10, 0, 13.863)])
def test_the_log_likelihood_ratio_of_equal_rates_is_nothing(own: int, other: int, expected: float) -> None:
    assert log_likelihood_ratio(own, other, 1000, 1000) == pytest.approx(expected, abs=1e-3)


def test_lengths_out_of_order_are_refused() -> None:
    with pytest.raises(ValidationError, match="longer than longest"):
        PetPhraseConfig(shortest=4, longest=3)
