"""The gate: may a bundle answer for its persona? Pure functions from scored runs and a rubric to a decision.

Three questions are asked. Hard stops: is there anything that no score makes good? Absolute bars: is it fit to be let
out at all? These two decide about a first bundle. And where a champion is live: is the candidate, on enough of the
same questions, not worse on any metric that counts, and better on one?
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from twin_data.configuration.rubric import Rubric
from twin_data.configuration.yaml_files import line_in, load_yaml
from twin_data.contracts.errors import ConfigurationError
from twin_data.contracts.evaluation import (
    Comparison,
    ComparisonOutcome,
    EvaluationReport,
    GateDecision,
    HardStop,
    QuestionKind,
    Verdict,
)
from twin_eval.comparison import COMPARABLE, SeedSpreads, compare_all, spread_words
from twin_eval.figures import figure, with_interval
from twin_eval.gate_bars import Outcome, Reason, advice, judge, judge_target
from twin_eval.hard_stops import unsafe_answers
from twin_eval.metric_names import is_metric, near_metrics
from twin_eval.needs import Asked, Need, all_of, need_of, need_of_kind
from twin_eval.scored_run import ScoredRun
from twin_eval.statistics import IntervalConfig

_INHERITED = {"confidence", "minimum", "refusal_costs"}
_REFUSAL_KINDS = tuple(kind for kind in QuestionKind if not kind.is_answerable)


def decide(
    candidate: ScoredRun,
    champion: ScoredRun | None,
    rubric: Rubric,
    *,
    stops: Sequence[HardStop] = (),
    remarks: Sequence[str] = (),
    seed_spreads: SeedSpreads | None = None,
    config: IntervalConfig | None = None,
) -> GateDecision:
    """Hold a candidate against hard stops, the absolute bars and, where one is live, the champion.

    Reject if there is a hard stop, an absolute bar fails or a metric is worse than its margin allows; a missed bar on
    faults of the endpoint fails nobody and leaves the decision open. Promote if every absolute bar is cleared and,
    against a champion, that one was heard, the rubric's minimum of questions is there, every metric is shown to be not
    worse and, where the rubric asks for it, one of `improves` to be better. Else inconclusive: the champion
    stays, and the reasons say how many more questions would decide.

    Args:
        candidate: The bundle to be decided on.
        champion: The live bundle on the same questions; None for a first bundle.
        rubric: The bars.
        stops: What was found about the bundle beside its answers; unsafe answers are looked for here.
        remarks: What could not be looked for; it is told and decides nothing.
        seed_spreads: How far training seeds move each metric (`seed_spread`), `UNTRAINED` for a bundle that was not
            trained; what is missing is taken from the rubric, and is else unknown.
        config: Resamples and seed of the comparison.

    Raises:
        ValueError: The two runs answered different questions.
    """
    found = (*stops, *unsafe_answers(candidate.answers))
    absolute = _absolute(candidate.report, rubric, Asked.of(candidate))
    absolute += [Reason(Outcome.NOT_ASKED, remark) for remark in remarks]
    if champion is None:
        return _decision(candidate.report, absolute, stops=found)
    if candidate.report.questions_digest != champion.report.questions_digest:
        raise ValueError(f"{candidate.model_name} and {champion.model_name} answered different questions")
    if champion.why_silent:
        return _decision(candidate.report, [*absolute, _unheard(champion)], champion.report.bundle, stops=found)
    comparisons = compare_all(candidate, champion, rubric, config=config or IntervalConfig(), seed_spreads=seed_spreads)
    both = _answered_by_both(candidate, champion)
    failed = len(candidate.answers) - both.total()
    asked = _asked_of_both(candidate, champion, both.total())
    reasons = [*absolute, *_samples(both, failed, rubric), *(_compared(one, asked) for one in comparisons)]
    if rubric.require_improvement:
        reasons.append(_improvement(comparisons, rubric.improves, asked))
    return _decision(candidate.report, reasons, champion.report.bundle, comparisons, found)


def decide_absolute(report: EvaluationReport, rubric: Rubric) -> GateDecision:
    """Hold a report against the absolute bars alone.

    Reject if any bar with enough rows fails; else inconclusive if any bar has too few rows, or no figure at all;
    promote only if every bar is cleared. Each bar gives one reason, which names figure, interval and n.
    """
    return _decision(report, _absolute(report, rubric, _asked(report)))


def refuse(report: EvaluationReport, stops: Sequence[HardStop]) -> GateDecision:
    """The rejection of a bundle that was not even asked.

    Raises:
        ValueError: There is no hard stop.
    """
    if not stops:
        raise ValueError(f"nothing was found against {report.persona}@{report.bundle}")
    return _decision(report, (), stops=stops)


def reaches_targets(report: EvaluationReport, rubric: Rubric) -> tuple[bool, tuple[str, ...]]:
    """Whether every target is shown to be reached, and each with its figure; a rubric without targets asks for more."""
    judged = [judge_target(bar, report.score(bar.metric), _asked(report)) for bar in rubric.targets]
    return bool(judged) and all(one.outcome is Outcome.CLEARED for one in judged), tuple(one.text for one in judged)


def default_rubric(*, is_self_check: bool = False) -> Rubric:
    """The product's bars for a persona that brings none; other bars where its questions were made by the self-check."""
    name = "rubric_self_check.yaml" if is_self_check else "rubric.yaml"
    with resources.as_file(resources.files("twin_eval").joinpath("defaults", name)) as path:
        return load_yaml(path, Rubric)


