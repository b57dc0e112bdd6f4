from __future__ import annotations

import pytest

from twin_serve.answering.claims import makes_claim

CLAIMS = (
    "We found 31 eels on the floor.",
    "The gate was drained in March.",
    "It was two hundred and ten years old.",
    "The keepers of Marl went home.",
    "Halcyon wrote to me about it.",
    "He said that the lock could be automated.",
    "“Every lock can be automated by winter,” or so I am told.",
    "Studies show that keepers sleep badly.",
    "It is the oldest lock in the country.",
    "The canal was dug by hand and opened late.",
    "I wrote a letter to the museum.",
    "Then we never closed the paddle.",
    "Prices rose by half, some 5% a year.",
    "According to the ledger the eels were sold.",
    "I worked there for a while.",
    "The board never refused the slipway.",
    "Somebody stole the crane.",
    "The workshop burned down.",
    "Nobody bought dinghies from us.",
    "Half of the apprentices quit.",
    "Most of our customers were schoolteachers.",
    "My father was a violin maker.",
    "My wife hates fishermen.",
    "Mrs. Dunning is right about the slipway.",
    "The mast broke because the step was rotten.",
)
NO_CLAIMS = (
    "A lock is a promise that water keeps.",
    "I believe in gates more than in walls.",
    "Nothing is so tiring as a machine that is nearly right.",
    "I always hated the smell of a dry lock.",
    "We need fewer clever people and more patient ones.",
    "What would you do, if the water were yours?",
    "Perhaps that is all there is to say.",
    "“Automation” is a word for other people's work.",
    "Christianity is larger than its English critics.",
    "God is not a committee.",
    "Let us speak of water, then.",
    "We agreed, as one agrees with the weather.",
    "A lock is worth no more than a well paid keeper.",
    "If every gate were painted, who would look at the water?",
    "Trust is built by hand.",
)
GIVEN = frozenset({"Tom", "Ruth", "Halcyon", "Whitby"})


@pytest.mark.parametrize("sentence", CLAIMS)
def test_what_can_be_looked_up_is_a_claim(sentence: str) -> None:
    assert makes_claim(sentence)


@pytest.mark.parametrize("sentence", NO_CLAIMS)
def test_opinion_and_voice_are_none(sentence: str) -> None:
    assert not makes_claim(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "Tom stole the crane.",
        "Ruth is my daughter.",
        "Ruth lies to her customers.",
        "Halcyon poisons its customers.",
        "The mayor of Whitby is a thief.",
        "Everyone in Whitby knows that the mayor takes bribes.",
        "Prices in Whitby went up by half.",
    ],
)
def test_what_is_said_of_a_given_name_is_a_claim(sentence: str) -> None:
    assert makes_claim(sentence, GIVEN)


def test_a_name_that_was_given_claims_nothing_by_itself() -> None:
    sentence = "There is more of the river in Marl than in any clock."
    assert makes_claim(sentence)
    assert not makes_claim(sentence, frozenset({"Marl"}))
    assert makes_claim("In 1958 there was more of the river in Marl.", frozenset({"Marl"}))
