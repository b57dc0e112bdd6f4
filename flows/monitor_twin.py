"""`monitor-twin`: score what users asked and what they got, and say who moved; a drifted window starts a refresh."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Any

from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from flows.drift_events import announce
from flows.exam_files import held_out_questions
from flows.live_interactions import interaction_pages
from flows.recipes import DEFAULT_RECIPE, Recipe, load_recipe
from flows.reporting import report
from flows.voices import VoiceUse, voice_of
from twin_data.configuration.home import TwinHome, cache_folder
from twin_data.configuration.persona import load_persona
from twin_data.contracts.answers import Interaction
from twin_data.contracts.errors import CorpusError, SourceError
from twin_data.contracts.monitoring import DriftReport
from twin_data.contracts.releases import Alias
from twin_data.registry import open_registry
from twin_data.registry.port import RegisteredBundle
from twin_data.registry.selection import holder
from twin_data.scoring.encoder import SentenceEncoder
from twin_data.store.tables import FeatureStore
from twin_data.transform.embedding_model import ensure_encoder
from twin_eval.monitoring.corpus import corpus_name, corpus_vectors, has_corpus, new_writing_share
from twin_eval.monitoring.run import MonitorInputs, nothing_asked, run
from twin_eval.monitoring.scoring import Scorer, Voice
from twin_eval.monitoring.tables import MonitoringTables
from twin_serve.ledger.database import opened_database, url_of
from twin_serve.ledger.texts import delete_texts
from twin_serve.ledger.usage import UsageRow, usage

ENOUGH_AT_ONCE = 20_000
LONGEST_REQUEST = timedelta(hours=1)
"""The ledger shows an interaction when it has ended, by the time that it began."""


@flow(name="monitor-twin", flow_run_name="monitor-twin-{persona}", log_prints=False)
def monitor_twin(persona: str, recipe: str = DEFAULT_RECIPE) -> dict[str, Any]:
    """Score the persona's new interactions and compare the newest window with what is expected.

    Args:
        persona: A persona of `$TWIN_HOME`.
        recipe: Name or path of a recipe.

    Returns:
        The report on the window, whether a refresh was asked for, and the requests of the last day, as plain JSON. A
        persona whose features have not been built yet is waited for: nobody can ask it.
    """
    home, chosen = TwinHome.from_environment(), load_recipe(recipe)
    load_persona(home, persona)
    tables = MonitoringTables(FeatureStore.of(home.features, persona))
    if not has_corpus(tables.store):
        report(f"monitor: {persona} has no features yet: twin features {persona}")
        return _result(nothing_asked(persona, datetime.now(UTC), chosen.monitoring))
    found = read_ledger(home, persona, tables)
    judged = judge(home, persona, chosen, tables, found)
    announced = announce_drift(home, persona, tables)
    delete_old_texts(home, persona, chosen)
    return _result(judged, announced, requests_of_the_day(home, persona))


def _result(judged: DriftReport, announced: bool = False, requests: UsageRow | None = None) -> dict[str, Any]:
    return {
        "report": judged.model_dump(mode="json") | {"summary": judged.summary},
        "announced": announced,
        "requests": requests.model_dump(mode="json") if requests else None,
    }


@task(cache_policy=NO_CACHE, retries=2, retry_delay_seconds=5)
def read_ledger(home: TwinHome, persona: str, tables: MonitoringTables) -> tuple[Interaction, ...]:
    """Read what has ended since the last pass, and what was still running then; the oldest of it, if it is much."""
    until = tables.scored_until(datetime.now(UTC))
    pages = interaction_pages(url_of(home), persona, until - LONGEST_REQUEST if until else None)
    found = asyncio.run(_unscored(pages, tables))
    report(f"monitor: read {len(found):,} new interactions from the ledger")
    if len(found) >= ENOUGH_AT_ONCE:
        report("monitor: that is enough for one pass; the next one goes on from there")
    return found


async def _unscored(
    pages: AsyncGenerator[tuple[Interaction, ...]], tables: MonitoringTables
) -> tuple[Interaction, ...]:
    """What is not scored yet. Pages of what is are passed over: a pass that stopped at them would never get further."""
    found: list[Interaction] = []
    async with aclosing(pages):
        async for page in pages:
            found += tables.unscored(page)
            if len(found) >= ENOUGH_AT_ONCE:
                break
    return tuple(found)


@task(cache_policy=NO_CACHE)
def judge(
    home: TwinHome, persona: str, recipe: Recipe, tables: MonitoringTables, interactions: tuple[Interaction, ...]
) -> DriftReport:
    """Score them, and judge the window that they fill."""
    champion = _champion(home, persona)
    inputs = MonitorInputs(
        persona=persona,
        interactions=interactions,
        scorer=_scorer(home, persona, recipe, tables.store),
        tables=tables,
        workspace=home.monitoring,
        champion=champion.bundle_id if champion else None,
        new_writing=new_writing_share(tables.store, champion.manifest) if champion else None,
        now=datetime.now(UTC),
    )
    judged = run(inputs, config=recipe.monitoring)
    report(f"monitor: {judged.summary}")
    return judged


@task(cache_policy=NO_CACHE)
def announce_drift(home: TwinHome, persona: str, tables: MonitoringTables) -> bool:
    """Ask for a refresh if the newest drifted window has not done so, nor one before it for the same new writing."""
    champion = _champion(home, persona)
    corpus = f"{champion.bundle_id if champion else 'no champion'} {corpus_name(tables.store)}"
    announced = announce(tables.reports(), persona, home.monitoring, corpus)
    if announced:
        report(f"monitor: asked for a refresh of {persona}")
    return announced


@task(cache_policy=NO_CACHE)
def requests_of_the_day(home: TwinHome, persona: str) -> UsageRow:
    """Count the requests of the last 24 hours. What failed has no answer, and so no part in any window."""
    total = asyncio.run(_total(url_of(home), persona, datetime.now(UTC)))
    if total.failed:
        report(f"monitor: {total.failed:,} of {total.requests:,} requests of the last 24 hours failed")
    return total


async def _total(url: str, persona: str, now: datetime) -> UsageRow:
    async with opened_database(url) as database:
        return (await usage(database, since=now - timedelta(days=1), until=now, persona=persona)).total


@task(cache_policy=NO_CACHE)
def delete_old_texts(home: TwinHome, persona: str, recipe: Recipe) -> int:
    """Delete questions and answers that are older than the recipe keeps them; returns how many."""
    days = recipe.monitoring.keep_texts_days
    if days is None:
        return 0
    deleted = asyncio.run(_delete_texts(url_of(home), persona, datetime.now(UTC) - timedelta(days=days)))
    if deleted:
        report(f"monitor: deleted {deleted:,} questions and answers of more than {days} days ago")
    return deleted


async def _delete_texts(url: str, persona: str, before: datetime) -> int:
    async with opened_database(url) as database:
        return await delete_texts(database, persona=persona, before=before)


def _scorer(home: TwinHome, persona: str, recipe: Recipe, store: FeatureStore) -> Scorer:
    encoder = SentenceEncoder(ensure_encoder(cache_folder() / "models", recipe.features.embedding))
    questions = held_out_questions(home, persona)
    return Scorer(
        corpus=corpus_vectors(store, encoder),
        voice=_voice(home, persona, recipe),
        expected_questions=frozenset(one.question for one in questions if one.kind.is_answerable),
    )


def _voice(home: TwinHome, persona: str, recipe: Recipe) -> Voice | None:
    """The profile that the gate uses; without enough of the persona's words a voice cannot be measured."""
    try:
        return voice_of(home, persona, VoiceUse.GATE, recipe.voice)
    except (CorpusError, SourceError) as error:
        report(f"monitor: voice is not scored: {error.message}")
        return None


def _champion(home: TwinHome, persona: str) -> RegisteredBundle | None:
    """None if nothing was promoted yet; the candidate may be asked all the same."""
    registry = open_registry(home)
    if holder(registry.bundles(persona), Alias.CHAMPION) is None:
        return None
    return registry.resolve(persona, alias=Alias.CHAMPION)
