"""What is put to a judge: sentences with what they rest on, and answers with their questions. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from twin_data.contracts.answers import SentenceOutcome
from twin_data.contracts.digests import digest_text, digest_value
from twin_data.contracts.labels import answer_item, sentence_item
from twin_eval.human.machine import support_of
from twin_eval.judging.config import EndpointJudge, NliJudge
from twin_eval.prose import without_markers, without_sources
from twin_eval.records import Answer, SentenceSeen
from twin_eval.scorers import ScoredAnswer

Drawn = TypeVar("Drawn")


class Task(StrEnum):
    """What is asked of the judge."""

    SUPPORT = "support"
    """Does the passage state what the sentence says?"""
    HELPFUL = "helpful"
    """Does the answer answer the question?"""


@dataclass(frozen=True, kw_only=True)
class JudgeItem:
    """One text to be judged."""

    task: Task
    question_id: str
    question: str
    text: str
    """A sentence, or a whole answer without its list of sources."""
    passages: tuple[str, ...] = ()
    """What the sentence is held against: the stretches that it cites; of a dropped one, which cites nothing, the
    passages that it was checked against."""
    item: str
    """What labels call the text."""
    scored: bool | None
    """What the deterministic scores say: the sentence is supported, every essential fact is stated; None if nothing."""
    is_shipped: bool = True

    def key(self, judge: str) -> str:
        """Names what this judge says of it: the same texts are not put to the same judge twice."""
        about = self.question if self.task is Task.HELPFUL else ""
        return digest_value([judge, self.task.value, about, self.text, self.passages])


def items_of(
    answers: Sequence[ScoredAnswer], config: EndpointJudge | NliJudge, *, passages: int
) -> tuple[JudgeItem, ...]:
    """Sentences of the twin's own that the verifier judged, shipped ones first, then a choice of the dropped; answers.

    A sentence that was dropped for another reason, such as being cut off, is left out, as it is for people: the
    verifier has not said whether it is supported.

    Args:
        answers: Of one run.
        config: How much is asked.
        passages: How many of the passages found, the best first, sentences were checked against; more are shown.
    """
    answered = [one for one in answers if one.record.answer and not one.record.answer.is_declined]
    chosen = _chosen(answered, config.max_questions, lambda one: one.question.question)
    sentences = [one for scored in chosen for one in _sentences(scored, passages)]
    dropped = [one for one in sentences if not one.is_shipped]
    kept = _chosen(dropped, config.max_dropped, lambda one: one.item)
    whole = [one for scored in chosen for one in _answers(scored)] if config.kind == "endpoint" else []
    return (*(one for one in sentences if one.is_shipped), *kept, *whole)


def _sentences(scored: ScoredAnswer, passages: int) -> Iterable[JudgeItem]:
    answer = scored.record.answer
    if answer is None:
        return
    for check in answer.twin.sentences:
        verdict = support_of(check)
        if verdict is not None and (held_against := _held_against(check, answer, passages)):
            yield JudgeItem(
                task=Task.SUPPORT,
                question_id=scored.question.id,
                question=scored.question.question,
                text=check.text,
                passages=held_against,
                item=sentence_item(scored.record.bundle, scored.question.question, check.text),
                scored=verdict,
                is_shipped=check.outcome is not SentenceOutcome.DROPPED,
            )


def _held_against(check: SentenceSeen, answer: Answer, passages: int) -> tuple[str, ...]:
    cited = tuple(one.quote for one in answer.twin.citations if one.n in check.citations)
    return cited or tuple(one.text for one in answer.twin.passages[:passages])


def _answers(scored: ScoredAnswer) -> Iterable[JudgeItem]:
    """An answer to a question that is to be answered; a refusal answers nothing, which needs no judge."""
    answer = scored.record.answer
    if answer is None or answer.is_declined or scored.question.expected != "answer":
        return
    facts = scored.scores.facts if scored.scores else None
    text = without_markers(without_sources(answer.content, {one.n for one in answer.twin.citations}))
    yield JudgeItem(
        task=Task.HELPFUL,
        question_id=scored.question.id,
        question=scored.question.question,
        text=text,
        item=answer_item(scored.record.bundle, scored.question.question, answer.content),
        scored=facts.is_complete if facts else None,
    )


def _chosen(rows: Sequence[Drawn], most: int | None, name: Callable[[Drawn], str]) -> Sequence[Drawn]:
    """At most so many of the rows, in their own order: those whose names have the least digests, in every run alike."""
    if most is None or most >= len(rows):
        return rows
    least = sorted(range(len(rows)), key=lambda at: digest_text(f"judge:{name(rows[at])}"))[:most]
    return [rows[at] for at in sorted(least)]
