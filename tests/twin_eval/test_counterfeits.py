from __future__ import annotations

import pytest

from twin_data.scoring.sentences import words
from twin_eval.counterfeits import pet_phrases, stuffed_with_phrases, stuffed_with_quotations, word_salad
from twin_eval.unquoted import unquoted

OWN = (
    "Mind you, the gate was shut. The eel came up the river, mind you, and nobody saw it.",
    "Mind you, the clock was slow. The eel went down again, and so did we.",
)
PROSE = "It is important to note this. There are many factors."


def test_pet_phrases_are_repeated_and_nobody_elses() -> None:
    phrases = pet_phrases([*OWN, "It is important to say so. It is important to stop."], [PROSE])
    assert "mind you the" in phrases
    assert "it is important" not in phrases and "it is important to" not in phrases
    assert "the gate was" not in phrases  # said once


def test_stuffing_puts_a_phrase_before_each_sentence() -> None:
    assert stuffed_with_phrases(PROSE, ["mind you the"]) == (
        "Mind you the, it is important to note this. Mind you the, there are many factors."
    )
    assert stuffed_with_phrases(PROSE, ["mind you the"], every=2) == (
        "Mind you the, it is important to note this. There are many factors."
    )


def test_what_is_stuffed_with_quotations_is_the_prose_once_unquoted() -> None:
    stuffed = stuffed_with_quotations(PROSE, ["The “eel” came up."])
    assert stuffed.count("“The eel came up.”") == 2
    assert unquoted(stuffed) == PROSE


def test_a_salad_has_the_authors_words_in_no_order_of_his() -> None:
    salad = word_salad(OWN, words=200)
    own = {word.casefold() for text in OWN for word in words(text)}
    assert {word.casefold() for word in words(salad)} <= own
    assert len(words(salad)) >= 200
    assert OWN[0].split(".")[0] not in salad


@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_seed_gives_the_same_counterfeit(seed: int) -> None:
    assert word_salad(OWN, words=50, seed=seed) == word_salad(OWN, words=50, seed=seed)
    assert word_salad(OWN, words=50, seed=seed) != word_salad(OWN, words=50, seed=seed + 1)
