"""How far the luck of a training's seed moves a bundle's scores, by bundles trained alike under other seeds."""

from __future__ import annotations

from collections.abc import Sequence

from flows.exam_runs import exam_folder, put_questions
from flows.exams import Exam
from flows.hearing import Silent, heard
from flows.recipes import EvaluationSettings
from flows.reporting import report
from flows.seed_siblings import seed_siblings
from twin_data.configuration.home import TwinHome
from twin_data.configuration.rubric import Rubric
from twin_data.registry.port import BundleRegistry, RegisteredBundle
from twin_eval.comparison import UNTRAINED, SeedSpreads
from twin_eval.kept_answers import has_answered_as
from twin_eval.scored_run import ScoredRun
from twin_eval.seed_spread import seed_spreads


async def spreads_over_seeds(
    home: TwinHome,
    registry: BundleRegistry,
    bundle: RegisteredBundle,
    exam: Exam,
    run: ScoredRun,
    settings: EvaluationSettings,
    ask_all: bool = False,
) -> SeedSpreads:
    """How far the luck of the training's seed moves each metric of a bundle that was just asked.

    Of its training under other seeds those are heard that had the same exam before; with `ask_all` every one.
    """
    if ask_all:
        siblings = seed_siblings(bundle, registry.bundles(bundle.manifest.persona))
    else:
        siblings = examined_siblings(home, registry, bundle, exam, run)
    runs = [run]
    for one in siblings:
        other = await heard(one, put_questions(home, one, exam, settings))
        if isinstance(other, Silent):
            report(f"seeds: {other.model_name} is left out, it answers nothing: {other.why}")
        else:
            runs.append(other)
    return spreads_of(bundle, runs, exam.rubric)


def examined_siblings(
    home: TwinHome, registry: BundleRegistry, candidate: RegisteredBundle, exam: Exam, judged: ScoredRun
) -> tuple[RegisteredBundle, ...]:
    """Bundles of the same training under another seed that had the same exam as the candidate has had.

    Their answers are there already, by the same code, options and index, but for what the endpoint failed on: none is
    put through a whole exam for the sake of another's decision, unless that is asked for.
    """
    persona = candidate.manifest.persona
    others = seed_siblings(candidate, registry.bundles(persona))
    folders = {one.bundle_id: exam_folder(home, persona, one.bundle_id, exam) for one in others}
    found = tuple(one for one in others if has_answered_as(folders[one.bundle_id], one.bundle_id, judged))
    if left_out := len(others) - len(found):
        report(
            f"seeds: {left_out} of {len(others)} bundles of other seeds left out: they have not had this very exam; "
            f"`twin evaluate {persona} --seeds` puts it to them"
        )
    return found


def spreads_of(candidate: RegisteredBundle, runs: Sequence[ScoredRun], rubric: Rubric) -> SeedSpreads:
    """How far the luck of the training's seed moves each metric, by the runs of its seeds.

    Zero for a bundle that was not trained; empty, so unknown, where there is one seed only.
    """
    metrics = [bar.metric for bar in rubric.relative]
    return seed_spreads(runs, metrics) if candidate.manifest.lineage.training else dict.fromkeys(metrics, UNTRAINED)
