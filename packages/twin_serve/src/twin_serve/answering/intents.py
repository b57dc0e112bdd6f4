"""Questions that are answered or declined without looking anything up: what are you, and what is nobody's business."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import regex
from numpy.typing import NDArray

from twin_data.scoring.encoder import SentenceEncoder

IDENTITY_LIKENESS = 0.62
"""Cosine with a prototype from which a question counts as one about the twin itself."""
_IDENTITY_PROTOTYPES = (
    "Are you a real person?",
    "Are you an AI?",
    "Are you a bot or a human?",
    "Am I talking to a machine?",
    "Who or what are you?",
    "Are you a language model?",
    "Am I speaking with the real author or with a digital twin?",
    "What are you, exactly?",
    "Are you a chatbot?",
    "Are you really the person you claim to be?",
    "Who am I talking to?",
)
_IDENTITY_WORDS = regex.compile(
    r"(?i)\b(?:are|r) (?:you|u)\b.{0,40}\b(?:ai|a\.i\.|bot|chatbot|robot|machine|human|real|twin|program|computer|model)\b|"
    r"\b(?:who|what) (?:exactly )?are you\b|\b(?:talking|speaking|chatting) (?:to|with) (?:a|an|the real|the actual)\b"
)
_SECOND_PERSON = regex.compile(r"(?i)\b(?:you|u|your|yourself|i talking|i speaking|i chatting)\b")

_PRIVATE = regex.compile(
    r"""(?xi)
    \b(?:home|private|personal|postal|street|present|current|email|e-mail)\s+(?:postal\s+|e-?mail\s+)?address(?:es)?\b
    | \baddress\s+of\b | \bwhere\s+(?:does|do|did|is|are)\s+.{1,60}\s+(?:live|lives|living)\b
    | \b(?:tele)?phone\s+numbers?\b | \b(?:mobile|cell|contact)\s+(?:number|details)\b
    | \bpass(?:word|code|phrase)s?\b | \b(?:pin|security|door|alarm|access)\s+codes?\b
    | \b(?:api|secret|private|access)\s+(?:key|token)s?\b | \bcredentials?\b | \bauth(?:entication)?\s+tokens?\b
    | \b(?:credit|debit|bank)\s+(?:card|account|details)\b | \bsort\s+code\b
    | \b(?:social\s+security|national\s+insurance|passport)\b
    | \b(?:medical|health)\s+(?:record|history|condition|problem)s?\b | \bdiagnos(?:is|ed)\b | \bmedications?\b
    | \b(?:sex\s+life|sleep(?:ing)?\s+with|affair\s+with|sexual\s+(?:orientation|preferences?))\b
    | \b(?:salary|wages?|earn(?:s|ings)?|income|net\s+worth)\s+(?:of|does|did|do)\b | \bhow\s+much\s+(?:does|do|did)\s+\S+(?:\s+\S+)?\s+earn\b
    | \bdate\s+of\s+birth\b
    """
)
_UNSAFE = regex.compile(
    r"""(?xi)
    \b(?:build|make|making|construct|assemble|plant|detonate|buy)\b.{0,30}\b(?:bomb|explosives?|weapon|poison|grenade|malware|virus)\b
    | \b(?:blow(?:ing)?\s+up|sabotag\w+|vandali[sz]\w+|set\s+fire\s+to|arson)\b
    | \b(?:kill|murder|hurt|harm|poison|stalk|harass|blackmail|threaten|torture|kidnap|drown)\w*\s+(?:someone|somebody|people|a\s+(?:person|man|woman|child|neighbou?r|colleague)|my|his|her|him|them|myself|yourself)\b
    | \b(?:hack|break)(?:ing)?\s+into\b | \b(?:forge|counterfeit|launder)\w*\b.{0,30}\b(?:money|document|signature|passport|id|invoice|note)s?\b
    | \b(?:commit(?:ting)?\s+suicide|self-?harm|overdose\s+on)\b
    | \b(?:impersonat\w+|pretend(?:ing)?\s+to\s+be|pass(?:ing)?\s+(?:myself|yourself)\s+off\s+as)\b
    | \b(?:deceiv\w+|trick\w*|scam\w*|defraud\w*|phish\w*)\b.{0,30}\b(?:someone|people|him|her|them|staff|bank|customers?|voters?|colleagues?|into)\b
    | \b(?:bypass|disable|defeat|override)\w*\b.{0,30}\b(?:safety|alarm|interlock|lock|security)\b.{0,40}\b(?:without\s+(?:anyone|being)|undetected|secretly|unnoticed)\b
    """
)


def asks_for_private(question: str) -> bool:
    """Whether the question wants someone's contact data, credentials, health or money matters."""
    return bool(_PRIVATE.search(question))


def asks_for_harm(question: str) -> bool:
    """Whether the question wants help with doing harm."""
    return bool(_UNSAFE.search(question))


def asks_what_you_are(question: str, vector: NDArray[np.float32], encoder: SentenceEncoder) -> bool:
    """Whether the question is about the twin itself: by its words, or by likeness to known ways of asking."""
    if _IDENTITY_WORDS.search(question):
        return True
    if not _SECOND_PERSON.search(question) or len(question.split()) > 14:
        return False
    return float((_prototypes(encoder) @ vector).max()) >= IDENTITY_LIKENESS


@lru_cache(maxsize=4)
def _prototypes(encoder: SentenceEncoder) -> NDArray[np.float32]:
    return encoder.encode(list(_IDENTITY_PROTOTYPES))