def persona_rubric(path: Path, *, is_self_check: bool = False) -> Rubric:
    """The persona's `rubric.yaml` if it has one, else the default; comparison and targets that it leaves out likewise.

    Raises:
        ConfigurationError: The file is there and wrong.
    """
    default = default_rubric(is_self_check=is_self_check)
    if not path.exists():
        return default
    rubric = load_yaml(path, Rubric)
    _check_metrics(path, rubric)
    left_out: dict[str, object] = {} if rubric.targets else {"targets": default.targets}
    left_out |= {name: getattr(default, name) for name in _INHERITED - rubric.model_fields_set}
    left_out |= {} if rubric.advisory else {"advisory": default.advisory}
    if not rubric.relative:
        left_out |= {"relative": default.relative, "improves": default.improves}
    return rubric.model_copy(update=left_out)


def _check_metrics(path: Path, rubric: Rubric) -> None:
    """Refuse a bar on a metric that no report can hold: it would leave every decision open."""
    problems = []
    for part in ("absolute", "targets", "advisory"):
        for at, bar in enumerate(getattr(rubric, part)):
            if not is_metric(bar.metric):
                hint = _meant(near_metrics(bar.metric)) or "the report of an evaluation lists every metric"
                problems.append(f"{_place(path, part, at)}: there is no metric {bar.metric!r}; {hint}")
    for at, relative in enumerate(rubric.relative):
        if relative.metric not in COMPARABLE:
            near = difflib.get_close_matches(relative.metric, COMPARABLE)
            hint = _meant(near) or f"comparable: {', '.join(COMPARABLE)}"
            problems.append(f"{_place(path, 'relative', at)}: {relative.metric!r} cannot be compared; {hint}")
    if problems:
        raise ConfigurationError("\n".join(problems), next_step=f"correct {path}")


def _place(path: Path, part: str, at: int) -> str:
    return f"{path}:{line_in(path, part, at, 'metric')}: {part}.{at}.metric"


def _meant(near: Sequence[str]) -> str:
    return f"did you mean {' or '.join(map(repr, near))}?" if near else ""


def _absolute(report: EvaluationReport, rubric: Rubric, asked: Asked) -> list[Reason]:
    """What the bars say that must be cleared, and what the advisory ones remark."""
    return [*(judge(bar, report.score(bar.metric), asked) for bar in rubric.absolute), *advice(report, rubric)]


def _asked(report: EvaluationReport) -> Asked:
    """How much was asked, as far as the scores tell: of errors there is one row a question."""
    every = report.score("error_rate")
    return Asked(questions=every.n if every else None)


def _asked_of_both(candidate: ScoredRun, champion: ScoredRun, questions: int) -> Asked:
    """How much was asked of two bundles: voice is compared on the side that has fewer samples."""
    briefs = max(Asked.of(one).briefs_a_sample for one in (candidate, champion))
    return Asked(questions=questions, briefs_a_sample=briefs)


def _decision(
    report: EvaluationReport,
    reasons: Sequence[Reason],
    champion: str | None = None,
    comparisons: Sequence[Comparison] = (),
    stops: Sequence[HardStop] = (),
) -> GateDecision:
    """The verdict that follows from the reasons; what decided comes first."""
    reasons = [*(Reason(Outcome.FAILED, f"hard stop, {one.kind}: {one.detail}") for one in stops), *reasons]
    outcomes = {one.outcome for one in reasons}
    if Outcome.FAILED in outcomes:
        verdict = Verdict.REJECT
    elif Outcome.UNDECIDED in outcomes:
        verdict = Verdict.INCONCLUSIVE
    else:
        verdict = Verdict.PROMOTE
    open_reasons = [one for one in reasons if one.outcome is Outcome.UNDECIDED]
    need = all_of(one.more for one in open_reasons) if verdict is Verdict.INCONCLUSIVE else None
    if need:
        reasons.append(Reason(Outcome.UNDECIDED, f"{need.text} would decide"))
    ordered = tuple(one.text for outcome in Outcome for one in reasons if one.outcome is outcome)
    return GateDecision(
        persona=report.persona,
        bundle=report.bundle,
        verdict=verdict,
        reasons=ordered,
        champion=champion,
        comparisons=tuple(comparisons),
        stops=tuple(stops),
        more_questions=need.questions or None if need else None,
        more_briefs=need.briefs or None if need else None,
    )


