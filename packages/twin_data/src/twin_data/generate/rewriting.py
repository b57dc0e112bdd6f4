"""A teacher's wording of a question, taken only if it still asks the same and does not give the answer away."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import regex

from twin_data.contracts.datasets import TeacherWording
from twin_data.generate.asking import Asked
from twin_data.scoring.sentences import content_stems, words
from twin_data.scoring.support import names, numbers

Rewrite = Callable[[Sequence[str]], Sequence[str | None]]
"""Takes questions, gives each in another wording, None where none came."""

REWRITE_STAGE = "rewrite"
MIN_WORDS, MAX_WORDS = 4, 40
MAX_TOLD = 2
"""Stems of the answer that a wording may add to those of the question."""

REWRITE_PROMPT = (
    "Reword this question so that it sounds as a person would ask it. Keep every name, number and key word. "
    "Reply with the question alone.\n\nQuestion: {question}"
)


def replayed(wordings: Sequence[TeacherWording]) -> Rewrite:
    """Wordings of an earlier run in the place of the teacher; a question that it was never asked gets none."""
    known = {one.question: one.wording for one in wordings}
    return lambda questions: [known.get(question) for question in questions]


def tidy_wording(text: str) -> str:
    """A teacher's reply without the quotation marks and announcements that small models put around it."""
    return (
        regex.sub(r"(?i)^\s*(?:question|reworded(?: question)?)\s*:\s*", "", text.strip()).strip().strip('"“”').strip()
    )


def rejected_rewrite(asked: Asked, wording: str | None, response: str) -> str:
    """Why a teacher's wording is not taken; empty if it is.

    Args:
        asked: The rules' question.
        wording: The teacher's.
        response: The answer that the row will have.
    """
    if wording is None or not wording.strip():
        return "rewrite_is_empty"
    if not MIN_WORDS <= len(words(wording)) <= MAX_WORDS or "\n" in wording.strip():
        return "rewrite_is_no_question"
    if not names(asked.text) <= names(f"x {wording}") | set(words(wording)) or numbers(asked.text) != numbers(wording):
        return "rewrite_changes_names_or_numbers"
    if not set(content_stems(" ".join(asked.phrases))) & set(content_stems(asked.text)) <= set(content_stems(wording)):
        return "rewrite_loses_the_subject"
    told = set(content_stems(response)) & (set(content_stems(wording)) - set(content_stems(asked.text)))
    return "rewrite_tells_the_answer" if len(told) > MAX_TOLD else ""
