"""Which words count as the same when a claim is held against a passage: a form that stands for all of a word's shapes.

Only comparisons use it. What is counted over a corpus, such as the weights of terms, is counted by plain stems.
"""

from __future__ import annotations

from functools import lru_cache

from twin_data.scoring.sentences import STOPWORDS, stem, words
from twin_data.scoring.spellings import one_spelling, one_spelling_of_name
from twin_data.scoring.word_families import COMPARATIVES, IRREGULAR, KIN, PLURALS, SYNONYMS

_BASES = COMPARATIVES | PLURALS | IRREGULAR
SMALL = STOPWORDS | frozenset(
    """unless although whereas whether since within across along among amid despite toward around per without
    somebody someone something anybody anyone anything everybody everyone everything nobody nothing none
    whatever whoever whichever wherever whenever however neither either else instead therefore thus hence less fewer
    cannot gets got getting gives gave given giving makes made making tells told telling saying""".split()
)
"""Words that tell little by themselves, and the forms of verbs that do; which way they point the rules look at."""


def _heads() -> dict[str, str]:
    """The stem of each word that has kin or a synonym, with the stem that stands for all of them."""
    found: dict[str, str] = {}
    for first, *others in (*KIN, *SYNONYMS):
        head = stem(one_spelling(first))
        head = found.get(head, head)
        for word in others:
            found.setdefault(stem(one_spelling(word)), head)
    return {one: found.get(head, head) for one, head in found.items()}


_HEADS = _heads()


@lru_cache(maxsize=200_000)
def form(word: str) -> str:
    """The form of a word as written, whichever of its spellings and endings it has.

    It is the stem, in one spelling, of the word that it is made of: "went" and "going" are "go", "decisions" "decid".
    """
    plain = one_spelling(lowered(word).removesuffix("'s"))
    found = stem(_BASES.get(plain, plain))
    return _HEADS.get(found, found)


@lru_cache(maxsize=200_000)
def spelt(word: str) -> str:
    """A word as written in lower case and one spelling, its ending and all."""
    return one_spelling(lowered(word))


@lru_cache(maxsize=50_000)
def name_form(word: str) -> str:
    """The same of what is written as a name: the Labor Party is the Labour Party, but Gray is not Grey."""
    return stem(one_spelling_of_name(lowered(word)))


@lru_cache(maxsize=200_000)
def is_small(word: str) -> bool:
    """Whether a word as written is of a closed class, or tells hardly more than one that is."""
    return lowered(word).removesuffix("'s") in SMALL


def lowered(word: str) -> str:
    """A word in lower case, with straight apostrophes."""
    return word.casefold().replace("’", "'")


def content_forms(text: str) -> dict[str, str]:
    """The forms of the words that carry meaning, in order, each with the plain stem by which it is weighed."""
    return {form(word): stem(word) for word in words(text) if not is_small(word)}
