"""What would decide an open figure: about how many more questions, or texts to be written. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from twin_eval import probes, stress_scores
from twin_eval.scored_run import ScoredRun

_MOST_TIMES_MORE = 50
"""A question set so many times as large is no plan."""
_NOT_OF_QUESTIONS = frozenset(
    {
        *(probes.PREFIX, stress_scores.PREFIX),
        *("bias_amplification", "bias_largest_shift", "stance_amplification", "stance_reversed"),
    }
)
"""Families and metrics whose rows no further question brings: what they count is given, or asked on demand."""
_VOICE_OF_ANSWERS = "voice.answers"


@dataclass(frozen=True)
class Need:
    """How much more would have to be asked, all of it."""

    questions: int = 0
    briefs: int = 0

    @property
    def text(self) -> str:
        """For people."""
        parts = [f"about {self.briefs} more writing briefs (evaluation.writing_briefs)"] if self.briefs else []
        parts += [f"about {self.questions} more questions in the same mixture"] if self.questions else []
        return " and ".join(parts)


@dataclass(frozen=True)
class Asked:
    """How much was asked, by which rows turn into questions and briefs."""

    questions: int | None = None
    """In all, as not every question concerns every metric; None where that is unknown."""
    briefs_a_sample: float = 1.0
    """Briefs for one sample of voice; infinite where they brought none."""

    @classmethod
    def of(cls, run: ScoredRun) -> Asked:
        """What was asked of a bundle."""
        samples = sum(one.source == "drafts" and one.score is not None for one in run.samples)
        briefs = len(run.drafts)
        each = briefs / samples if samples else math.inf if briefs else 1.0
        return cls(questions=len(run.answers), briefs_a_sample=each)


def rows_beyond(n: int, times: float) -> int | None:
    """Rows beyond `n` that make `times` as many of them; None where that is no plan."""
    return max(1, math.ceil(n * (times - 1))) if times <= _MOST_TIMES_MORE else None


def need_of(metric: str, rows: int | None, n: int, asked: Asked) -> Need | None:
    """What brings a metric so many more rows; None if no number can be named.

    Samples of voice come from texts that are written to briefs: hundreds of answers, mostly quoted, pool to a few.

    Args:
        metric: Whose rows.
        rows: How many more; None where no number of them would do.
        n: How many there are.
        asked: What brought these.
    """
    if rows is None or metric.partition(".")[0] in _NOT_OF_QUESTIONS:
        return None
    if metric.startswith("voice") and metric != _VOICE_OF_ANSWERS:
        return Need(briefs=math.ceil(rows * asked.briefs_a_sample)) if math.isfinite(asked.briefs_a_sample) else None
    if not n:
        return None
    return Need(questions=max(1, math.ceil(rows * (asked.questions or n) / n)))


def need_of_kind(gap: int, of_kind: int, questions: int) -> Need | None:
    """What brings so many more questions of one kind, if more are asked in the same mixture; None if that is no plan.

    Args:
        gap: How many of the kind are wanting.
        of_kind: How many there are.
        questions: How many there are of all kinds.
    """
    if not of_kind or gap > _MOST_TIMES_MORE * of_kind:
        return None
    return Need(questions=math.ceil(gap * questions / of_kind))


def all_of(needs: Iterable[Need | None]) -> Need | None:
    """What serves every need at once; None if there is none, or if for any of it no number can be named."""
    known = []
    for one in needs:
        if one is None:
            return None
        known.append(one)
    if not known:
        return None
    return Need(questions=max(one.questions for one in known), briefs=max(one.briefs for one in known))
