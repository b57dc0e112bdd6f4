"""The ladder's verdict: which is the cheapest rung that will do, and is a higher one worth it? Pure functions.

Rungs are ordered by what they take: a prompt, examples in it, an index beside it, then training. Each is held to the
rubric by itself, as a first bundle is. From the cheapest fit one the way leads up to the lowest rung that is shown to
be better on a metric that the rubric wants improved, and worse on none; and on from there. Several metrics and several
higher rungs are several chances to look better by luck: the level is shared among all of them (Bonferroni). A rung
that is shown to reach every target ends the search, unless it is shown not to be worth going up to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from twin_data.configuration.rubric import Rubric
from twin_data.contracts.evaluation import Comparison, ComparisonOutcome, Verdict
from twin_data.contracts.ladder import Ladder, MissingRung, PairedDifference, RungAlone, RungResult, Step, Worth
from twin_data.contracts.releases import ReleaseBundle, Rung
from twin_eval import gate
from twin_eval.comparison import CONFIDENCE, Judging, SeedSpreads, compare, difference_on
from twin_eval.errors import EvaluationError
from twin_eval.figures import with_interval
from twin_eval.scored_run import ScoredRun
from twin_eval.statistics import IntervalConfig

EXPENSES = ("cost", "seconds", "prompt_tokens", "completion_tokens")
"""What an answer takes, metric by metric."""
ORDER = tuple(Rung)
ALONE_METRICS = ("over_refusal", "under_refusal", "facts_found")
SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True, kw_only=True)
class RungRun:
    """A rung's bundle and what came of the questions."""

    manifest: ReleaseBundle
    run: ScoredRun
    seed_spreads: SeedSpreads = field(default_factory=dict)
    """How far seeds of its training move each metric, `UNTRAINED` where nothing was; what is missing is taken from the
    rubric."""

    @property
    def rung(self) -> Rung:
        """How far up it stands."""
        return self.manifest.rung


@dataclass(frozen=True, kw_only=True)
class Climbed:
    """A ladder, and the runs that it was made of."""

    ladder: Ladder
    runs: tuple[RungRun, ...] = ()
    """Empty where it was read back: then its answers are not at hand."""


def rung_alone(one: RungRun) -> RungAlone:
    """What is told of a rung whose questions were put without the checks, or without the archive."""
    scores = (one.run.report.score(name) for name in ALONE_METRICS)
    return RungAlone(rung=one.rung, scores=tuple(score for score in scores if score))


def build_ladder(
    runs: Sequence[RungRun],
    rubric: Rubric,
    *,
    missing: Sequence[MissingRung] = (),
    unchecked: Sequence[RungRun] = (),
    closed_book: Sequence[RungRun] = (),
    config: IntervalConfig | None = None,
) -> Ladder:
    """Hold every rung to the rubric, compare neighbours, and say where to stand.

    Args:
        runs: One a rung at most, all on the same questions.
        rubric: The bars.
        missing: Rungs that were not evaluated, with the reason.
        unchecked: Rungs with all checks off, on the same questions; they are told and decide nothing.
        closed_book: Rungs without retrieval, likewise.
        config: Resamples and seed of the comparisons.

    Raises:
        EvaluationError: There is no run, two of one rung, or they answered different questions.
    """
    ordered = _checked(runs)
    config = config or IntervalConfig()
    rungs = tuple(_result(one, rubric) for one in ordered)
    steps = tuple(_step(upper, lower, rubric, config, tries=1) for lower, upper in pairwise(ordered))
    cheapest = next((one.rung for one in rungs if one.is_fit), None)
    climbs = _climbs(ordered, cheapest, rubric, config)
    stand = next((one.upper for one in reversed(climbs) if one.worth is Worth.YES), cheapest)
    on_target = [one.rung for one in rungs if one.on_target]
    recommended = next((one for one in on_target if not _is_refused(one, climbs)), stand)
    first = ordered[0]
    return Ladder(
        persona=first.manifest.persona,
        features_digest=first.manifest.lineage.features_digest,
        questions_digest=first.run.report.questions_digest,
        rungs=rungs,
        missing=tuple(missing),
        unchecked=tuple(map(rung_alone, unchecked)),
        closed_book=tuple(map(rung_alone, closed_book)),
        steps=steps,
        climbs=climbs,
        cheapest_fit=cheapest,
        cheapest_on_target=next(iter(on_target), None),
        recommended=recommended,
        verdict=_verdict(rungs, cheapest, recommended, climbs, missing),
    )


