"""Whether the archive holds what questions quote: evidence that it does not hold is found by no bundle."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import chain

from twin_data.contracts.evaluation import Evidence, HeldOutQuestion
from twin_eval.folding import word_line
from twin_eval.questions import QuestionProblem, check_evidence

_SHOWN_IDS = 10
_SHOWN_CHARACTERS = 80


def quote_holders(
    questions: Sequence[HeldOutQuestion], documents: Mapping[str, str]
) -> dict[str, tuple[str | None, ...]]:
    """The document that holds each quote, None if none does, by the question's id; words are compared as in retrieval.

    Of several that hold a quote the one that the question names counts, else one that the named file was taken apart
    into (`archive.mbox#<id>`), else the first by its id.

    Args:
        questions: The questions.
        documents: The clean text of every kept document, by its id.
    """

    @cache
    def line_of(document: str) -> str:
        return word_line(documents.get(document, ""))

    def holder_of(evidence: Evidence) -> str | None:
        quote = word_line(evidence.quote)  # its file need not be called as its document is
        parts = (name for name in names if name.startswith(f"{evidence.file}#"))
        return next((name for name in chain([evidence.file], parts, names) if quote in line_of(name)), None)

    names = sorted(documents)
    return {question.id: tuple(map(holder_of, question.evidence)) for question in questions if question.evidence}


def lost_evidence(
    questions: Sequence[HeldOutQuestion], documents: Mapping[str, str]
) -> dict[str, tuple[Evidence, ...]]:
    """The quotes that stand in no document, by the question's id.

    Args:
        questions: The questions.
        documents: The clean text of every kept document, by its id.
    """
    holders = quote_holders(questions, documents)
    found = {
        question.id: tuple(
            one for one, holder in zip(question.evidence, holders.get(question.id, ()), strict=True) if holder is None
        )
        for question in questions
    }
    return {name: lost for name, lost in found.items() if lost}


def evidence_problems(
    questions: Sequence[HeldOutQuestion], documents: Mapping[str, str], text_of: Callable[[str], str | None]
) -> tuple[QuestionProblem, ...]:
    """Each quote that no document holds, and whether the question or the archive is to be mended.

    Args:
        questions: The questions.
        documents: The clean text of every kept document, by its id.
        text_of: The text of a raw source file without markup; None if there is no such file.
    """
    lost = lost_evidence(questions, documents)
    return tuple(_problem(question, one, text_of) for question in questions for one in lost.get(question.id, ()))


def why_lost(ids: Sequence[str], persona: str) -> str:
    """What is said of questions whose evidence is lost, in terminal and report alike."""
    more = f" and {len(ids) - _SHOWN_IDS} more" if len(ids) > _SHOWN_IDS else ""
    return (
        f"no document of the archive holds what these questions quote: {', '.join(ids[:_SHOWN_IDS])}{more}; scores "
        f"that rest on their evidence leave them out. `twin questions check {persona}` says what to mend"
    )


def _problem(question: HeldOutQuestion, evidence: Evidence, text_of: Callable[[str], str | None]) -> QuestionProblem:
    quote = (
        evidence.quote if len(evidence.quote) <= _SHOWN_CHARACTERS else f"{evidence.quote[: _SHOWN_CHARACTERS - 1]}…"
    )
    alone = question.model_copy(update={"evidence": (evidence,)})
    if check_evidence([alone], text_of):
        return QuestionProblem(
            question.id,
            f"no document of the archive holds the quote “{quote}” of {evidence.file}",
            "copy it from the document letter by letter, or add the source that it is from",
        )
    return QuestionProblem(
        question.id,
        f"{evidence.file} holds the quote “{quote}”, and no document that was kept does: cleaning has dropped it",
        "quote what was kept, or see with `twin corpus` why it was dropped",
    )
