"""What to search for: the question, with what it leaves to the conversation filled in."""

from __future__ import annotations

import regex

from twin_data.contracts.answers import Question
from twin_data.scoring.sentences import content_stems

_LEANS_ON_HISTORY = regex.compile(
    r"(?i)^(?:and|but|so|then|also)\b|\b(?:it|that|this|they|them|he|him|she|those|these|there|then|the same|what about|how about|tell me more|go on|why)\b"
)
SELF_CONTAINED_STEMS = 4


def search_query(question: Question) -> str:
    """The text to retrieve with.

    A short question that points back ("and when was that?") is searched together with the user's last one.
    """
    asked = [turn.content for turn in question.history if turn.role == "user"]
    if not asked:
        return question.text
    stands_alone = len(content_stems(question.text)) >= SELF_CONTAINED_STEMS or not _LEANS_ON_HISTORY.search(question.text)
    return question.text if stands_alone else f"{asked[-1]} {question.text}"
