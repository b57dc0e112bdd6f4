"""The section of a model card that an evaluation writes, and what a bundle is made of for readers of its scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from twin_data.contracts.datasets import DatasetCertificate, DatasetVersion
from twin_data.contracts.evaluation import GateDecision, QuestionKind, Score
from twin_data.contracts.releases import ReleaseBundle
from twin_eval.figures import figure, interval
from twin_eval.metric_names import describe
from twin_eval.scored_run import ScoredRun

MAIN_SCORES = (
    "voice", "voice_fidelity", "copied_8grams", "pet_phrase_overuse", "whole_answer", "own_answer", "facts_found",
    "claims_supported", "citation_precision", "citation_recall", "quotes_verbatim",
    "over_refusal", "under_refusal", "decision_right", "answer_risk", "error_rate", "seconds_p50", "seconds_p95",
    "cost",
)  # fmt: skip
"""Of the four families; the report has all."""
_IN_PLACE = 4
"""Trailing folders of a run, and the page: `evaluations/<persona>/<bundle>/<question set>/report.html`."""


@dataclass(frozen=True)
class Origin:
    """What a bundle was made of."""

    manifest: ReleaseBundle
    certificates: tuple[DatasetCertificate, ...] = ()
    """Of its datasets, as far as they are at hand."""
    card: str = ""
    """Its model card, without an evaluation; empty where none is to be written."""

    def certificate(self, dataset: DatasetVersion) -> DatasetCertificate | None:
        """The certificate of exactly this dataset."""
        return next((one for one in self.certificates if one.dataset_digest == dataset.digest), None)


def evaluated_card(card: str, run: ScoredRun, decision: GateDecision, page: Path, *, ladder: str = "") -> str:
    """A bundle's card with the section of its evaluation.

    Args:
        card: The bundle's own.
        run: Its answers and scores.
        decision: What the gate said.
        page: The report.
        ladder: The ladder's verdict, if one was climbed.
    """
    return f"{card.rstrip()}\n\n{_section(run, decision, page, ladder)}"


def card_summary(run: ScoredRun, decision: GateDecision) -> str:
    """The same in a line: for a list of versions."""
    names = ("voice_fidelity", "facts_found", "over_refusal", "under_refusal")
    figures = ", ".join(f"{one.name} {_value(one)} {_interval(one)}" for one in _scores(run, names))
    return f"{_day(run)}: {decision.verdict}. {figures}. {decision.reasons[0] if decision.reasons else ''}".rstrip()


def _section(run: ScoredRun, decision: GateDecision, page: Path, ladder: str) -> str:
    against = f", compared with the live bundle {decision.champion}" if decision.comparisons else ""
    reasons = "\n".join(f"- {one}" for one in decision.reasons)
    missing = [one for one in run.report.unmeasured if one.name in MAIN_SCORES]
    unmeasured = "".join(f"- not measured: {one.name} ({one.reason})\n" for one in missing)
    voice = f"\nVoice is {run.report.voice_contrast}.\n" if run.report.voice_contrast else ""
    place = Path(*page.parts[-_IN_PLACE - 1 :])
    return f"""## Evaluation

Answers of {_day(run)}; {_asked(run)}.
Index `{run.report.index or "not told"}`, question set `{run.report.questions_digest[:12]}`.
The whole report: `{place}`.

**Decision: {decision.verdict}**{against}

{reasons}
{f"{chr(10)}Ladder: {ladder}{chr(10)}" if ladder else ""}
| score | value | 95 % interval | n | what it says |
|---|---|---|---|---|
{_rows(run)}
{unmeasured}{voice}"""


def _asked(run: ScoredRun) -> str:
    counts = Counter(one.kind for one in run.answers)
    kinds = ", ".join(f"{counts[kind]} {kind}" for kind in QuestionKind if counts[kind])
    drafts = f", {len(run.drafts)} drafts" if run.drafts else ""
    return f"{len(run.answers)} questions ({kinds}){drafts}"


def _rows(run: ScoredRun) -> str:
    return "".join(
        f"| {one.name} | {_value(one)} | {_interval(one)} | {one.n} | {describe(one.name)} |\n"
        for one in _scores(run, MAIN_SCORES)
    )


def _scores(run: ScoredRun, names: Iterable[str]) -> list[Score]:
    return [score for name in names if (score := run.report.score(name))]


def _value(one: Score) -> str:
    return figure(one.value)


def _interval(one: Score) -> str:
    return interval(one.low, one.high)


def _day(run: ScoredRun) -> str:
    return f"{max(one.record.asked_at for one in run.answers):%Y-%m-%d}"
