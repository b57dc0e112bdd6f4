"""The report as one HTML file that needs nothing else: verdict on top, plots, scores, and every answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from twin_data.configuration.rubric import Rubric
from twin_data.contracts.digests import short
from twin_data.contracts.evaluation import GateDecision, QuestionKind, TopicSentiment, Unmeasured
from twin_data.contracts.releases import ReleaseBundle
from twin_eval.failures import FAILURES
from twin_eval.human.findings import Findings
from twin_eval.judging.findings import JudgeFindings
from twin_eval.ladder import Climbed
from twin_eval.page import examples
from twin_eval.page.coverage_risk import CoverageRiskPart, coverage_risk_part
from twin_eval.page.judge import JudgePart, judge_part
from twin_eval.page.ladder import LadderPart, ladder_part
from twin_eval.page.people import PeoplePart, people_part
from twin_eval.page.plots import Plot, glance
from twin_eval.page.probes import ProbeLine, probe_lines
from twin_eval.page.rows import (
    ComparisonLine,
    FailureLine,
    QuestionBlock,
    ScoreLine,
    comparison_line,
    draft_blocks,
    failure_lines,
    question_blocks,
    score_line,
)
from twin_eval.page.stress import StressPart, stress_part
from twin_eval.scored_run import ScoredRun
from twin_eval.templating import template

_SECTIONS = (
    ("Answers of its own", ("whole_", "own_")),
    ("Right answers", ("facts_", "essential_facts")),
    ("Voice and copying", ("voice", "copied_")),
    ("Retrieval", ("evidence_",)),
    ("Citations", ("quotes_", "cited", "cites_")),
    ("Answered and refused", ("over_", "under_", "decision_", "answer_risk", "answered_rate", "refusal_")),
    ("Expense and faults", ("error_", "seconds", "prompt_", "completion_", "cost")),
    ("Safe and unsafe prompts", ("probes.",)),
    ("Sentiment by topic", ("bias_",)),
)


@dataclass(frozen=True)
class Section:
    """Scores under one heading."""

    title: str
    rows: tuple[ScoreLine, ...]


@dataclass(frozen=True)
class FailureGroup:
    """The questions that went wrong in one way, with how many of them for which cause, the commonest first."""

    title: str
    rows: tuple[FailureLine, ...]
    causes: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class ExampleLine:
    """An answer worth reading: its number on the page, what was asked, and why it is shown."""

    at: int
    why: str
    block: QuestionBlock


@dataclass(frozen=True)
class ExampleGroup:
    """Answers of one sort."""

    title: str
    rows: tuple[ExampleLine, ...]


@dataclass(frozen=True, kw_only=True)
class Page:
    """All that the template shows."""

    title: str
    subtitle: str
    decision: GateDecision | None
    champion: bool
    plots: tuple[Plot, ...]
    comparisons: tuple[ComparisonLine, ...]
    sections: tuple[Section, ...]
    unmeasured: tuple[Unmeasured, ...]
    failures: tuple[FailureGroup, ...]
    ladder: LadderPart | None
    coverage_risk: CoverageRiskPart | None
    people: PeoplePart | None
    judge: JudgePart | None
    examples: tuple[ExampleGroup, ...]
    inspect_log: str | None
    lineage: tuple[tuple[str, str], ...]
    questions: tuple[QuestionBlock, ...]
    drafts: tuple[QuestionBlock, ...]
    probes: tuple[ProbeLine, ...]
    stress: StressPart | None
    topics: tuple[TopicSentiment, ...]


def render_page(
    run: ScoredRun,
    *,
    champion: ScoredRun | None = None,
    decision: GateDecision | None = None,
    rubric: Rubric | None = None,
    ladder: Climbed | None = None,
    people: Sequence[Findings] = (),
    judge: JudgeFindings | None = None,
    inspect_log: str | None = None,
    manifest: ReleaseBundle | None = None,
) -> str:
    """The page of a run.

    Args:
        run: The candidate.
        champion: The live bundle on the same questions, if it was compared with.
        decision: What the gate said.
        rubric: The bars, for the plot of scores.
        ladder: The ladder on the same questions, if one was climbed.
        people: What people say of this bundle, and of all bundles of the persona; empty leaves the section out.
        judge: What a judge said of the candidate's answers, if one was asked.
        inspect_log: Name of the Inspect log that lies beside the page.
        manifest: The candidate's, for its lineage.
    """
    report = run.report
    rungs = {one.rung.value: one.run for one in ladder.runs} if ladder else {}
    questions = question_blocks(run, champion, rungs)
    page = Page(
        title=f"Evaluation of {run.model_name}",
        subtitle=_subtitle(run),
        decision=decision,
        champion=champion is not None,
        plots=glance(run, champion, decision, rubric),
        comparisons=tuple(map(comparison_line, decision.comparisons)) if decision else (),
        sections=_sections(run, champion),
        unmeasured=report.unmeasured,
        failures=_failures(run),
        ladder=ladder_part(ladder.ladder) if ladder else None,
        coverage_risk=coverage_risk_part(report),
        people=people_part(people) if people else None,
        judge=judge_part(judge, run.answers) if judge else None,
        examples=_examples(run, champion, rungs, questions),
        inspect_log=inspect_log,
        lineage=_lineage(manifest) if manifest else (),
        questions=questions,
        drafts=draft_blocks(run, champion),
        probes=probe_lines(run.probes),
        stress=stress_part(report, run.stress),
        topics=report.topics,
    )
    return template("report.html.j2").render(page=page)


def _subtitle(run: ScoredRun) -> str:
    counts = Counter(one.kind for one in run.answers)
    kinds = ", ".join(f"{counts[kind]} {kind}" for kind in QuestionKind if counts[kind])
    parts = [f"Question set {run.report.questions_digest[:12]}: {len(run.answers)} questions ({kinds})"]
    if run.drafts:
        parts.append(f"{len(run.drafts)} drafts")
    if run.report.index:
        parts.append(f"index {run.report.index}")
    if run.report.voice_digest:
        parts.append(f"voice profile {run.report.voice_digest[:12]}")
    return " · ".join(parts)


def _sections(run: ScoredRun, champion: ScoredRun | None) -> tuple[Section, ...]:
    found = []
    for title, prefixes in _SECTIONS:
        scores = [score for score in run.report.scores if score.name.startswith(prefixes)]
        rows = tuple(score_line(score, champion.report.score(score.name) if champion else None) for score in scores)
        if rows:
            found.append(Section(title, rows))
    return tuple(found)


def _failures(run: ScoredRun) -> tuple[FailureGroup, ...]:
    found = []
    for title, what_of in FAILURES.items():
        if rows := failure_lines(run.answers, what_of):
            found.append(FailureGroup(title, rows, tuple(Counter(row.cause for row in rows).most_common())))
    return tuple(found)


def _examples(
    run: ScoredRun, champion: ScoredRun | None, rungs: Mapping[str, ScoredRun], blocks: Sequence[QuestionBlock]
) -> tuple[ExampleGroup, ...]:
    """The best, the worst, and what changed: against the champion, else against the next rung below."""
    picked = {"Best": examples.best(run), "Worst": examples.worst(run)}
    if champion:
        picked["Changed against the champion"] = examples.changed(run, champion)
    elif below := _below(run, rungs):
        picked[f"Changed against {below}"] = examples.changed(run, rungs[below])
    return tuple(
        ExampleGroup(title, tuple(ExampleLine(one.at + 1, one.why, blocks[one.at]) for one in picks))
        for title, picks in picked.items()
        if picks
    )


def _below(run: ScoredRun, rungs: Mapping[str, ScoredRun]) -> str | None:
    """The rung below the run's own; None where it stands on none, or on the lowest."""
    names = list(rungs)
    at = next((place for place, name in enumerate(names) if rungs[name].report.bundle == run.report.bundle), 0)
    return names[at - 1] if at else None


