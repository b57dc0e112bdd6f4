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


def search_query(question: Question) -> str:
    """The text to retrieve with.

    A short question that points back ("and when was that?") is searched together with the user's last one.
    """
    asked = [turn.content for turn in question.history if turn.role == "user"]
    if not asked or _stands_alone(question.text):
        return question.text
    return f"{asked[-1]} {question.text}"


def _stands_alone(question: str) -> bool:
    return len(content_stems(question)) >= SELF_CONTAINED_STEMS or not _LEANS_ON_HISTORY.search(question)
