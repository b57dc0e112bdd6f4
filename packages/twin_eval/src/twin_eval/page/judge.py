"""What a judge said, on the report's page: shares, agreements, and the texts on which it and the scores differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from twin_data.contracts.labels import answer_item, sentence_item
from twin_eval.figures import UNKNOWN
from twin_eval.judging.findings import Compared, Judged, JudgeFindings, Verdict
from twin_eval.judging.items import Task
from twin_eval.judging.text import ADVISORY, other_name, with_interval
from twin_eval.scorers import ScoredAnswer

MOST_SHOWN = 30
"""Texts of each task on which the two differ."""
_TITLES = {Task.SUPPORT: "Sentences", Task.HELPFUL: "Answers"}
_YES = {Task.SUPPORT: "supported", Task.HELPFUL: "helpful"}
_NO = {Task.SUPPORT: "unsupported", Task.HELPFUL: "not helpful"}


@dataclass(frozen=True)
class ComparedLine:
    """The judge against somebody else, as text."""

    other: str
    agreed: str
    kappa: str
    n: int
    clusters: int
    both: int
    only_judge: int
    only_other: int
    neither: int


@dataclass(frozen=True)
class DifferenceLine:
    """A text on which judge and scores differ."""

    at: int
    """The question's number on the page."""
    question_id: str
    text: str
    judge: str
    scores: str


@dataclass(frozen=True)
class TaskPart:
    """One task."""

    title: str
    shares: tuple[tuple[str, str], ...]
    counts: str
    compared: tuple[ComparedLine, ...]
    differences: tuple[DifferenceLine, ...]
    differ: int


@dataclass(frozen=True)
class JudgePart:
    """All that the template shows of a judge."""

    judge: str
    note: str
    stopped: str
    tasks: tuple[TaskPart, ...]


def judge_part(found: JudgeFindings, answers: Sequence[ScoredAnswer]) -> JudgePart:
    """The section."""
    return JudgePart(
        judge=found.judge,
        note=ADVISORY,
        stopped=found.stopped,
        tasks=tuple(_task(one, found.verdicts, answers) for one in found.tasks),
    )


def _task(one: Judged, verdicts: Sequence[Verdict], answers: Sequence[ScoredAnswer]) -> TaskPart:
    differing = [each for each in verdicts if each.task is one.task and _differs(each)]
    yes = _YES[one.task]
    shares = [(f"shipped, called {yes}", with_interval(one.said_yes))]
    if one.dropped_said_yes:
        shares.append((f"dropped, called {yes} all the same", with_interval(one.dropped_said_yes)))
    return TaskPart(
        title=_TITLES[one.task],
        shares=tuple(shares),
        counts=f"{one.texts} texts; {one.unparsed} replies could not be read, {one.errors} brought no reply",
        compared=tuple(_line(one.task, each) for each in one.compared),
        differences=tuple(_differences(one.task, differing[:MOST_SHOWN], answers)),
        differ=len(differing),
    )


def _differs(one: Verdict) -> bool:
    return one.said is not None and one.scored is not None and one.said is not one.scored


def _line(task: Task, one: Compared) -> ComparedLine:
    found, table = one.agreement, one.table
    return ComparedLine(
        other=other_name(task, one),
        agreed=with_interval(found.agreed),
        kappa=with_interval(found.kappa) if found.kappa else UNKNOWN,
        n=found.agreed.n,
        clusters=found.clusters,
        both=table.both,
        only_judge=table.only_judge,
        only_other=table.only_other,
        neither=table.neither,
    )


def _differences(task: Task, rows: Sequence[Verdict], answers: Sequence[ScoredAnswer]) -> Iterator[DifferenceLine]:
    places = dict(_places(answers))
    words = {True: _YES[task], False: _NO[task]}
    for one in rows:
        at, text = places.get(one.item, (0, ""))
        yield DifferenceLine(at, one.question_id, text, words[bool(one.said)], words[bool(one.scored)])


def _places(answers: Sequence[ScoredAnswer]) -> Iterator[tuple[str, tuple[int, str]]]:
    """What labels call each text, with the question's number and the text itself."""
    for at, scored in enumerate(answers, start=1):
        answer, question = scored.record.answer, scored.question.question
        if answer is not None:
            yield answer_item(scored.record.bundle, question, answer.content), (at, answer.content)
            for check in answer.twin.sentences:
                yield sentence_item(scored.record.bundle, question, check.text), (at, check.text)
