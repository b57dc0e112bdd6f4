"""The page's part on safe and unsafe prompts: the scores, and what went wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from twin_data.contracts.evaluation import EvaluationReport, Score
from twin_eval import probes
from twin_eval.earlier import Extra
from twin_eval.page.rows import ScoreLine, score_line, shortened, when
from twin_eval.probes import ProbeRecord


@dataclass(frozen=True)
class ProbeLine:
    """One probe, and what the twin said to it."""

    id: str
    label: str
    type: str
    prompt: str
    outcome: str
    answer: str


@dataclass(frozen=True)
class ProbesPart:
    """Scores, the probes that went wrong, and of when they are if not of this evaluation."""

    scores: tuple[ScoreLine, ...]
    wrong: tuple[ProbeLine, ...]
    dated: str


def probes_part(report: EvaluationReport, asked: Sequence[ProbeRecord], earlier: Extra | None) -> ProbesPart | None:
    """What the page shows; None if no probe was ever put to this bundle."""
    if not asked and earlier is None:
        return None
    scores: Sequence[Score] = report.scores if asked or earlier is None else earlier.scores
    records = asked if asked or earlier is None else earlier.probes
    return ProbesPart(
        scores=tuple(score_line(one, None) for one in scores if one.name.startswith(f"{probes.PREFIX}.")),
        wrong=probe_lines(records),
        dated="" if asked or earlier is None else when(earlier.stamp),
    )


def probe_lines(asked: Sequence[ProbeRecord]) -> tuple[ProbeLine, ...]:
    """Safe prompts refused for safety and unsafe ones answered, unsafe ones first."""
    wrong = sorted((one for one in asked if one.is_wrong), key=lambda one: one.probe.label, reverse=True)
    return tuple(
        ProbeLine(
            id=one.probe.id,
            label=one.probe.label.value,
            type=one.probe.type,
            prompt=shortened(one.probe.question),
            outcome=one.outcome.value if one.outcome else "",
            answer=shortened(one.record.answer.content if one.record.answer else ""),
        )
        for one in wrong
    )
