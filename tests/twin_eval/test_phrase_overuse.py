from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from twin_data.contracts.evaluation import Score
from twin_data.scoring.pet_phrases import PetPhrases
from twin_eval.bias import HeldOutText
from twin_eval.own_words import OwnText
from twin_eval.phrase_overuse import MIN_WORDS, phrase_overuse, why_no_overuse
from twin_eval.statistics import IntervalConfig

CONFIG = IntervalConfig(resamples=200)
PHRASES = PetPhrases(frozenset({("mind", "you", "the"), ("as", "it", "were", "and"), ("there", "it", "is")}))
PLAIN = "We counted the gates along the river twice before the rain came down on us."
"""Fifteen words, none in a phrase."""
SPOKEN = "Mind you the gate was shut and nobody along the river had seen it."
"""Fourteen words, three in a phrase."""


def texts(*written: str) -> tuple[OwnText, ...]:
    return tuple(
        OwnText(source="answers", id=f"q{at}", cluster=f"d{at}", sentences=(text,)) for at, text in enumerate(written)
    )


def held_out(*written: str) -> tuple[HeldOutText, ...]:
    return tuple(HeldOutText(document_id=f"h{at}", text=text) for at, text in enumerate(written))


PERSONA = held_out(*(f"{PLAIN} {PLAIN} {SPOKEN}" + at % 3 * f" {PLAIN}" for at in range(9)))


def overuse(*written: str, against: Sequence[HeldOutText] = PERSONA, phrases: PetPhrases = PHRASES) -> Score:
    score = phrase_overuse(texts(*written), against, phrases, config=CONFIG)
    assert score is not None
    assert score.low <= score.value <= score.high and score.unscored == 0
    return score


def test_who_uses_the_phrases_as_often_has_no_overuse() -> None:
    score = overuse(*(one.text for one in PERSONA))
    assert (score.name, score.value, score.n) == ("pet_phrase_overuse", 0.0, 9 * 59)


def test_who_does_not_have_them_is_below() -> None:
    assert overuse(*[f"{PLAIN} {PLAIN}"] * 12).high < 0


def test_one_phrase_in_every_answer_raises_it() -> None:
    assert overuse(*[f"{SPOKEN} Nobody knows."] * 20).low > 0


def test_many_phrases_in_one_answer_raise_it() -> None:
    plain = [f"{PLAIN} {PLAIN}"] * 12
    crammed = "Mind you the gate, there it is, as it were and so on, there it is, mind you the river, there it is. " * 6
    assert overuse(*plain, crammed).value > overuse(*plain, PLAIN * 8).value + 0.1


def test_quotations_in_the_held_out_text_are_not_the_persona_s_words() -> None:
    quoting = held_out(*[f"{PLAIN} {PLAIN} “{SPOKEN}”"] * 8)
    assert overuse(*[f"{PLAIN} {PLAIN}"] * 10, against=quoting).value == 0


def test_too_little_text_on_either_side_gives_no_figure() -> None:
    many, few = texts(*[PLAIN] * 20), texts(PLAIN, PLAIN)
    one_document = held_out(f"{PLAIN} " * 30)
    assert phrase_overuse(few, PERSONA, PHRASES, config=CONFIG) is None
    assert phrase_overuse((), PERSONA, PHRASES, config=CONFIG) is None
    assert phrase_overuse(many, one_document, PHRASES, config=CONFIG) is None
    assert phrase_overuse(many, (), PHRASES, config=CONFIG) is None
    assert f"fewer than {MIN_WORDS}" in why_no_overuse(PHRASES, PERSONA)
    assert why_no_overuse(PHRASES, ()) == "no document was held out"


def test_without_pet_phrases_there_is_no_figure() -> None:
    nothing = PetPhrases(frozenset())
    assert phrase_overuse(texts(*[PLAIN] * 20), PERSONA, nothing, config=CONFIG) is None
    assert "no run of words" in why_no_overuse(nothing, PERSONA)


@settings(max_examples=25)
@given(spoken=st.integers(0, 20))
def test_the_more_phrases_the_higher(spoken: int) -> None:
    fewer = overuse(*[SPOKEN] * spoken, *[PLAIN] * (21 - spoken))
    more = overuse(*[SPOKEN] * (spoken + 1), *[PLAIN] * (20 - spoken))
    assert more.value > fewer.value
    assert overuse(*[SPOKEN] * spoken, *[PLAIN] * (21 - spoken)) == fewer, "the same texts give the same figure"
