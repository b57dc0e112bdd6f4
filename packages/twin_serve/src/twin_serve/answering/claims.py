"""Which sentences of a written text can be right or wrong: a pure rule over the words.

A text in somebody's voice is mostly opinion, and opinion needs no source. What a reader could look up does: figures and
dates, who or what by name, words put into somebody's mouth, what is said to be known, and what the writer says to
have done, and what others have done or been. In doubt a sentence counts as a claim: a mark too many costs a glance,
one too few a false statement in print.
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
_ANYBODYS = regex.compile(
    r"\b(?P<before>[\p{L}'’]+)\s+(?:(?:\p{L}+ly|once|then|also|first|never|even|both|all|soon|often|still)\s+){0,2}"
    r"(?P<verb>\p{Ll}+)\b"
)
_NO_SUBJECT = frozenset(
    "a an the this these those my your his her its our their some any no every each i we is are was were be been"
    " being am has have had hasn't haven't having get gets got do does did can could will would shall should may"
    " might must not to of in on at by for from with without about against into than as so too very more most less"
    " least and or but if when while well far newly long half how what where why whose let lets let's".split()
)
"""Before a word of these a form of the past is a participle, an infinitive, a noun, or what "I" or "we" have done."""
_WAS = regex.compile(r"(?i)(?<!\b(?:if|though|wish|unless)\b[^.!?]{0,60})\b(?:was|were)\b")
_KIN = regex.compile(
    r"(?i)\b(?:my|our)\s+(?:[\p{L}-]+\s+)?(?:wife|husband|father|mother|parents|brothers?|sisters?|sons?|daughters?"
    r"|child|children|uncles?|aunts?|cousins?|grand\w+|nephews?|nieces?|fianc\w+)\b"
)
_IS = r"(?:is|was|are|were|has|had|will|does|did|can|cannot|\p{Ll}+s)"
_TITLED = regex.compile(rf"\b(?:Mr|Mrs|Ms|Miss|Dr|Prof|Sir|Lady|Lord)\.?\s+\p{{Lu}}[\p{{L}}'’-]+\s+{_IS}\b")
_NAMED = regex.compile(rf"\b(?P<name>\p{{Lu}}[\p{{L}}'’-]*\p{{L}})\s+(?:(?:also|never|still|\p{{L}}+ly)\s+)?{_IS}\b")
_IRREGULAR = frozenset(
    "ate became began blew bought broke brought built came caught chose cut drank drew drove fed fell fled flew"
    " fought found gave got grew heard held hid hired hit kept laid led left lent lost made met moved paid put"
    " quit ran rang read rode rose sang sank sat saw sent shook shot shut sold spent spoke stole stood struck swam"
    " taught took told went woke won wore wrote".split()
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
        or _tells_of_others(sentence, given)
    )


def _tells_of_others(sentence: str, given: Set[str]) -> bool:
    """Whether somebody or something else has done or been what could be looked up, or a known name is or does so."""
    return bool(
        _WAS.search(sentence)
        or _KIN.search(sentence)
        or _TITLED.search(sentence)
        or any(match["name"] in given for match in _NAMED.finditer(sentence))
        or any(
            match["before"].casefold() not in _NO_SUBJECT and _is_deed(match["verb"])
            for match in _ANYBODYS.finditer(sentence, overlapped=True)
        )
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
