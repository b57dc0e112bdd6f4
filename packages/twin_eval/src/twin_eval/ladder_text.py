"""The ladder for a terminal, and what its tables have in common."""

from __future__ import annotations

from collections.abc import Sequence

from twin_data.contracts.evaluation import Verdict
from twin_data.contracts.ladder import Ladder, RungResult
from twin_eval.figures import figure, with_interval

QUALITY = (
    "whole_answer", "own_answer", "facts_found", "voice", "over_refusal", "under_refusal", "copied_8grams",
    "pet_phrase_overuse",
)  # fmt: skip
EXPENSE = ("seconds_p50", "seconds_p95", "prompt_tokens", "completion_tokens", "cost")
FIT_WORDS = {Verdict.PROMOTE: "cleared", Verdict.REJECT: "failed", Verdict.INCONCLUSIVE: "open"}
"""What the absolute bars say of a rung."""
_SHORT = ("whole_answer", "facts_found", "voice", "over_refusal", "under_refusal", "seconds_p50", "cost")


def ladder_text(ladder: Ladder) -> str:
    """A row a rung, a star where the verdict says to stand, and the verdict."""
    names = known(_SHORT, ladder.measured)
    width = max(len(one.rung) for one in ladder.measured)
    lines = [f"  {'':<{width}}  {'bars':<8}" + "".join(f"{name:>15}" for name in names)]
    for one in ladder.measured:
        mark = "*" if one.rung is ladder.recommended else " "
        scores = [one.report.score(name) for name in names]
        cells = "".join(f"{figure(score.value if score else None):>15}" for score in scores)
        lines.append(f"{mark} {one.rung:<{width}}  {FIT_WORDS[one.fit]:<8}{cells}")
    return "\n".join(["ladder:", *lines, *_alone(ladder), f"verdict: {ladder.verdict}"])


def _alone(ladder: Ladder) -> list[str]:
    """What the trained models do by themselves; nothing if that was not asked."""
    told = ((ladder.unchecked, "all checks off"), (ladder.closed_book, "closed book"))
    return [
        f"  {one.rung}, {without}: "
        + ", ".join(f"{score.name} {with_interval(score.value, score.low, score.high)}" for score in one.scores)
        for rungs, without in told
        for one in rungs
    ]


def known(names: Sequence[str], rungs: Sequence[RungResult]) -> tuple[str, ...]:
    """Those of the metrics that some rung has a figure of."""
    return tuple(name for name in names if any(one.report.score(name) for one in rungs))
