"""The report of a run: the scores for machines and, for people, a page that names what went wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from twin_data.contracts.errors import IntegrityError
from twin_data.contracts.evaluation import EvaluationReport, GateDecision, HeldOutQuestion, QuestionKind, Score
from twin_eval.errors import EvaluationError
from twin_eval.metrics import all_scores, describe
from twin_eval.questions import questions_digest
from twin_eval.scorers import ScoredAnswer
from twin_eval.statistics import IntervalConfig
from twin_eval.storage import write_atomically

REPORT_JSON = "report.json"
REPORT_MARKDOWN = "report.md"
SCORED_FILE = "scored.jsonl"
_SHOWN_CHARACTERS = 160
_SECTIONS = (
    ("Right answers", ("facts_", "essential_facts")),
    ("Retrieval", ("evidence_",)),
    ("Citations and own words", ("quotes_", "cited", "cites_", "own_")),
    ("Answered and refused", ("over_", "under_", "decision_", "answered_rate", "refusal_rate")),
    ("Expense and faults", ("error_", "seconds_", "prompt_", "completion_", "cost")),
)


@dataclass(frozen=True)
class ReportFiles:
    """Where a run's report lies."""

    json: Path
    markdown: Path
    scored: Path

    @classmethod
    def in_folder(cls, folder: Path) -> ReportFiles:
        """The report's files in a run's folder."""
        return cls(folder / REPORT_JSON, folder / REPORT_MARKDOWN, folder / SCORED_FILE)


def build_report(
    persona: str, bundle: str, scored: Sequence[ScoredAnswer], *, ks: Sequence[int], config: IntervalConfig
) -> EvaluationReport:
    """The report of a bundle on the questions that were asked.

    Raises:
        EvaluationError: There is nothing to report on.
    """
    if not scored:
        raise EvaluationError("an evaluation of no questions has no result", next_step="write a questions.jsonl")
    questions: list[HeldOutQuestion] = [one.question for one in scored]
    return EvaluationReport(
        persona=persona,
        bundle=bundle,
        questions_digest=questions_digest(questions),
        scores=all_scores(scored, ks=ks, config=config),
    )


def write_report(report: EvaluationReport, scored: Sequence[ScoredAnswer], folder: Path) -> ReportFiles:
    """Write the scored answers, the page and, last, the scores: where `report.json` is, the rest is too.

    Raises:
        StoreError: The folder cannot be written.
    """
    files = ReportFiles.in_folder(folder)
    write_atomically(files.scored, "".join(f"{one.model_dump_json()}\n" for one in scored))
    write_atomically(files.markdown, render_markdown(report, scored))
    write_atomically(files.json, report.model_dump_json(indent=2) + "\n")
    return files


def read_report(folder: Path) -> EvaluationReport | None:
    """The report of a run's folder; None if the run did not come to its end.

    Raises:
        IntegrityError: The file is damaged.
    """
    path = folder / REPORT_JSON
    if not path.is_file():
        return None
    try:
        return EvaluationReport.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise IntegrityError(
            f"{path} is not an evaluation report", next_step=f"delete {path} and evaluate again"
        ) from error


def render_markdown(
    report: EvaluationReport, scored: Sequence[ScoredAnswer] = (), decision: GateDecision | None = None
) -> str:
    """The report as a page: the decision if there is one, every score, and each question that went wrong."""
    parts = [
        f"# Evaluation of {report.persona}@{report.bundle}\n",
        f"Question set `{report.questions_digest[:12]}`{_asked(scored)}. Brackets hold 95 % intervals.\n",
    ]
    if decision:
        reasons = "\n".join(f"- {reason}" for reason in decision.reasons)
        parts.append(f"## Decision: {decision.verdict}\n\n{reasons}\n")
    parts += [_section(title, prefixes, report) for title, prefixes in _SECTIONS]
    parts.append(_gaps(report, scored))
    parts.append(_failures(scored))
    return "\n".join(part for part in parts if part)


