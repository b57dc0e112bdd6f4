"""`evaluate-twin`: put the questions to candidate and champion through the public API, and let the gate decide."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from flows.exam_runs import exam_folder, put_questions
from flows.exams import Exam, prepare
from flows.hard_stops import Search, bundle_to_judge, stops_of
from flows.hearing import Silent, heard
from flows.human_labels import said_of
from flows.judges import ask_the_judge
from flows.origins import origin_of
from flows.promotion import carry_out
from flows.recipes import DEFAULT_RECIPE, QUICK_TOKENS, EvaluationSettings, Recipe, load_recipe
from flows.reporting import report
from flows.rungs import rung_bundles
from flows.seed_siblings import require_siblings
from flows.seed_spreads import spreads_over_seeds
from flows.turns import refresh_turn
from flows.yardsticks import measured_against, require_keys
from twin_data.configuration.home import TwinHome
from twin_data.contracts.answers import TwinOptions
from twin_data.contracts.evaluation import EvaluationReport, GateDecision, HardStop
from twin_data.contracts.ladder import MissingRung
from twin_data.contracts.releases import TRAINED, Alias, RetrievalSettings
from twin_data.registry import open_registry
from twin_data.registry.port import BundleRegistry, RegisteredBundle
from twin_data.registry.selection import holder
from twin_eval import gate
from twin_eval.comparison import SeedSpreads
from twin_eval.judging.findings import JudgeFindings
from twin_eval.ladder import Climbed, RungRun, build_ladder
from twin_eval.model_card import card_summary
from twin_eval.questions import questions_digest
from twin_eval.report import DECISION_JSON, ReportFiles, write_report
from twin_eval.scored_run import ScoredRun
from twin_eval.storage import write_atomically

UNCHECKED, CLOSED_BOOK = TwinOptions(verify=False), TwinOptions(retrieval=False)
"""The trained rungs of the ladder are asked in these two ways as well: what they learnt is told apart from what the
checks stop and from what the archive tells."""


@flow(name="evaluate-twin", flow_run_name="evaluate-twin-{persona}", log_prints=False)
async def evaluate_twin(
    persona: str,
    recipe: str = DEFAULT_RECIPE,
    bundle: str | None = None,
    ladder: bool = False,
    probes: str | None = None,
    stress: bool = False,
    quick: bool = False,
    seeds: bool = False,
) -> dict[str, Any]:
    """Judge a bundle by its persona's bars and against the live champion; one that is promoted becomes champion.

    Args:
        persona: A persona of `$TWIN_HOME`.
        recipe: Name or path of a recipe.
        bundle: Bundle id; None for the candidate.
        ladder: Put the same questions to every rung of the ladder as well: is training needed at all? Answers that a
            rung has given before, in an interrupted run or another evaluation, are used again.
        probes: File of safe and unsafe prompts to ask the candidate as well; None takes the rubric's, if it names one.
        stress: Put the questions to the candidate under harder conditions as well: typing errors, conversations, other
            languages, long texts, hostile users.
        quick: A quick look: sixty questions, answers of eighty tokens and no further drafts, nothing written. It says
            where things stand and promotes nothing, since that is not how the bundle is served.
        seeds: Put the questions to bundles of the same training under other seeds as well, the candidate's and those of
            the ladder's rungs, before it is decided: a gain has to exceed the spread of their scores. Without, those
            are taken that have had the very same exam already.

    Returns:
        Scores, decision, ladder, the judge's opinion and the address of the page (`report`, `decision`, `ladder`,
        `judge`, `html`) as plain JSON. A bundle whose files are unsafe is rejected unasked: no scores, no page.
    """
    home, chosen = TwinHome.from_environment(), load_recipe(recipe)
    if quick:
        chosen = chosen.model_copy(update={"evaluation": chosen.evaluation.quick})
    require_keys(chosen.evaluation, ladder=ladder)
    with refresh_turn(home, persona):
        registry = open_registry(home)
        candidate, unsafe = bundle_to_judge(registry, persona, bundle)
        if seeds and not unsafe:
            require_siblings(candidate, registry.bundles(persona))
        whole = prepare(home, persona, chosen, probes, stress)
        whole = replace(whole, max_tokens=QUICK_TOKENS if quick else None)
        exam = whole.of_questions
        if unsafe:
            return refuse(home, whole, candidate, unsafe)
        rungs = await climb(home, persona, chosen, exam, registry, seeds) if ladder else None
        judged = await ask(home, candidate, whole, chosen.evaluation)
        live = champion_of(registry, candidate)
        champion = await heard(live, ask(home, live, exam, chosen.evaluation)) if live else None
        found = stops_of(home, candidate, exam.questions)
        spreads: SeedSpreads = {}
        if isinstance(champion, ScoredRun):
            spreads = await spreads_over_seeds(home, registry, candidate, exam, judged, chosen.evaluation, seeds)
        elif seeds:
            report("seeds: there is no champion whose scores a gain could be over; nobody else was asked")
        decision, compared = decide(judged, champion, whole, found, spreads)
        opinion = await second_opinion(home, judged, exam, chosen.evaluation, candidate.manifest.retrieval)
        files = await asyncio.to_thread(write_down, home, exam, judged, compared, decision, rungs, candidate, opinion)
        if quick:
            report("a quick look promotes nothing; ask without it for a decision")
        else:
            promote(registry, candidate, decision)
            attach_card(registry, candidate, judged, decision, files)
        report(f"report: {files.page}")
        return {
            "report": judged.report.model_dump(mode="json"),
            "decision": decision.model_dump(mode="json"),
            "ladder": rungs.ladder.model_dump(mode="json") if rungs else None,
            "judge": opinion.model_dump(mode="json", exclude={"verdicts"}) if opinion else None,
            "html": str(files.page),
        }


@task(cache_policy=NO_CACHE)
async def climb(
    home: TwinHome, persona: str, recipe: Recipe, exam: Exam, registry: BundleRegistry, seeds: bool = False
) -> Climbed:
    """Put the questions to every rung, one after the other, and say where to stand.

    A rung that answers nothing, for instance because its adapter is refused, counts as missing and says why.
    """
    bundles, found_missing = await asyncio.to_thread(rung_bundles, home, persona, recipe)
    runs, missing = [], list(found_missing)
    alone: dict[TwinOptions, list[RungRun]] = {UNCHECKED: [], CLOSED_BOOK: []}
    for bundle in bundles:
        run = await heard(bundle, put_questions(home, bundle, exam, recipe.evaluation))
        if isinstance(run, Silent):
            missing.append(MissingRung(rung=bundle.manifest.rung, reason=f"it answers nothing: {run.why}"))
            continue
        spreads = await spreads_over_seeds(home, registry, bundle, exam, run, recipe.evaluation, seeds)
        runs.append(RungRun(manifest=bundle.manifest, run=run, seed_spreads=spreads))
        if bundle.manifest.rung not in TRAINED:
            continue
        for options, answered in alone.items():
            asking = put_questions(home, bundle, exam.without_texts, recipe.evaluation, options)
            if not isinstance(by_itself := await heard(bundle, asking), Silent):
                answered.append(RungRun(manifest=bundle.manifest, run=by_itself))
    found = await asyncio.to_thread(
        build_ladder,
        runs,
        exam.rubric,
        missing=missing,
        unchecked=alone[UNCHECKED],
        closed_book=alone[CLOSED_BOOK],
    )
    report(f"ladder: {found.verdict}")
    ask = partial(put_questions, home, exam=exam, settings=recipe.evaluation)
    return await measured_against(home, recipe, bundles, Climbed(ladder=found, runs=tuple(runs)), exam.rubric, ask)


@task(cache_policy=NO_CACHE)
async def ask(home: TwinHome, bundle: RegisteredBundle, exam: Exam, settings: EvaluationSettings) -> ScoredRun:
    """Put every question and brief to the business microservice; what was answered before is not asked again."""
    return await put_questions(home, bundle, exam, settings)


@task(cache_policy=NO_CACHE)
def refuse(home: TwinHome, exam: Exam, bundle: RegisteredBundle, stops: Sequence[HardStop]) -> dict[str, Any]:
    """Reject a bundle whose files nobody should load, without asking it anything; what the flow returns."""
    manifest = bundle.manifest
    empty = EvaluationReport(
        persona=manifest.persona,
        bundle=bundle.bundle_id,
        questions_digest=questions_digest(exam.questions),
        scores=(),
        index=exam.index,
    )
    decision = gate.refuse(empty, stops).model_copy(update={"exam_digest": exam.digest})
    path = exam_folder(home, manifest.persona, bundle.bundle_id, exam) / DECISION_JSON
    write_atomically(path, decision.model_dump_json(indent=2) + "\n")
    report(f"gate: {decision.verdict.value} {manifest.model_name}: {'; '.join(decision.reasons)}")
    return {"report": empty.model_dump(mode="json"), "decision": decision.model_dump(mode="json"), "html": None}


@task(cache_policy=NO_CACHE)
def decide(
    candidate: ScoredRun,
    champion: ScoredRun | Silent | None,
    exam: Exam,
    found: Search | None = None,
    spreads: SeedSpreads | None = None,
) -> tuple[GateDecision, ScoredRun | None]:
    """Apply the gate; returns its decision and the champion, if it was compared with.

    A champion that the service cannot serve any more, because templates or index have changed under it, protects
    nobody. One whose answers failed for another reason stays: the gate leaves the decision open.
    """
    unable: str | None = None
    asked: ScoredRun | None
    compared: ScoredRun | None = None
    if isinstance(champion, Silent):
        report(f"gate: the champion {champion.model_name} answers nothing ({champion.why})")
        unable = champion.bundle.bundle_id if champion.is_refused else None
        asked = None if unable else champion.run
    else:
        asked = compared = champion
    found = found or Search()
    decision = gate.decide(
        candidate, asked, exam.rubric, stops=found.stops, remarks=found.remarks, seed_spreads=spreads
    )
    failed = candidate.failed + (asked.failed if asked else 0)
    is_today = exam.is_answered_today(candidate)
    if not is_today:
        report("gate: the service runs other code than this command: restart it with `twin up`; a refresh judges again")
    decision = decision.model_copy(
        update={
            "unable_champion": unable,
            "exam_digest": exam.digest if is_today else "",
            "failed_questions": failed,
        }
    )
    report(f"gate: {decision.verdict.value} {candidate.model_name}: {'; '.join(decision.reasons)}")
    return decision, compared


@task(cache_policy=NO_CACHE)
async def second_opinion(
    home: TwinHome,
    run: ScoredRun,
    exam: Exam,
    settings: EvaluationSettings,
    retrieval: RetrievalSettings | None = None,
) -> JudgeFindings | None:
    """What the recipe's judge says of the candidate's answers, after the gate has decided: it decides nothing."""
    folder = exam_folder(home, run.report.persona, run.report.bundle, exam)
    return await ask_the_judge(home, run, folder, settings, retrieval or RetrievalSettings())


@task(cache_policy=NO_CACHE)
def promote(registry: BundleRegistry, candidate: RegisteredBundle, decision: GateDecision) -> None:
    """Move the alias `champion`, if the gate says so. A kill before it leaves that to the next refresh."""
    carry_out(registry, candidate, decision)


@task(cache_policy=NO_CACHE)
def attach_card(
    registry: BundleRegistry, bundle: RegisteredBundle, run: ScoredRun, decision: GateDecision, files: ReportFiles
) -> None:
    """Give the bundle's version in the registry its card with this evaluation; the bundle's own files stay."""
    summary = card_summary(run, decision)
    card = files.card.read_text("utf-8")
    known = registry.attach_card(bundle.manifest.persona, bundle.bundle_id, card, summary=summary)
    report(f"model card: {known.card}")


@task(cache_policy=NO_CACHE)
def write_down(
    home: TwinHome,
    exam: Exam,
    candidate: ScoredRun,
    champion: ScoredRun | None,
    decision: GateDecision,
    rungs: Climbed | None = None,
    bundle: RegisteredBundle | None = None,
    opinion: JudgeFindings | None = None,
) -> ReportFiles:
    """Write scores, decision, ladder, page, model card and Inspect logs."""
    return write_report(
        candidate,
        exam_folder(home, candidate.report.persona, candidate.report.bundle, exam),
        decision=decision,
        rubric=exam.rubric,
        champion=champion,
        ladder=rungs,
        origin=origin_of(home, bundle) if bundle else None,
        people=said_of(home, candidate),
        judge=opinion,
    )


def champion_of(registry: BundleRegistry, candidate: RegisteredBundle) -> RegisteredBundle | None:
    """The live champion, unless there is none or it is the candidate itself."""
    live = holder(registry.bundles(candidate.manifest.persona), Alias.CHAMPION)
    return None if live is None or live.bundle_id == candidate.bundle_id else live