def _lineage(manifest: ReleaseBundle) -> tuple[tuple[str, str], ...]:
    """What the bundle was made of, as rows."""
    lineage, base = manifest.lineage, manifest.base_model
    rows = [
        ("bundle", f"{manifest.model_name}, {manifest.rung}" + (f" ({manifest.label})" if manifest.label else "")),
        ("base model", f"{base.name} from {base.source}, {base.licence}, digest {short(base.digest)}"),
        ("sentence encoder", f"{manifest.embedding_model.name}, digest {short(manifest.embedding_model.digest)}"),
        ("prompt templates", f"digest {short(manifest.prompt_digest)}, {len(manifest.examples)} examples"),
        ("persona", f"digest {short(lineage.persona_digest)}, consent of {lineage.consent_date.isoformat()}"),
        ("corpus", f"features {short(lineage.features_digest)}, index {lineage.index}, {lineage.corpus_licence}"),
        ("recipe", f"{lineage.recipe}, digest {short(lineage.recipe_digest)}; code {short(lineage.code_digest)}"),
    ]
    rows += [("dataset", f"{one.kind}: {one.rows:,} rows, digest {short(one.digest)}") for one in lineage.datasets]
    rows += [
        ("training", f"{one.stage}: {one.steps} steps, {one.tokens:,} tokens, {one.seconds:.0f} s, seed {one.seed}")
        for one in lineage.training
    ]
    if lineage.override_reason:
        rows.append(("trained although advised against", lineage.override_reason))
    return tuple(rows)
