"""What says nothing, whatever passage its words stand in: no verb, no end, or the same words over again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import regex

from twin_data.scoring.sentences import content_stems, grams, is_whole, words

MIN_STEMS = 3
"""Distinct content words with which a sentence is taken for one, without a look for its verb."""
REPEATED_WORDS = 3
"""Of so many words in a row a sentence hardly says the same twice, unless the author does."""
_ELLIPSIS = regex.compile(r"(?:\.\s?){2,}\.?|…")
_BROKEN_OFF = regex.compile(rf"(?:{_ELLIPSIS.pattern})[\"'”’»)\]]*$")
# Forms that are finite, or that stand beside one: a closed class and the commonest irregular pasts. No parser.
_FINITE = frozenset(
    """am is are was were be been has have had do does did can could will would shall should may might must cannot
    i he she it we they you who that's it's he's she's there's i'm i've i'd i'll you're you've we're we've they're
    became began bought broke brought built came caught chose cost cut did died drank drew drove fell felt fought found
    flew gave got grew held kept knew laid led left lent lost made meant met paid put ran rang rose said sang sat saw
    sent set shot shut slept sold spent spoke stood stole swam swore taught thought told took threw understood went
    woke won wore wrote""".split()
)


def is_scrap(text: str) -> bool:
    """Whether a sentence has no verb that can be told and hardly a word of content, or no end: "The man in the cave.".

    A figure counts as what was asked for. Of more words with an end nothing is said here.
    """
    said = [word.casefold().replace("’", "'") for word in words(text)]
    is_sentence = len(set(content_stems(text))) >= MIN_STEMS and is_whole(text)
    if is_sentence or any(word[0].isdecimal() for word in said):
        return False
    return not any(word in _FINITE or word.endswith(("n't", "ed")) for word in said)


def breaks_off(claim: str, evidence: str) -> bool:
    """Whether a claim ends in dots where the evidence does not end the same words so."""
    end = _BROKEN_OFF.search(claim)
    if not end:
        return False
    last = [word.casefold() for word in words(claim[: end.start()])[-2:]]
    return not any(
        [word.casefold() for word in words(evidence[: found.start()])[-len(last) :]] == last
        for found in _ELLIPSIS.finditer(evidence)
    )


def repeated_runs(claim: str) -> dict[str, int]:
    """The runs of `REPEATED_WORDS` words that a sentence says more than once, and how often."""
    return {run: count for run, count in Counter(grams(claim, REPEATED_WORDS)).items() if count > 1}


def said_again(runs: Mapping[str, int], evidence: str) -> str:
    """The first of a claim's repeated runs that the evidence says less often; empty if none."""
    if not runs:
        return ""
    held = Counter(grams(evidence, REPEATED_WORDS))
    return next((run for run, count in runs.items() if count > held[run]), "")