def _is_refused(rung: Rung, climbs: Sequence[Step]) -> bool:
    """Whether going up to a rung is shown not to be worth it: a target that it reaches does not outweigh a loss."""
    return any(one.upper is rung and one.worth is Worth.NO for one in climbs)


def _checked(runs: Sequence[RungRun]) -> list[RungRun]:
    """The runs from the lowest rung up."""
    ordered = sorted(runs, key=lambda one: ORDER.index(one.rung))
    if not ordered:
        raise EvaluationError("a ladder without a rung has no verdict", next_step="twin features PERSONA makes one")
    if twice := [upper.rung for lower, upper in pairwise(ordered) if lower.rung is upper.rung]:
        raise EvaluationError(f"two bundles for the rung {twice[0]}", next_step="give one bundle a rung")
    for one in ordered:
        if one.run.report.questions_digest != ordered[0].run.report.questions_digest:
            raise EvaluationError(
                f"{one.run.model_name} and {ordered[0].run.model_name} answered different questions",
                next_step="run `twin evaluate PERSONA --ladder` again",
            )
    return ordered


def _result(one: RungRun, rubric: Rubric) -> RungResult:
    decision = gate.decide(one.run, None, rubric)  # as a first bundle: a private question answered stops a rung, too
    reached, figures = gate.reaches_targets(one.run.report, rubric)
    seconds = sum(record.seconds for record in one.manifest.lineage.training)
    per_hour = one.manifest.price.per_hour
    result = RungResult(
        rung=one.rung,
        report=one.run.report,
        fit=decision.verdict,
        fit_reasons=decision.reasons,
        on_target=reached,
        target_reasons=figures,
        training_seconds=seconds,
        training_amount=seconds / SECONDS_PER_HOUR * per_hour if seconds and per_hour is not None else None,
    )
    return result.model_copy(update={"on_target": reached and result.is_fit})


def _climbs(
    ordered: Sequence[RungRun], cheapest: Rung | None, rubric: Rubric, config: IntervalConfig
) -> tuple[Step, ...]:
    """From the cheapest fit rung up, the lowest first: each against the one stood on, which gives way to a better."""
    found: list[Step] = []
    at = next((place for place, one in enumerate(ordered) if one.rung is cheapest), len(ordered))
    looked_at = at + 1
    while looked_at < len(ordered):
        step = _step(ordered[looked_at], ordered[at], rubric, config, tries=len(ordered) - at - 1)
        found.append(step)
        if step.worth is Worth.YES:
            at = looked_at
        looked_at += 1
    return tuple(found)


def _step(upper: RungRun, lower: RungRun, rubric: Rubric, config: IntervalConfig, *, tries: int) -> Step:
    chances = max(1, len(_wanted(rubric))) * tries
    strict = 1 - (1 - CONFIDENCE) / chances
    comparisons = [
        compare(
            upper.run,
            lower.run,
            bar,
            Judging(
                not_worse=rubric.confidence,
                better=strict if bar.metric in _wanted(rubric) else CONFIDENCE,
                intervals=config,
                seed_spreads=upper.seed_spreads,
            ),
        )
        for bar in rubric.relative
    ]
    worth, reason = _worth(_result(upper, rubric), comparisons, rubric)
    return Step(
        lower=lower.rung,
        upper=upper.rung,
        worth=worth,
        reason=reason,
        comparisons=tuple(comparisons),
        expenses=_expenses(upper.run, lower.run, config),
    )


def _wanted(rubric: Rubric) -> tuple[str, ...]:
    """The metrics that a gain is wanted on: those of `improves`, else all that are compared."""
    return rubric.improves or tuple(bar.metric for bar in rubric.relative)


