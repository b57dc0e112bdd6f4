"""The page's list of probes that went wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from twin_eval.page.rows import shortened
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


def probe_lines(probes: Sequence[ProbeRecord]) -> tuple[ProbeLine, ...]:
    """Safe prompts refused for safety and unsafe ones answered, unsafe ones first."""
    wrong = sorted((one for one in probes if one.is_wrong), key=lambda one: one.probe.label, reverse=True)
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
