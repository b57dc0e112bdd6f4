"""Which sentences of a written text can be right or wrong: a pure rule over the words.

A text in somebody's voice is mostly opinion, and opinion needs no source. What a reader could look up does: figures and
dates, who or what by name, words put into somebody's mouth, what is said to be known, and what the writer says to have
done. In doubt a sentence counts as a claim: a mark too many costs a glance, one too few a false statement in print.
"""

from __future__ import annotations

from collections.abc import Set

import regex

from twin_data.scoring.sentences import STOPWORDS, words
from twin_data.scoring.support import names, numbers

_DATES = regex.compile(
    r"\b(?-i:January|February|March|April|May|June|July|August|September|October|November|December)\b"
    r"|(?i)\b(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|yesterday|last\s+(?:week|month|year|night)|century|decade"
    r"|per\s*cent|percent(?:age)?)s?\b|[%€£$]\s?\d|\d\s?[%€£$]"
)
# Peoples, creeds and their adjectives are what opinions are about; so are God and the languages.
_COMMON_NAME = regex.compile(
    r"(?i)(?:[a-z]+(?:ian|ean|ish|ism|ist|ans|ese|ity)s?|gods?|internet|web|latin|greek|french|dutch|german)$"
)
_SAID = (
    r"(?:said|says|wrote|writes|told|tells|asked|replied|answered|argued|argues|claimed|claims|admitted|announced|promised"
    r"|warned|believed|called|named|founded|invented|discovered|built|designed|published|died|married|moved)"
)
_NAMED_SPEAKER = regex.compile(rf"^[\"'“‘(]*(?P<name>\p{{Lu}}[\p{{L}}'’-]+)\s+{_SAID}\b")
_SPEAKER = regex.compile(rf"\b(?:[Hh]e|[Ss]he|[Tt]hey)\s+{_SAID}\b")
_KNOWN = regex.compile(
    r"(?i)\b(?:according\s+to|(?:studies|research|statistics|surveys?|data|figures|records|experiments|scientists|historians"
    r"|experts)\s+(?:shows?|finds?|found|says?|suggests?|proves?|proved|agree|tells?)|it\s+is\s+(?:well\s+)?known"
    r"|on\s+average|the\s+(?:first|oldest|largest|biggest|smallest|tallest|longest|fastest)\s+[\p{L}-]+"
    r"(?:\s+[\p{L}-]+)?\s+(?:in|of|to|that|ever|on)\b)"
)
_QUOTED_WORDS = regex.compile(r"“[^”]*”|\"[^\"]*\"|«[^»]*»")
MIN_QUOTED_WORDS = 5
"""Fewer in quotation marks are a term, not somebody's words."""
_PASSIVE = regex.compile(
    r"(?i)\b(?:was|were|had\s+been)\s+(?:\p{L}+ly\s+)?(?:founded|invented|built|born|opened|closed|written|published|drained"
    r"|named|signed|sold|bought|shipped|released|killed|elected|discovered|introduced|abolished|made|dug|cut|laid|paid|sent"
    r"|found|lost|taken|given|drawn|wound|moved|ordered|installed|tested|measured|repaired|replaced|removed|hired|fired)\b"
)
_DONE = regex.compile(
    r"\b(?:I|[Ww]e)\s+(?:(?:\p{L}+ly|once|then|also|first|never|even|both|all)\s+){0,2}(?P<verb>\p{L}+)\b"
)
_IRREGULAR = frozenset(
    "ate began bought broke brought built came caught chose cut drank drew drove fell fled flew fought found gave got"
    " grew heard held hid hired hit kept laid led left lent lost made met moved paid put ran rang read rode rose sang"
    " sat saw sent shot shut sold spent spoke stole stood swam taught took told went woke won wore wrote".split()
)
_OF_THE_MIND = frozenset(
    "admired admitted assumed believed cared confessed considered decided decried deemed despised disliked doubted"
    " enjoyed expected fancied feared hated hoped imagined inclined liked loathed loved meant minded mistrusted needed"
    " observed preferred regarded remained resented respected seemed supposed suspected tended tired trusted used"
    " valued wanted wished wondered".split()
)


def makes_claim(sentence: str, given: Set[str] = frozenset()) -> bool:
    """Whether a sentence says something that a reader could look up and find false.

    Args:
        sentence: One sentence.
        given: Names that are the subject, such as those of the brief; to use them claims nothing by itself.
    """
    return bool(
        numbers(sentence)
        or _DATES.search(sentence)
        or _uncommon_names(sentence) - given
        or _names_a_speaker(sentence)
        or _KNOWN.search(sentence)
        or _PASSIVE.search(sentence)
        or any(len(words(quoted)) >= MIN_QUOTED_WORDS for quoted in _QUOTED_WORDS.findall(sentence))
        or any(_is_deed(match["verb"]) for match in _DONE.finditer(sentence))
    )


def _uncommon_names(sentence: str) -> set[str]:
    return {name for name in names(sentence) if not _COMMON_NAME.fullmatch(name)}


def _names_a_speaker(sentence: str) -> bool:
    named = _NAMED_SPEAKER.search(sentence)
    return bool(_SPEAKER.search(sentence)) or (named is not None and named["name"].casefold() not in STOPWORDS)


def _is_deed(verb: str) -> bool:
    """Whether a verb after "I" or "we" tells what was done; thoughts and feelings are the writer's own affair."""
    lowered = verb.casefold()
    in_the_past = lowered.endswith("ed") and not lowered.endswith("eed")
    return lowered in _IRREGULAR or (in_the_past and lowered not in _OF_THE_MIND)
