"""Which words count as the same when a claim is held against a passage: a form that stands for all of a word's shapes.

Only comparisons use it. What is counted over a corpus, such as the weights of terms, is counted by plain stems.
"""

from __future__ import annotations

from functools import lru_cache

from twin_data.scoring.sentences import STOPWORDS, stem, words
from twin_data.scoring.spellings import one_spelling, one_spelling_of_name


@lru_cache(maxsize=200_000)
def form(word: str) -> str:
    """The form of a word as written, whichever of its spellings and endings it has: its stem in one spelling."""
    return stem(one_spelling(lowered(word)))


@lru_cache(maxsize=50_000)
def name_form(word: str) -> str:
    """The same of what is written as a name: the Labor Party is the Labour Party, but Gray is not Grey."""
    return stem(one_spelling_of_name(lowered(word)))


def lowered(word: str) -> str:
    """A word in lower case, with straight apostrophes."""
    return word.casefold().replace("’", "'")


def content_forms(text: str) -> dict[str, str]:
    """The forms of the words that carry meaning, in order, each with the plain stem by which it is weighed."""
    return {form(word): stem(word) for word in words(text) if lowered(word) not in STOPWORDS}