def _asked(scored: Sequence[ScoredAnswer]) -> str:
    if not scored:
        return ""
    counts = Counter(one.kind for one in scored)
    kinds = ", ".join(f"{counts[kind]} {kind}" for kind in QuestionKind if counts[kind])
    return f", {len(scored)} questions: {kinds}"


def _section(title: str, prefixes: tuple[str, ...], report: EvaluationReport) -> str:
    rows = [_row(score) for score in report.scores if score.name.startswith(prefixes)]
    if not rows:
        return ""
    head = "| score | value | 95 % interval | n | unscored | what it counts |\n|---|---:|---|---:|---:|---|\n"
    return f"## {title}\n\n{head}" + "\n".join(rows) + "\n"


def _row(score: Score) -> str:
    interval = f"[{_figure(score.low)}, {_figure(score.high)}]"
    cells = (score.name, _figure(score.value), interval, score.n, score.unscored, describe(score.name))
    return f"| {' | '.join(map(str, cells))} |"


def _figure(value: float) -> str:
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"


def _gaps(report: EvaluationReport, scored: Sequence[ScoredAnswer]) -> str:
    """What could not be measured, and why: a figure that is missing is not a figure of zero."""
    if not scored:
        return ""
    notes = []
    if any(one.question.evidence for one in scored):
        shown = max((one.scores.passages for one in scored if one.scores), default=0)
        notes.append(f"- Retrieval deeper than {shown}: the service showed no more passages with an answer.")
    if report.score("quotes_verbatim") is None:
        notes.append("- Quotations: nothing was cited, or no cited document could be fetched.")
    if report.score("cost") is None:
        notes.append("- Cost: unknown, because the recipe states no price for the machine.")
    if report.score("facts_found") is None:
        notes.append("- Right answers: no question that could be scored has essential facts (a self-check has none).")
    return "## Not measured\n\n" + "\n".join(notes) + "\n" if notes else ""


def _failures(scored: Sequence[ScoredAnswer]) -> str:
    parts = []
    for title, what_of in _FAILURES.items():
        lines = [
            f"- `{one.question.id}` {_short(one.question.question)} — {_short(what)}"
            for one in scored
            if (what := what_of(one)) is not None
        ]
        if lines:
            parts.append(f"### {title} ({len(lines)})\n\n" + "\n".join(lines) + "\n")
    return "## What went wrong\n\n" + "\n".join(parts) if parts else ""


def _endpoint_error(one: ScoredAnswer) -> str | None:
    return one.record.error.message if one.record.error else None


def _wrongly_answered(one: ScoredAnswer) -> str | None:
    answer = one.record.answer
    return answer.content if answer and one.question.expected == "refuse" and not answer.is_declined else None


def _wrongly_refused(one: ScoredAnswer) -> str | None:
    answer = one.record.answer
    if answer is None or one.question.expected == "refuse" or not answer.is_declined:
        return None
    return answer.twin.decline_reason or "no reason given"


def _fact_missing(one: ScoredAnswer) -> str | None:
    facts = one.scores.facts if one.scores and one.scores.is_answered else None
    return f"not stated: {', '.join(facts.missing_essential)}" if facts and facts.missing_essential else None


def _quote_changed(one: ScoredAnswer) -> str | None:
    if one.scores is None or one.record.answer is None:
        return None
    pairs = zip(one.record.answer.twin.citations, one.scores.quotes_verbatim, strict=True)
    bad = [f"[{citation.n}] {citation.document_id}" for citation, is_verbatim in pairs if is_verbatim is False]
    return ", ".join(bad) or None


_FAILURES = {
    "Endpoint errors": _endpoint_error,
    "Answered, but to be refused": _wrongly_answered,
    "Refused, but answerable": _wrongly_refused,
    "Answered without an essential fact": _fact_missing,
    "Quotations that are not verbatim": _quote_changed,
}


def _short(text: str) -> str:
    """One line of a text, safe inside a list."""
    folded = " ".join(text.split())
    return folded if len(folded) <= _SHOWN_CHARACTERS else f"{folded[: _SHOWN_CHARACTERS - 1]}…"
