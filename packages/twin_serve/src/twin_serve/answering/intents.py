"""Questions that are answered or declined without looking anything up: what are you, and what is nobody's business."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import regex
from numpy.typing import NDArray

from twin_data.scoring.answerability import Encoder
from twin_serve.answering.forbidden import PRIVATE, UNSAFE

IDENTITY_LIKENESS = 0.7
"""Cosine with a prototype from which a question counts as one about the twin itself."""
READ_CHARACTERS = 1000
LONGEST_IDENTITY_QUESTION = 14
"""Words; a longer question is about something."""
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
_KIND_OF = r"(?:(?:an?|the|some)\s+)?(?:(?:kind|sort)\s+of\s+)?"
_MACHINE = (
    rf"(?:{_KIND_OF}(?:[\w-]+\s+)?(?:a\.?\s?i\.?|artificial(?:\s+intelligence)?|chat-?bot|bot|robot|machine|computer"
    r"|(?:computer\s+)?program(?:me)?|software|algorithm|(?:language\s+|ai\s+)?model|llm|(?:chat)?gpt|assistant|simulation"
    r"|(?:digital\s+)?twin|clone|avatar))"
)
_HUMAN = (
    r"(?:(?:an?\s+|the\s+)?(?:(?:real|actual|living|genuine|human)\s+)*"
    r"(?:real|human(?:\s+being)?|person|man|woman|author|alive))"
)
_NAME = r"(?:(?:the\s+)?(?:real\s+)?(?-i:\p{Lu}[\p{L}.]*(?:\s\p{Lu}[\p{L}.]*){0,3}))"
_STOP = r"(?=\s*(?:$|[?!.,;:—–-]|or\b|and\b|at\s+all\b|here\b))"
_END = rf"(?:{_STOP}|(?=\s+(?:that|who|trained|pretending|made|built)\b))"
_FILLER = r"(?:\s+(?:really|actually|just|in\s+fact|only|still|truly|honestly|maybe|perhaps|by\s+any\s+chance|not))*"
_SURE = r"(?:really|actually|truly|the\s+real)"
_IDENTITY_WORDS = regex.compile(
    rf"""(?xi)
    \b(?:are|r)\s+(?:you|u){_FILLER}\s+(?:{_MACHINE}|{_HUMAN}){_END}
    | \bare\s+you\s+{_SURE}\s+{_NAME}{_STOP}
    | \b(?:is|isn['’]t)\s+(?:this|that|it)\s+(?:{_SURE}\s+|just\s+)?(?:you\b|{_MACHINE}{_STOP}|{_HUMAN}{_STOP})
    | \bis\s+(?:this|that|it)\s+{_SURE}\s+(?-i:\p{{Lu}}\p{{L}}+)
    | \byou(?:['’]re|\s+are){_FILLER}\s+(?:{_MACHINE}|{_HUMAN}){_END}.*\?
    | \b(?:who|what)(?:\s+(?:or|and)\s+(?:who|what))?
        (?:\s+(?:exactly|really|on\s+earth|the\s+\w+|(?:kind|sort)\s+of\s+(?:thing|being)))?\s+
        are\s+(?:you|u)(?:\s+(?:really|exactly|actually|anyway|then|even|made\s+of))*{_STOP}
    | \b(?:tell\s+me|say|know|wonder)\s+(?:who|what)\s+you(?:\s+really)?\s+are{_STOP}
    | \bwho(?:['’]s|\s+is)\s+this{_STOP} | \b(?:which|what)\s+(?:language\s+)?model\s+(?:are\s+you|is\s+this)\b
    | \bam\s+i\s+(?:really\s+|actually\s+)?(?:talking|speaking|chatting|writing)\s+(?:to|with)\b
    | \b(?:generated|written|answered|made\s+up)\s+by\s+{_MACHINE}{_STOP}
    | \bwho\s+(?:made|built|created|programmed|coded|invented|owns|runs)\s+you{_STOP}
    | \b(?:what|which|whose)\s+(?:company|firm|lab|people|team|organi[sz]ation|data|texts?)\s+(?:(?:was|were)\s+you\s+)?
        (?:made|built|created|trained|owns|runs|developed)(?:\s+(?:you|on|from|by))?{_STOP}
    | \b(?:when|where|how|by\s+whom|on\s+what)\s+were\s+you\s+(?:trained|programmed|fine-?tuned|created){_STOP}
    | \bwhat\s+(?:data\s+|texts?\s+)?were\s+you\s+trained\s+(?:on|with){_STOP}
    | \bare\s+you{_FILLER}\s+(?:conscious|sentient|self-?aware){_STOP}
    | \bwho(?:['’]s|\s+is)\s+(?:answering|writing|speaking|talking|replying)
        (?:\s+(?:to\s+)?(?:me|this|these|here|my\s+questions?|these\s+\w+))?{_STOP}
    | \b(?:what(?:['’]s|\s+is|\s+are)|show\s+me|tell\s+me|print|repeat|reveal)\s+(?:me\s+)?your\s+
        (?:(?:system|initial|hidden|original)\s+)?(?:prompt|instructions){_STOP}
    | \bis\s+there\s+{_HUMAN}\s+(?:behind|at\s+the\s+other\s+end|there|reading)
    | \b(?:did|does|do)\s+{_MACHINE}\s+(?:really\s+)?(?:write|wrote|generate|answer|make)\s+(?:this|these|your)\b
    """
)
_ABOUT_THE_PERSON = regex.compile(
    rf"""(?xi)
    \b(?:is|does)\s+(?P<name>{_NAME})\s+(?:really\s+|actually\s+|ever\s+)?
        (?:read|reading|see|seeing|answering|writing|typing)\s+(?:this|these|my\s+\w+|me)(?:\s+\w+)?{_STOP}
    | \b(?:did|does|has)\s+(?P<name>{_NAME})\s+(?:really\s+|ever\s+)?(?:agree[ds]?|consent(?:ed)?|know|approve[d]?)
        \s+(?:to|of|about)\s+(?:this|you|being\s+copied){_STOP}
    """
)
"""Whether the person knows or sees what is said here, if the name is the person's: others of that archive may, too."""
_ABOUT_BEING = regex.compile(r"(?i)^(?=.*\b(?:you|u|yourself|i)\b).*\b(?:are|r|am|is)\b")
"""Only a question of what somebody *is* can be about the twin itself; "do you use a machine?" is about the persona."""


def asks_for_private(question: str) -> bool:
    """Whether the question wants someone's contact data, credentials, health or money matters."""
    return any(PRIVATE.search(one) for one in windows(question, 2 * READ_CHARACTERS))


def asks_for_harm(question: str) -> bool:
    """Whether the question wants help with doing harm."""
    return any(UNSAFE.search(one) for one in windows(question, 2 * READ_CHARACTERS))


def windows(text: str, size: int) -> list[str]:
    """All of a text in pieces of at most `size` characters; what is no longer than half of that is whole in one."""
    step = size // 2
    return [text[start : start + size] for start in range(0, max(1, len(text) - step), step)]


def _ends(question: str) -> tuple[str, ...]:
    """Where a question asks what the twin is: at its beginning or its end. What is between is its subject."""
    return (
        (question,)
        if len(question) <= 2 * READ_CHARACTERS
        else (question[:READ_CHARACTERS], question[-READ_CHARACTERS:])
    )


def asks_what_you_are(question: str, vector: NDArray[np.float32], encoder: Encoder, display_name: str) -> bool:
    """Whether the question is about the twin itself: by its words, or by likeness to known ways of asking.

    Args:
        question: What was asked.
        vector: Its embedding, shape (D,).
        encoder: What made the embedding.
        display_name: Whose twin it is.
    """
    if any(_IDENTITY_WORDS.search(one) or _names_the_person(one, display_name) for one in _ends(question)):
        return True
    if not _ABOUT_BEING.search(question) or len(question.split()) > LONGEST_IDENTITY_QUESTION:
        return False
    known = _prototypes(encoder)  # type: ignore[arg-type]  # a protocol promises no hash, but every object has one
    return float((known @ vector).max()) >= IDENTITY_LIKENESS


def _names_the_person(question: str, display_name: str) -> bool:
    own = {word.casefold() for word in display_name.split()}
    return any(own & set(one["name"].casefold().split()) for one in _ABOUT_THE_PERSON.finditer(question))


@lru_cache(maxsize=4)
def _prototypes(encoder: Encoder) -> NDArray[np.float32]:
    return encoder.encode(list(_IDENTITY_PROTOTYPES))
