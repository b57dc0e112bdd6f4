"""Whether a sentence speaks as the persona, or to them."""

from __future__ import annotations

import regex

_YOU = regex.compile(r"(?i)\b(?:you|yours?|yourself|yourselves)\b")


def speaks_to_the_persona(sentence: str, evidence: str) -> bool:
    """Whether a sentence says "you" where its evidence does not.

    Asked what "you" think, a small model answers with what "you" think: "Mr. McCabe thinks you a slave" for "thinks me
    a slave". A persona's own "you", which means the reader or anybody, stands in the evidence.
    """
    return bool(_YOU.search(sentence)) and not _YOU.search(evidence)
