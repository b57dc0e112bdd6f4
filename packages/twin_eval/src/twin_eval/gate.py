"""The gate: may a bundle answer for its persona? Pure functions from reports and a rubric to a decision.

Here are the absolute bars, by which a first bundle becomes champion. The comparison with a live champion
(non-inferiority by paired bootstrap) will stand beside `decide_absolute` and end in the same `GateDecision`.
"""

from __future__ import annotations

from enum import Enum
from importlib import resources
from pathlib import Path

from twin_data.configuration.rubric import Bar, Rubric
from twin_data.configuration.yaml_files import load_yaml
from twin_data.contracts.evaluation import EvaluationReport, GateDecision, Score, Verdict

_ROUNDING = 1e-9
"""A share computed in floats may miss a bar by this much and still be the same share."""


class _Outcome(Enum):
    CLEARED = "cleared"
    FAILED = "failed"
    UNDECIDED = "undecided"


def decide_absolute(report: EvaluationReport, rubric: Rubric) -> GateDecision:
    """Hold a report against absolute bars.

    Reject if any bar with enough rows fails; else inconclusive if any bar has too few rows, or no figure at all;
    promote only if every bar is cleared. Each bar gives one reason, which names figure, interval and n.
    """
    judged = [_judge(bar, report.score(bar.metric)) for bar in rubric.absolute]
    outcomes = {outcome for outcome, _ in judged}
    if _Outcome.FAILED in outcomes:
        verdict = Verdict.REJECT
    elif _Outcome.UNDECIDED in outcomes:
        verdict = Verdict.INCONCLUSIVE
    else:
        verdict = Verdict.PROMOTE
    # What decided comes first.
    order = [_Outcome.FAILED, _Outcome.UNDECIDED, _Outcome.CLEARED]
    reasons = [reason for outcome in order for found, reason in judged if found is outcome]
    return GateDecision(persona=report.persona, bundle=report.bundle, verdict=verdict, reasons=tuple(reasons))


def default_rubric(*, is_self_check: bool = False) -> Rubric:
    """The product's bars for a persona that brings none; other bars where its questions were made by the self-check."""
    name = "rubric_self_check.yaml" if is_self_check else "rubric.yaml"
    with resources.as_file(resources.files("twin_eval").joinpath("defaults", name)) as path:
        return load_yaml(path, Rubric)


def persona_rubric(path: Path, *, is_self_check: bool = False) -> Rubric:
    """The persona's `rubric.yaml` if it has one, else the default.

    Raises:
        ConfigurationError: The file is there and wrong.
    """
    return load_yaml(path, Rubric) if path.exists() else default_rubric(is_self_check=is_self_check)


def _judge(bar: Bar, score: Score | None) -> tuple[_Outcome, str]:
    wanted = f"≥ {bar.at_least:g}" if bar.at_least is not None else f"≤ {bar.at_most:g}"
    if score is None:
        return _Outcome.UNDECIDED, f"{bar.metric}: no figure, wanted {wanted} on at least {bar.min_n} rows"
    rows = f"n = {score.n}" + (f", {score.unscored} unscored" if score.unscored else "")
    figure = f"{bar.metric}: {score.value:.3f} [{score.low:.3f}, {score.high:.3f}], {rows}; wanted {wanted}"
    if score.n < bar.min_n:
        return _Outcome.UNDECIDED, f"{figure} on at least {bar.min_n} rows: {bar.min_n - score.n} more would decide"
    if _clears(bar, score.value):
        return _Outcome.CLEARED, f"{figure}: cleared"
    return _Outcome.FAILED, f"{figure}: failed"


def _clears(bar: Bar, value: float) -> bool:
    if bar.at_least is not None:
        return value >= bar.at_least - _ROUNDING
    return bar.at_most is not None and value <= bar.at_most + _ROUNDING
