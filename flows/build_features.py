"""`build-features`: from a persona's sources to a live search index and bundle 0."""

from __future__ import annotations

from typing import Any

from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from flows.bundles import register_base_bundle
from flows.corpus_report import WrittenReport, corpus_verdict, write_corpus_report
from flows.features import features_pipeline
from flows.personas import writing_index
from flows.platform.settings import PlatformSettings
from flows.recipes import DEFAULT_RECIPE, Recipe, load_recipe
from flows.reporting import paced, report, report_stage
from flows.search_client import search_client
from flows.turns import refresh_turn, working_turn
from twin_data.configuration.home import TwinHome, cache_folder
from twin_data.contracts.releases import Alias
from twin_data.scoring.encoder import SentenceEncoder
from twin_data.store.search import IndexWriter
from twin_data.store.stages import StageRecord
from twin_data.transform.embedding_model import ensure_encoder
from twin_data.transform.pipeline import FeaturesPipeline, IndexedFeatures
from twin_data.transform.verdict import CorpusVerdict

ENCODER_THREADS = 2


@flow(name="build-features", flow_run_name="build-features-{persona}", log_prints=False)
def build_features(persona: str, recipe: str = DEFAULT_RECIPE, corpus_report: bool = True) -> dict[str, Any]:
    """Collect, clean, dedupe, split, decontaminate, filter, check authorship, chunk, embed, index; register bundle 0.

    The report on the corpus comes last, when the index is live: its learning curve takes a minute on a large archive.

    Args:
        persona: A persona of `$TWIN_HOME`.
        recipe: Name or path of a recipe.
        corpus_report: Whether to write the report on the corpus; without it the verdict rests on the learning curve
            of an earlier report on the same corpus, else on rules of thumb.

    Returns:
        What was indexed, the verdict on the corpus, the bundle and the report's page, as plain JSON.
    """
    home, chosen = TwinHome.from_environment(), load_recipe(recipe)
    pipeline = features_pipeline(home, persona, chosen)
    with refresh_turn(home, persona), working_turn(home, persona):  # an exam is not to be asked of two indexes
        collected = collect(pipeline)
        cleaned = clean(pipeline, collected)
        unique = dedupe(pipeline, cleaned)
        separated = split(pipeline, unique)
        decontaminate(pipeline, separated)
        filtered = filter_quality(pipeline, separated)
        attributed = check_authorship(pipeline, filtered)
        chunked = chunk(pipeline, attributed)
        verdict = judge(home, pipeline, chosen)
        encoder = open_encoder(chosen)
        embed(pipeline, chunked, encoder)
        indexed = index(pipeline, attributed, chunked, encoder)
        bundle = register(home, pipeline, chosen, encoder, indexed)
        written = report_on_corpus(home, pipeline, chosen) if corpus_report else None
    return {
        "features": indexed.model_dump(mode="json"),
        "verdict": (written.report.verdict if written else verdict).model_dump(mode="json"),
        "bundle": bundle,
        "corpus_report": str(written.files.page) if written else None,
    }


@task(cache_policy=NO_CACHE)
def collect(pipeline: FeaturesPipeline) -> StageRecord:
    """Read the sources."""
    return report_stage(pipeline.collect())


@task(cache_policy=NO_CACHE)
def clean(pipeline: FeaturesPipeline, collected: StageRecord) -> StageRecord:
    """Take away what is not the author's text; stops if a rule changes a source's voice."""
    record = report_stage(pipeline.clean(collected))
    report(f"clean: {pipeline.voice_kept(record)}")
    return record


@task(cache_policy=NO_CACHE)
def dedupe(pipeline: FeaturesPipeline, cleaned: StageRecord) -> StageRecord:
    """Keep the best copies; name the families."""
    return report_stage(pipeline.dedupe(cleaned))


@task(cache_policy=NO_CACHE)
def split(pipeline: FeaturesPipeline, unique: StageRecord) -> StageRecord:
    """Hold families out."""
    return report_stage(pipeline.split(unique))


@task(cache_policy=NO_CACHE)
def decontaminate(pipeline: FeaturesPipeline, separated: StageRecord) -> StageRecord:
    """Exclude from training what the test set holds."""
    return report_stage(pipeline.decontaminate(separated))


@task(cache_policy=NO_CACHE)
def filter_quality(pipeline: FeaturesPipeline, separated: StageRecord) -> StageRecord:
    """Drop what says too little."""
    return report_stage(pipeline.filter(separated))


@task(cache_policy=NO_CACHE)
def check_authorship(pipeline: FeaturesPipeline, filtered: StageRecord) -> StageRecord:
    """Find what reads like another author or a machine."""
    record = report_stage(pipeline.authorship(filtered))
    report(pipeline.authorship_summary())
    return record


@task(cache_policy=NO_CACHE)
def chunk(pipeline: FeaturesPipeline, attributed: StageRecord) -> StageRecord:
    """Cut documents into passages."""
    return report_stage(pipeline.chunk(attributed))


@task(cache_policy=NO_CACHE)
def judge(home: TwinHome, pipeline: FeaturesPipeline, recipe: Recipe) -> CorpusVerdict:
    """The verdict on the corpus as far as it is known."""
    verdict = corpus_verdict(home, pipeline.persona.name, recipe)
    report(f"corpus: {verdict.own_words:,} own words in {verdict.documents:,} documents: {verdict.recommendation}")
    return verdict


@task(cache_policy=NO_CACHE)
def open_encoder(recipe: Recipe) -> SentenceEncoder:
    """The encoder of the recipe, exported on first use."""
    folder = ensure_encoder(cache_folder() / "models", recipe.features.embedding)
    return SentenceEncoder(folder, threads=ENCODER_THREADS)


@task(cache_policy=NO_CACHE)
def embed(pipeline: FeaturesPipeline, chunked: StageRecord, encoder: SentenceEncoder) -> None:
    """Embed the chunks that are not embedded yet."""
    say = paced()
    pipeline.embed(chunked, encoder, lambda done, total: say(done, total, f"embed: {done:,} of {total:,} chunks"))


@task(cache_policy=NO_CACHE, retries=2, retry_delay_seconds=5)
def index(
    pipeline: FeaturesPipeline, attributed: StageRecord, chunked: StageRecord, encoder: SentenceEncoder
) -> IndexedFeatures:
    """Build the new search index beside the live one, then swap."""
    home, settings = TwinHome.from_environment(), PlatformSettings.from_environment()
    with writing_index(home, pipeline.persona.name), search_client(settings) as client:
        indexed = pipeline.index(attributed, chunked, encoder, IndexWriter(client))
    report(f"index: {indexed.index} is live with {indexed.chunks:,} chunks")
    return indexed


@task(cache_policy=NO_CACHE)
def register(
    home: TwinHome, pipeline: FeaturesPipeline, recipe: Recipe, encoder: SentenceEncoder, indexed: IndexedFeatures
) -> str:
    """Register bundle 0: base model and retrieval."""
    bundle = register_base_bundle(home, pipeline.persona, recipe, encoder.reference, indexed)
    is_candidate = Alias.CANDIDATE in bundle.aliases
    report(f"bundle: {bundle.manifest.model_name} {'is the candidate' if is_candidate else 'is what it was'}")
    return bundle.bundle_id


@task(cache_policy=NO_CACHE)
def report_on_corpus(home: TwinHome, pipeline: FeaturesPipeline, recipe: Recipe) -> WrittenReport:
    """Measure and write the report on the corpus, as far as this state of it has not been measured."""
    return write_corpus_report(home, pipeline.persona.name, recipe)
