"""Greetings and thanks: they ask nothing, and nothing is looked up for them."""

from __future__ import annotations

import regex

from twin_data.contracts.releases import ReleaseBundle

_TO_WHOM = (
    r"(?:[\s,]+(?:there|again|all|everyone|so\s+much|very\s+much|a\s+lot|indeed|in\s+advance|for\s+(?:that|this|now)"
    r"|later|soon|tomorrow|mate|man|friend|folks|sir|madam|(?P<name>(?:(?:mr|mrs|ms|miss|dr)\.?\s+)?\p{L}+(?:\s+\p{L}+)?)))?"
)
_THANKS = regex.compile(
    rf"(?i)\W*(?:(?:ok(?:ay)?|great|good|perfect|all\s+right)[\s,!.]+)?(?:many\s+|much\s+)?(?:thanks|thank\s+you|thx|cheers"
    rf"|ta){_TO_WHOM}\W*"
)
_GREETING = regex.compile(rf"(?i)\W*(?:hello|hi|hey|good\s+(?:morning|afternoon|evening|day)){_TO_WHOM}\W*")
_FAREWELL = regex.compile(rf"(?i)\W*(?:good-?bye|bye|see\s+you|farewell|good\s+night){_TO_WHOM}\W*")


def courteous_reply(text: str, bundle: ReleaseBundle) -> str | None:
    """What is said to a greeting, to thanks or to a farewell; None if a text is none of them, or more than that."""
    if _says(_THANKS, text, bundle):
        return "You are welcome."
    if _says(_GREETING, text, bundle):
        return bundle.disclosure
    return "Goodbye." if _says(_FAREWELL, text, bundle) else None


def _says(courtesy: regex.Pattern[str], text: str, bundle: ReleaseBundle) -> bool:
    """Whether a text is that courtesy, to nobody or to somebody by name: another word after it may ask something."""
    found = courtesy.fullmatch(text)
    if found is None:
        return False
    own = bundle.display_name.casefold().split()
    return all(word.casefold() in own or word[0].isupper() for word in (found["name"] or "").split()[-2:])
