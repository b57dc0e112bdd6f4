"""What to search for: the question, with what it leaves to the conversation filled in."""

from __future__ import annotations

import regex

from twin_data.contracts.answers import Question
from twin_data.scoring.sentences import content_stems

_LEANS_ON_HISTORY = regex.compile(
    r"(?i)^(?:and|but|so|then|also)\b|\b(?:it|that|this|they|them|he|him|she|those|these|there|then|the same"
    r"|what about|how about|tell me more|go on|why)\b"
)
SELF_CONTAINED_STEMS = 4
BORROWED_CHARACTERS = 1000
"""Of the question before, which a question that points back is searched together with: its end, the nearest to it."""
_TASK = regex.compile(
    r"(?i)^(?:please\s+)?(?:(?:write|draft|compose|prepare|give\s+me)\s+)?(?:me\s+)?(?:an?|the|your)?\s*"
    r"(?:(?:short|brief|long|quick|blog|linkedin|code|\d+[- ]word)\s+){0,2}"
    r"(?:post|article|essay|piece|reply|answer|response|review(?:\s+comment)?|comment|note|letter|(?:e-?)?mail|message|talk"
    r"|column|passage|paragraph|text|draft)\b"
    r"\s*(?:(?:about|on|to|of|for|that|which|saying|touching\s+on|in\s+which\s+you)\b)?\s*[:,]?\s*"
)
"""What a brief says of the text that is wanted, not of its subject."""


def search_query(question: Question) -> str:
    """The text to retrieve with.

    A short question that points back ("and when was that?") is searched together with the user's last one. Of a brief
    only its subject is searched.
    """
    text = _subject(question)
    asked = [turn.content for turn in question.history if turn.role == "user"]
    return f"{asked[-1][-BORROWED_CHARACTERS:]} {text}" if asked and not _stands_alone(text) else text


def leans_on_history(question: Question) -> bool:
    """Whether a question leaves something to what was said before."""
    return bool(question.history) and not _stands_alone(_subject(question))


def subject_of(brief: str) -> str:
    """A brief without the words that say what kind of text is wanted; the whole if nothing else is in it."""
    return _TASK.sub("", brief.strip()) or brief


def _subject(question: Question) -> str:
    return subject_of(question.text) if question.options.mode == "write" else question.text


def _stands_alone(question: str) -> bool:
    return len(content_stems(question)) >= SELF_CONTAINED_STEMS or not _LEANS_ON_HISTORY.search(question)
