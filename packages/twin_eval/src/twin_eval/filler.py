"""Sentences about nothing that any archive is likely to hold, in which a question can be buried."""

from __future__ import annotations

import random
from collections.abc import Iterator

_WHO = ("My neighbour", "The postman", "A cousin of mine", "The woman at the counter", "Our caretaker", "Somebody")
_WHEN = ("on Tuesday", "last week", "before breakfast", "in the afternoon", "at the weekend", "when it rained")
_DID = (
    "painted the garden fence a pale green",
    "left an umbrella in the hall",
    "counted the jars in the cellar",
    "tried three kinds of soup",
    "folded the towels twice over",
    "looked for a missing glove",
    "watered the plants on the landing",
    "changed the bulb above the stairs",
    "carried two boxes up to the attic",
    "sharpened every pencil in the drawer",
)
_THEN = (
    "and nobody minded",
    "which took most of an hour",
    "although there was no hurry",
    "and then sat down for a while",
    "as far as I could see",
    "and that was the whole of it",
)


def filler_sentences(chance: random.Random) -> Iterator[str]:
    """Sentence after sentence, without end."""
    while True:
        who, did, when, then = (chance.choice(part) for part in (_WHO, _DID, _WHEN, _THEN))
        yield f"{who} {did} {when}, {then}."
