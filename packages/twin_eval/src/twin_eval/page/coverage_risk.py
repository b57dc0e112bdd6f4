"""The page's part on the judge's threshold: a plot and what it says, in words."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from twin_data.contracts.coverage_risk import CoverageRisk, ThresholdCost
from twin_data.contracts.evaluation import EvaluationReport
from twin_eval.page import drawing
from twin_eval.page.plots import Plot


@dataclass(frozen=True)
class CoverageRiskPart:
    """The curve, what follows from it, and the two thresholds side by side."""

    plot: Plot
    sentences: tuple[str, ...]
    rows: tuple[tuple[str, ThresholdCost], ...]


def coverage_risk_part(report: EvaluationReport) -> CoverageRiskPart | None:
    """What the page shows; None where nothing is known of the judge's scores."""
    found = report.coverage_risk
    if found is None:
        return None
    svg = drawing.coverage_risk_plot(found)  # drawn here, nothing received
    caption = "Risk at each coverage with its 95 % band; the answers' curve ends where the threshold in force lies"
    rows = [("in force", found.in_force)]
    if found.implied.threshold != found.in_force.threshold:
        rows.append(("implied by the costs", found.implied))
    return CoverageRiskPart(Plot(Markup(svg), caption), (_risk_text(report, found), *_cost_texts(found)), tuple(rows))


def _risk_text(report: EvaluationReport, found: CoverageRisk) -> str:
    risk, area = report.score("answer_risk"), report.score("answer_risk_area")
    share = (
        f"At the threshold in force, {found.in_force.threshold:.2f}, {found.answered} of {found.questions} questions"
    )
    if risk is None or area is None:
        return f"{share} that the judge saw were answered, so there is no risk to tell."
    worth = "is a guide to right answers" if area.high < risk.value else "is not shown to be a guide to right answers"
    return (
        f"{share} that the judge saw were answered, and {risk.value:.2f} [{risk.low:.2f}, {risk.high:.2f}] of these "
        f"answers lack an essential fact or ought not to be; on average over all higher thresholds it is "
        f"{area.value:.2f} [{area.low:.2f}, {area.high:.2f}], so the judge's score {worth}."
    )


def _cost_texts(found: CoverageRisk) -> list[str]:
    costs, now, then = found.costs, found.in_force, found.implied
    prices = (
        f"an over-refusal at {costs.over_refusal:g}, a wrong answer at {costs.wrong_answer:g} and an under-refusal at "
        f"{costs.under_refusal:g}"
    )
    if then.threshold == now.threshold:
        texts = [
            f"With {prices}, no higher threshold would have cost less than the {now.cost:.3f} a question in force."
        ]
    else:
        gain = f"{found.difference:+.3f} [{found.difference_low:+.3f}, {found.difference_high:+.3f}]"
        texts = [
            f"With {prices}, the threshold {then.threshold:.2f} would have cost least: {then.cost:.3f} a question "
            f"where the one in force cost {now.cost:.3f} ({gain}); it was chosen on these very questions, so expect "
            "less of it on others."
        ]
    if found.lower:
        texts.append(
            f"What was declined has no answer that could be scored: a threshold of {found.lower.threshold:.2f} would "
            f"cost between {found.lower.best:.3f} and {found.lower.worst:.3f}, and only an evaluation with it can tell."
        )
    return texts