def _unheard(champion: ScoredRun) -> Reason:
    """What is said of a champion on whose every question the endpoint failed: nothing was compared with it."""
    text = (
        f"the champion {champion.model_name} answered nothing, {champion.failed} of its {len(champion.answers)} "
        f"questions failed ({champion.why_silent}): it stays; run again: only what failed is asked"
    )
    return Reason(Outcome.UNDECIDED, text)


def _answered_by_both(candidate: ScoredRun, champion: ScoredRun) -> Counter[QuestionKind]:
    """Questions of each kind on which neither bundle's endpoint failed."""
    scored = {one.question.id for one in champion.answers if one.scores}
    return Counter(one.kind for one in candidate.answers if one.scores and one.question.id in scored)


def _samples(both: Counter[QuestionKind], failed: int, rubric: Rubric) -> list[Reason]:
    """Whether there are questions enough to put a candidate in a champion's place; so many more failed on a side."""
    wanted, total = rubric.minimum, both.total()
    short = {kind: wanted.per_refusal_kind - both[kind] for kind in _REFUSAL_KINDS}
    lacking = {kind: gap for kind, gap in short.items() if gap > 0}
    more = max(wanted.questions - total, sum(lacking.values()))
    if more <= 0:
        return [Reason(Outcome.CLEARED, f"{total} questions that both answered or declined: enough to decide on")]
    text = (
        f"{total} questions that both answered or declined: to take a champion's place needs {wanted.questions}, "
        f"and {wanted.per_refusal_kind} of each kind to be refused; {more} more"
    )
    if lacking:
        text += f", at least {', '.join(f'{gap} {kind}' for kind, gap in lacking.items())}"
    if failed:
        text += f"; {failed} failed, and are asked again when the same command is run"
    needs = [need_of_kind(gap, both[kind], total) for kind, gap in lacking.items()]
    return [Reason(Outcome.UNDECIDED, text, all_of([Need(questions=more), *needs]))]


_OF_COMPARISON = {
    ComparisonOutcome.WORSE: Outcome.FAILED,
    ComparisonOutcome.UNDECIDED: Outcome.UNDECIDED,
    ComparisonOutcome.NOT_WORSE: Outcome.CLEARED,
    ComparisonOutcome.BETTER: Outcome.CLEARED,
    ComparisonOutcome.NOT_COMPARED: Outcome.NOT_ASKED,
}


def _compared(one: Comparison, asked: Asked) -> Reason:
    need = need_of(one.metric, one.more_rows, one.n, asked)
    return Reason(_OF_COMPARISON[one.outcome], comparison_text(one), need)


def comparison_text(one: Comparison) -> str:
    """A comparison in one line, for people."""
    name = f"{one.metric} against the champion"
    if one.outcome is ComparisonOutcome.NOT_COMPARED:
        return f"{name}: neither bundle has a figure, left out"
    if one.difference is None or one.low is None or one.high is None or one.detectable is None:
        if one.more_rows is None:
            return f"{name}: all {one.n} rows that both have rest on one source: questions on others are wanting"
        return f"{name}: {one.n} rows that both have are too few; about {one.more_rows} more would do"
    told = (
        f"{name}: {with_interval(one.difference, one.low, one.high, sign='+')}, "
        f"n = {one.n} from {one.clusters} sources; {one.better} is better, margin {one.margin:g}"
    )
    if one.outcome is not ComparisonOutcome.UNDECIDED:
        return f"{told}: {one.outcome.value.replace('_', ' ')}"
    more = f"about {one.more_rows} more rows would decide" if one.more_rows else "no realistic number of rows decides"
    return f"{told}: undecided, a difference of {figure(one.detectable)} could be found; {more}"


def _improvement(comparisons: Sequence[Comparison], improves: Sequence[str], asked: Asked) -> Reason:
    """Whether one of the metrics that shall improve does so with confidence; a gain on the nearest would be enough."""
    wanted = [one for one in comparisons if one.metric in improves]
    better = [one for one in wanted if one.outcome is ComparisonOutcome.BETTER]
    if better:
        return Reason(Outcome.CLEARED, f"better on {', '.join(_with_seeds(one) for one in better)}")
    needs = [need for one in wanted if (need := need_of(one.metric, one.gain_rows, one.n, asked))]
    text = f"no metric is shown to be better than the champion's: {'; '.join(map(_no_gain, wanted))}"
    nearest = min(needs, key=lambda need: need.questions + need.briefs, default=None)
    return Reason(Outcome.UNDECIDED, text, nearest)


def _no_gain(one: Comparison) -> str:
    if one.difference is None or one.detectable_gain is None:
        return f"{one.metric} has {'too few rows' if one.more_rows or not one.n else 'rows of one source only'}"
    hint = f", about {one.gain_rows} more rows would show it" if one.gain_rows else ""
    return f"{_with_seeds(one)} {figure(one.difference, sign='+')} (detectable {figure(one.detectable_gain)}{hint})"


def _with_seeds(one: Comparison) -> str:
    """The metric, and how much of a difference was put down to the luck of the training's seed."""
    return one.metric if one.seeds == 0 else f"{one.metric} [spread of training seeds {spread_words(one)}]"
