"""`twin demo`: the whole loop on the sample persona, from nothing to a trained, judged and monitored twin."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from typing import Annotated, Any

import typer

from flows.cli.output import EXIT_FAILURE, console, reports_errors, working_on
from flows.cli.prefect_environment import use_prefect
from flows.cli.talk import complete, page_url
from flows.personas import SAMPLE, install_sample
from flows.platform import supervisor
from flows.platform.settings import PlatformSettings
from twin_data.configuration.home import TwinHome
from twin_data.contracts.errors import PlatformError
from twin_data.contracts.releases import Alias
from twin_data.registry import open_registry
from twin_data.registry.selection import holder

Report = Callable[[str], None]

QUESTION = "What did Kafka cost the Co-op each month, and what does PostgreSQL cost instead?"


def register(app: typer.Typer) -> None:
    """Add the demo."""
    app.command("demo")(demo)


@reports_errors
def demo(
    question: Annotated[str, typer.Option(help="The question to ask once the twin can answer.")] = QUESTION,
    retrieval_only: Annotated[
        bool, typer.Option("--retrieval-only", help="End with the judged twin of base model and retrieval.")
    ] = False,
) -> None:
    """Start the platform, make a twin of base model and retrieval, ask it; then train its voice, judge it, monitor it.

    The first cited answer comes within minutes and the chat page works from then on, while the rest goes on. Everything
    is left running. Run it again: only what has changed is done again.

    Example:
      twin demo
    """
    started = time.monotonic()
    home, settings = TwinHome.from_environment(), PlatformSettings.from_environment()
    os.environ.update(settings.as_environment())
    install_sample(home)
    with working_on("starting the platform") as say:
        timed = _timed(say, started)
        result = asyncio.run(_features_while_serving_starts(home, settings, timed))
        answer = complete(f"{SAMPLE}@{result['bundle']}", [{"role": "user", "content": question}])
    _show_answer(question, answer, time.monotonic() - started)
    if not answer["twin"]["citations"]:
        raise PlatformError("the first answer has no citation", next_step="twin status; logs are in $TWIN_HOME/logs")
    _report_on_corpus(home, settings, started)
    first = _evaluate(home, settings, started)
    console.print(f"\nchat page:   {page_url(home, settings)}", markup=False)
    console.print(f"status page: {settings.business_address}/status", markup=False)
    if first != "promote":
        console.print(f"next: read the report, then twin promote {SAMPLE} --help", markup=False)
        raise typer.Exit(EXIT_FAILURE)
    if not retrieval_only:
        _train_and_monitor(settings, started)
    console.print('\nask more:    twin ask sample "…"      stop everything: twin down', markup=False)


async def _features_while_serving_starts(home: TwinHome, settings: PlatformSettings, report: Report) -> dict[str, Any]:
    """Build features in this process while the servers that need nothing of them start."""
    # Models first, by one thread: transformers cannot be imported by two threads at once.
    await asyncio.gather(
        asyncio.to_thread(_prepare_models, settings, report),
        asyncio.to_thread(supervisor.ensure, home, settings, ("elasticsearch", "prefect"), report=report),
    )
    serving = asyncio.to_thread(supervisor.ensure, home, settings, (), report=report)
    features = asyncio.to_thread(_build_features, home, settings, report)
    await asyncio.gather(serving, features_done := asyncio.ensure_future(features))
    return features_done.result()


def _prepare_models(settings: PlatformSettings, report: Report) -> None:
    """Unpack the base model and export the encoder, each on first use only."""
    from flows.recipes import load_recipe  # takes seconds to import
    from twin_data.transform.embedding_model import ensure_encoder
    from twin_train.base_models import ensure_base_model

    recipe, models = load_recipe(settings.recipe), settings.cache / "models"
    report("preparing the base model and the encoder (about a minute, the first time only)")
    ensure_base_model(models, recipe.base_model, report)
    ensure_encoder(models, recipe.features.embedding)


def _build_features(home: TwinHome, settings: PlatformSettings, report: Report) -> dict[str, Any]:
    use_prefect(home, settings)
    from flows.build_features import build_features  # Prefect takes seconds to import
    from flows.deployments import register_deployments
    from flows.reporting import listening

    with listening(report):
        # The report on the corpus can wait until the first question is answered.
        result: dict[str, Any] = build_features(SAMPLE, settings.recipe, corpus_report=False)
        register_deployments(SAMPLE, settings.recipe)
    return result


def _report_on_corpus(home: TwinHome, settings: PlatformSettings, started: float) -> None:
    """What the archive amounts to, now that the first question is answered; the refresh remembers it."""
    from flows.corpus_report import write_corpus_report
    from flows.recipes import load_recipe
    from flows.reporting import listening

    with working_on("reporting on the corpus") as say, listening(_timed(say, started)):
        written = write_corpus_report(home, SAMPLE, load_recipe(settings.recipe))
    verdict = written.report.verdict
    console.print(f"\ncorpus: {verdict.recommendation}, by {verdict.basis}", markup=False)
    console.print(f"report: {written.files.page}", markup=False)


def _evaluate(home: TwinHome, settings: PlatformSettings, started: float) -> str:
    """Judge bundle 0 by the sample's questions, unless it was judged before and something better is champion."""
    from flows.bundles import newest_base_bundle
    from flows.evaluate_twin import evaluate_twin
    from flows.reporting import listening

    with working_on("judging bundle 0 by its questions") as say, listening(_timed(say, started)):
        base = newest_base_bundle(home, SAMPLE)
        if holder(open_registry(home).bundles(SAMPLE), Alias.CHAMPION):
            return "promote"
        result = asyncio.run(evaluate_twin(SAMPLE, settings.recipe, base.bundle_id))
    decision = result["decision"]
    console.print(f"\nbundle 0: {decision['verdict']} ({'; '.join(decision['reasons'])})", markup=False)
    return str(decision["verdict"])


def _train_and_monitor(settings: PlatformSettings, started: float) -> None:
    """The rest of the loop: datasets, SFT, DPO, gate; then a look at the live interactions."""
    from flows.monitor_twin import monitor_twin
    from flows.refresh_twin import refresh_twin
    from flows.reporting import listening

    with working_on("training the voice; the chat page answers meanwhile") as say, listening(_timed(say, started)):
        refreshed = refresh_twin(SAMPLE, settings.recipe, "demo")
        monitored = monitor_twin(SAMPLE, settings.recipe)
    console.print(f"\nrefresh: {refreshed['ended']} ({refreshed['why']})", markup=False)
    if evaluation := refreshed["evaluation"]:
        console.print(f"verdict: {evaluation['decision']['verdict']}", markup=False)
        console.print(f"report:  {evaluation['html']}", markup=False)
    console.print(f"monitor: {monitored['report']['summary']}", markup=False)
    console.print(f"whole loop after {(time.monotonic() - started) / 60:.1f} minutes", markup=False)


def _timed(say: Report, started: float) -> Report:
    return lambda message: say(f"{time.monotonic() - started:5.0f} s  {message}")


def _show_answer(question: str, answer: dict[str, Any], seconds: float) -> None:
    console.print(f"\nfirst answer after {seconds:.0f} s\n\nQ: {question}\n", markup=False)
    console.print(answer["choices"][0]["message"]["content"], markup=False)