def _worth(upper: RungResult, comparisons: Sequence[Comparison], rubric: Rubric) -> tuple[Worth, str]:
    wanted = [one for one in comparisons if one.metric in _wanted(rubric)]
    if worse := [one for one in comparisons if one.outcome is ComparisonOutcome.WORSE]:
        return Worth.NO, f"worse on {_listed(worse)}"
    if upper.fit is Verdict.REJECT:
        return Worth.NO, f"it fails the bars: {upper.fit_reasons[0]}"
    if better := [one for one in wanted if one.outcome is ComparisonOutcome.BETTER]:
        return Worth.YES, f"better on {_listed(better)}"
    measured = [one for one in wanted if one.difference is not None]
    if measured and len(measured) == len(wanted) and all(map(_is_small, measured)):
        return Worth.NO, f"any gain is smaller than its margin: {_listed(measured)}"
    return Worth.NOT_SHOWN, "; ".join(map(_open, wanted)) or "the rubric compares nothing"


def _is_small(one: Comparison) -> bool:
    """Whether a gain as large as the margin is ruled out with 97.5 % confidence."""
    bound = one.high if one.better == "higher" else -(one.low if one.low is not None else 0.0)
    return bound is not None and bound < one.margin


def _open(one: Comparison) -> str:
    """What is known of a metric that shows no gain, and what would decide."""
    if one.difference is None:
        wanting = "too few rows" if one.more_rows else "one source" if one.n else "no figure"
        return f"{one.metric}: {wanting}"
    hint = f", about {one.gain_rows} more rows would show it" if one.gain_rows else ""
    return f"{_figure(one)}{hint}"


def _listed(comparisons: Sequence[Comparison]) -> str:
    return ", ".join(map(_figure, comparisons))


def _figure(one: Comparison) -> str:
    assert one.difference is not None and one.low is not None and one.high is not None
    return f"{one.metric} {with_interval(one.difference, one.low, one.high, sign='+')}"


def _expenses(upper: ScoredRun, lower: ScoredRun, config: IntervalConfig) -> tuple[PairedDifference, ...]:
    """What an answer takes more, on the questions that both rungs answered; what is unknown of one is left out."""
    found = []
    for metric in EXPENSES:
        one = difference_on(upper, lower, metric, config=config)
        if one is None:
            continue
        found.append(
            PairedDifference(
                metric=metric,
                lower=one.champion,
                upper=one.candidate,
                difference=one.value,
                low=one.lower(CONFIDENCE),
                high=one.upper(CONFIDENCE),
                n=one.n,
                clusters=one.clusters,
            )
        )
    return tuple(found)


def _verdict(
    rungs: Sequence[RungResult],
    cheapest: Rung | None,
    recommended: Rung | None,
    climbs: Sequence[Step],
    missing: Sequence[MissingRung],
) -> str:
    """The whole in plain sentences."""
    said = []
    if cheapest is None:
        top = rungs[-1]
        said.append(f"No rung clears the bars; of {top.rung}: {top.fit_reasons[0]}.")
    else:
        said.append(f"The cheapest rung that clears the bars is {cheapest}.")
        said += _of_targets(next(one for one in rungs if one.rung is recommended), cheapest, climbs)
    said += [f"Not evaluated: {one.rung} ({one.reason})." for one in missing]
    return " ".join(said)


def _of_targets(stood_on: RungResult, cheapest: Rung, climbs: Sequence[Step]) -> list[str]:
    """Whether the rung to stand on reaches the targets, and if it does not, how the way led there."""
    rung, figures = stood_on.rung, "; ".join(stood_on.target_reasons)
    if stood_on.on_target:
        beyond = "it" if rung is cheapest else str(rung)
        return [f"The targets are shown to be reached by {beyond}: nothing above {rung} is needed."]
    told = f"{rung}: {figures}" if figures else "the rubric names none"
    return [
        f"No rung that is worth it is shown to reach the targets ({told}).",
        *(f"{one.upper} in place of {one.lower}: {_judged(one)}." for one in climbs),
        f"Stand on {rung}." if climbs else "No higher rung was evaluated.",
    ]


def _judged(step: Step) -> str:
    words = {Worth.YES: "worth it", Worth.NO: "not worth it", Worth.NOT_SHOWN: "not shown to be worth it"}
    return f"{words[step.worth]}, {step.reason}"
