"""What the judge found, for the terminal; the page uses the same words."""

from __future__ import annotations

from twin_data.contracts.evaluation import Score
from twin_eval.human.agreement import SCORES
from twin_eval.judging.findings import Compared, Judged, JudgeFindings
from twin_eval.judging.items import Task

ADVISORY = "It decides nothing: the gate goes by the deterministic scores alone."
_SAID = {
    Task.SUPPORT: "sentences that were shipped, called supported by the stretch that they cite",
    Task.HELPFUL: "answers called helpful: they answer the question",
}
_DROPPED = "sentences that were dropped, called supported by the passages all the same"
_OTHERS = {
    (Task.SUPPORT, SCORES): "the verifier: supported, or dropped for want of support",
    (Task.HELPFUL, SCORES): "the scores: every essential fact is stated, or not",
}


def judge_text(found: JudgeFindings) -> str:
    """All of it."""
    lines = [f"judge {found.judge}:", *(f"  {line}" for one in found.tasks for line in task_lines(one))]
    if not found.tasks:
        lines.append("  no sentence or answer could be put to it")
    if found.stopped:
        lines.append(f"  not asked to the end: {found.stopped}")
    return "\n".join([*lines, f"  {ADVISORY}"])


def task_lines(one: Judged) -> list[str]:
    """One task: shares, what could not be judged, agreements."""
    lines = [f"{_SAID[one.task]}: {with_interval(one.said_yes)}"]
    if one.dropped_said_yes:
        lines.append(f"{_DROPPED}: {with_interval(one.dropped_said_yes)}")
    if one.unparsed or one.errors:
        lines.append(f"of {one.texts} texts {one.unparsed} replies could not be read, {one.errors} brought no reply")
    return [*lines, *(f"against {compared_text(one.task, each)}" for each in one.compared)]


def compared_text(task: Task, one: Compared) -> str:
    """One agreement in one line."""
    kappa = with_interval(one.agreement.kappa) if one.agreement.kappa else "undefined, both always said the same"
    table = one.table
    return (
        f"{other_name(task, one)}: agreed {with_interval(one.agreement.agreed)}, kappa {kappa}; both yes {table.both}, "
        f"only the judge {table.only_judge}, only the other {table.only_other}, neither {table.neither}"
    )


def other_name(task: Task, one: Compared) -> str:
    """Whom the judge is held against, and what that one says."""
    other = one.agreement.raters[1]
    return _OTHERS.get((task, other), other)


def with_interval(score: Score | None) -> str:
    """A figure with its interval and rows."""
    if score is None:
        return "no figure"
    return f"{score.value:.2f} [{score.low:.2f}, {score.high:.2f}] n = {score.n}"
