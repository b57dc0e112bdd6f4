"""What the judge found, and how far that agrees with the deterministic scores and with people. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from twin_data.contracts.base import Contract
from twin_data.contracts.evaluation import Score
from twin_data.contracts.labels import AnswerLabel, SentenceLabel, SentenceVerdict
from twin_eval.human.agreement import SCORES, Agreement, Pair, agreement
from twin_eval.human.shares import share
from twin_eval.human.store import Label
from twin_eval.judging.asking import Opinions
from twin_eval.judging.items import JudgeItem, Task
from twin_eval.statistics import IntervalConfig

JUDGE, PEOPLE = "the judge", "people"
MEASURES = {Task.SUPPORT: "supported", Task.HELPFUL: "helpful"}


class TwoByTwo(Contract):
    """How often each of two raters said yes."""

    both: int
    only_judge: int
    only_other: int
    neither: int


class Compared(Contract):
    """The judge against somebody else on the same texts; questions are drawn for the intervals."""

    agreement: Agreement
    table: TwoByTwo


class Judged(Contract):
    """What was said of the texts of one task."""

    task: Task
    said_yes: Score | None
    """The share of shipped texts that the judge calls supported, or helpful, of those that it gave a verdict on."""
    dropped_said_yes: Score | None = None
    """The same of the sentences that were dropped for want of support: of these a yes speaks against the verifier."""
    texts: int
    unparsed: int
    """Replies that said neither yes nor no."""
    errors: int
    """Texts that the endpoint gave no reply to; they are no verdict of any kind."""
    compared: tuple[Compared, ...] = ()


class Verdict(Contract):
    """One text, by what labels call it."""

    task: Task
    question_id: str
    item: str
    is_shipped: bool
    scored: bool | None
    said: bool | None
    error: str = ""


class JudgeFindings(Contract):
    """`judge.json`: all that the judge said of one bundle's answers. It decides nothing."""

    judge: str
    identity: str
    persona: str
    bundle: str
    questions_digest: str
    tasks: tuple[Judged, ...]
    reused: int
    """Verdicts that a former run had asked for."""
    stopped: str = ""
    """Why the judge was not asked to the end; empty if it was."""
    verdicts: tuple[Verdict, ...] = ()

    def task(self, task: Task) -> Judged | None:
        """What was found on one task; None if nothing was put to the judge."""
        return next((one for one in self.tasks if one.task is task), None)


def verdicts_of(items: Iterable[JudgeItem], identity: str, opinions: Opinions) -> tuple[Verdict, ...]:
    """One a text, in their order."""
    found = []
    for one in items:
        key = one.key(identity)
        found.append(
            Verdict(
                task=one.task,
                question_id=one.question_id,
                item=one.item,
                is_shipped=one.is_shipped,
                scored=one.scored,
                said=opinions.said.get(key),
                error=opinions.errors.get(key, ""),
            )
        )
    return tuple(found)


def judged(verdicts: Sequence[Verdict], labels: Sequence[Label], config: IntervalConfig) -> tuple[Judged, ...]:
    """The figures of each task that something was put to the judge for."""
    found = []
    for task in Task:
        if rows := [one for one in verdicts if one.task is task]:
            found.append(_of_task(task, rows, labels, config))
    return tuple(found)


def _of_task(task: Task, rows: Sequence[Verdict], labels: Sequence[Label], config: IntervalConfig) -> Judged:
    name = MEASURES[task]
    pairs = {SCORES: _with_scores(rows), PEOPLE: _with_people(rows, labels)}
    return Judged(
        task=task,
        said_yes=_share(name, [one for one in rows if one.is_shipped], config),
        dropped_said_yes=_share(f"dropped_{name}", [one for one in rows if not one.is_shipped], config),
        texts=len(rows),
        unparsed=sum(one.said is None and not one.error for one in rows),
        errors=sum(bool(one.error) for one in rows),
        compared=tuple(_compared(name, other, found, config) for other, found in pairs.items() if found),
    )


def _share(name: str, rows: Sequence[Verdict], config: IntervalConfig) -> Score | None:
    clusters = [one.question_id for one in rows]
    return share(f"judge.{name}", [one.said for one in rows], clusters=clusters, config=config)


def _compared(name: str, other: str, pairs: Sequence[Pair], config: IntervalConfig) -> Compared:
    sides = [(one.first, one.second) for one in pairs]
    return Compared(
        agreement=agreement(name, (JUDGE, other), pairs, config),
        table=TwoByTwo(
            both=sides.count(("yes", "yes")),
            only_judge=sides.count(("yes", "no")),
            only_other=sides.count(("no", "yes")),
            neither=sides.count(("no", "no")),
        ),
    )


def _with_scores(rows: Iterable[Verdict]) -> list[Pair]:
    return [_pair(one, one.said, one.scored) for one in rows if one.said is not None and one.scored is not None]


def _with_people(rows: Iterable[Verdict], labels: Iterable[Label]) -> list[Pair]:
    """Each label of each labeller is a row, as in the comparison of people with the scores."""
    by_item = {one.item: one for one in rows if one.said is not None}
    found = []
    for label in labels:
        of_text = by_item.get(label.item)
        says = _says(label)
        if of_text is not None and of_text.said is not None and says is not None:
            found.append(_pair(of_text, of_text.said, says))
    return found


def _says(label: Label) -> bool | None:
    """Yes or no, as far as a label answers what the judge was asked: a refusal is nothing that it is shown."""
    if isinstance(label, SentenceLabel):
        return label.label is SentenceVerdict.SUPPORTED
    if isinstance(label, AnswerLabel) and label.label is not None and not label.label.is_refusal:
        return label.label.value == "right"
    return None


def _pair(row: Verdict, judge: bool, other: bool) -> Pair:
    return Pair(first=_yes(judge), second=_yes(other), cluster=row.question_id)


def _yes(flag: bool) -> str:
    return "yes" if flag else "no"
