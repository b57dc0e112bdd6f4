"""Greetings and thanks: they ask nothing, and nothing is looked up for them."""

from __future__ import annotations

import regex

from twin_data.contracts.releases import ReleaseBundle

_TO_WHOM = r"(?:[\s,]+(?:there|again|all|everyone|so\s+much|very\s+much|a\s+lot|indeed|for\s+(?:that|this)|\p{L}+))?"
_THANKS = regex.compile(
    rf"(?i)\W*(?:(?:ok(?:ay)?|great|good|perfect|all\s+right)[\s,!.]+)?(?:many\s+|much\s+)?(?:thanks|thank\s+you|thx|cheers"
    rf"|ta){_TO_WHOM}\W*"
)
_GREETING = regex.compile(rf"(?i)\W*(?:hello|hi|hey|good\s+(?:morning|afternoon|evening|day)){_TO_WHOM}\W*")
_FAREWELL = regex.compile(rf"(?i)\W*(?:good-?bye|bye|see\s+you|farewell|good\s+night){_TO_WHOM}\W*")


def courteous_reply(text: str, bundle: ReleaseBundle) -> str | None:
    """What is said to a greeting, to thanks or to a farewell; None if a text is none of them, or more than that."""
    if _THANKS.fullmatch(text):
        return "You are welcome."
    if _GREETING.fullmatch(text):
        return bundle.disclosure
    return "Goodbye." if _FAREWELL.fullmatch(text) else None
