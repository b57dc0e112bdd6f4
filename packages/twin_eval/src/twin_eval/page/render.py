"""The report as one HTML file that needs nothing else: verdict on top, plots, scores, and every answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from twin_data.configuration.rubric import Rubric
from twin_data.contracts.evaluation import GateDecision, QuestionKind, TopicMeans, Unmeasured, Verdict
from twin_eval.earlier import Earlier
from twin_eval.human.findings import Findings
from twin_eval.judging.findings import JudgeFindings
from twin_eval.ladder import Climbed
from twin_eval.metric_names import describe
from twin_eval.model_card import Origin
from twin_eval.page import examples
from twin_eval.page.coverage_risk import CoverageRiskPart, coverage_risk_part
from twin_eval.page.failures import FailuresPart, failures_part
from twin_eval.page.judge import JudgePart, judge_part
from twin_eval.page.ladder import LadderPart, ladder_part
from twin_eval.page.lineage import LineagePart, lineage_part
from twin_eval.page.people import PeoplePart, people_part
from twin_eval.page.plots import Family, glance
from twin_eval.page.probes import ProbesPart, probes_part
from twin_eval.page.rows import (
    ComparisonLine,
    QuestionBlock,
    ScoreLine,
    comparison_line,
    draft_blocks,
    question_blocks,
    score_line,
    when,
)
from twin_eval.page.stress import StressPart, stress_part
from twin_eval.scored_run import ScoredRun
from twin_eval.templating import template

_VOICE = "Voice and copying"
_SECTIONS = (
    ("Answers of its own", ("whole_", "own_")),
    ("Right answers", ("facts_", "essential_facts")),
    (_VOICE, ("voice", "copied_", "pet_phrase")),
    ("Retrieval", ("evidence_", "recall_", "ndcg_")),
    ("Claims and citations", ("claims_", "citation_", "cites_", "cited", "quotes_")),
    ("Answered and refused", ("over_", "under_", "decision_", "answer_risk", "answered_rate", "refusal_")),
    ("Expense and faults", ("error_", "seconds", "prompt_", "completion_", "cost")),
    ("Sentiment and stance by topic", ("bias_", "stance_")),
)

_MEANINGS = {
    Verdict.PROMOTE: "It clears every bar and may answer for the persona.",
    Verdict.REJECT: "It may not answer for the persona; what decided comes first.",
    Verdict.INCONCLUSIVE: "What was asked does not decide: whoever answers for the persona stays.",
}


@dataclass(frozen=True)
class Section:
    """Scores under one heading."""

    title: str
    rows: tuple[ScoreLine, ...]
    note: str = ""


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
    meaning: str
    """Of the verdict, for who does not know the gate."""
    headline: str
    champion: bool
    families: tuple[Family, ...]
    comparisons: tuple[ComparisonLine, ...]
    sections: tuple[Section, ...]
    unmeasured: tuple[Unmeasured, ...]
    failures: FailuresPart | None
    ladder: LadderPart | None
    ladder_dated: str
    outdated: tuple[str, ...]
    coverage_risk: CoverageRiskPart | None
    people: PeoplePart | None
    judge: JudgePart | None
    examples: tuple[ExampleGroup, ...]
    lineage: LineagePart | None
    questions: tuple[QuestionBlock, ...]
    drafts: tuple[QuestionBlock, ...]
    probes: ProbesPart | None
    stress: StressPart | None
    topics: tuple[TopicMeans, ...]
    stances: tuple[TopicMeans, ...]


def render_page(
    run: ScoredRun,
    *,
    champion: ScoredRun | None = None,
    decision: GateDecision | None = None,
    rubric: Rubric | None = None,
    ladder: Climbed | None = None,
    earlier: Earlier | None = None,
    people: Sequence[Findings] = (),
    judge: JudgeFindings | None = None,
    inspect_log: str | None = None,
    origin: Origin | None = None,
) -> str:
    """The page of a run.

    Args:
        run: The candidate.
        champion: The live bundle on the same questions, if it was compared with.
        decision: What the gate said.
        rubric: The bars, for the plot of scores.
        ladder: The ladder on the same questions, if one was climbed.
        earlier: What earlier evaluations found that this one did not ask for.
        people: What people say of this bundle, and of all bundles of the persona; empty leaves the section out.
        judge: What a judge said of the candidate's answers, if one was asked.
        inspect_log: Name of the Inspect log that lies beside the page.
        origin: What the candidate was made of.
    """
    report, before = run.report, earlier or Earlier()
    climbed = ladder.ladder if ladder else before.ladder
    rungs = {one.rung.value: one.run for one in ladder.runs} if ladder else {}
    questions = question_blocks(run, champion, rungs)
    page = Page(
        title=f"Evaluation of {run.model_name}",
        subtitle=_subtitle(run),
        decision=decision,
        meaning=_MEANINGS[decision.verdict] if decision else "",
        headline=_headline(run, champion),
        champion=champion is not None,
        families=glance(run, champion, decision, rubric),
        comparisons=tuple(map(comparison_line, decision.comparisons)) if decision else (),
        sections=_sections(run, champion),
        unmeasured=report.unmeasured,
        failures=failures_part(run, questions, passages=_answered_from(origin), log=inspect_log),
        ladder=ladder_part(climbed) if climbed else None,
        ladder_dated=when(climbed.stamp) if climbed and climbed.stamp and not ladder else "",
        outdated=before.outdated,
        coverage_risk=coverage_risk_part(report),
        people=people_part(people) if people else None,
        judge=judge_part(judge, run.answers) if judge else None,
        examples=_examples(run, champion, rungs, questions),
        lineage=lineage_part(origin) if origin else None,
        questions=questions,
        drafts=draft_blocks(run, champion),
        probes=probes_part(report, run.probes, before.probes),
        stress=stress_part(report, run.stress, before.stress),
        topics=report.topics,
        stances=report.stances,
    )
    return template("report.html.j2").render(page=page)


def _headline(run: ScoredRun, champion: ScoredRun | None) -> str:
    """The share of whole answers in words; empty where there is none."""
    score, theirs = (one.report.score("whole_answer") if one else None for one in (run, champion))
    if score is None:
        return ""
    beside = f"; of the champion's {theirs.value:.0%} [{theirs.low:.0%}, {theirs.high:.0%}]" if theirs else ""
    return (
        f"Headline: {score.value:.0%} [{score.low:.0%}, {score.high:.0%}] of {score.n} {describe(score.name)}{beside}."
    )


def _answered_from(origin: Origin | None) -> int | None:
    """How many of the passages found an answer is made of; None where that is not known."""
    settings = origin.manifest.retrieval if origin else None
    return settings.passages if settings else None


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
            found.append(Section(title, rows, _voice_note(run) if title == _VOICE else ""))
    return tuple(found)


def _voice_note(run: ScoredRun) -> str:
    """What the voice was told from; empty where nobody said."""
    return f"Voice is {run.report.voice_contrast}." if run.report.voice_contrast else ""


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
