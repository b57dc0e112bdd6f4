"""The corpus, the index and bundle 0 of what is left, made as `build-features` makes them but recorded nowhere else."""

from __future__ import annotations

from collections.abc import Callable

from elasticsearch import Elasticsearch

from flows.bundles import register_base_bundle
from flows.exam_questions import renew_questions
from flows.features import features_pipeline
from flows.forgetting.targets import anything_left
from flows.recipes import load_recipe
from twin_data.configuration.home import TwinHome, cache_folder
from twin_data.contracts.base import Contract
from twin_data.contracts.errors import CorpusError
from twin_data.scoring.encoder import SentenceEncoder
from twin_data.store.search import IndexWriter
from twin_data.transform.embedding_model import ensure_encoder
from twin_data.transform.every_stage import documents_and_chunks

ENCODER_THREADS = 2


class Rebuilt(Contract):
    """What answers from now on."""

    bundle: str
    index: str


def rebuild(
    home: TwinHome, persona: str, recipe_name: str, client: Elasticsearch, report: Callable[[str], None]
) -> Rebuilt | None:
    """Build the features of what is left and swap the index; None if nothing is left that could be indexed.

    What has not changed is remembered, so that a run that was killed goes on.
    """
    recipe = load_recipe(recipe_name)
    pipeline = features_pipeline(home, persona, recipe)
    if not anything_left(home, persona):
        report("rebuilding: no source is left")
        return None
    try:
        report("rebuilding: collecting and cleaning what is left")
        judged, chunked = documents_and_chunks(pipeline)
        encoder = SentenceEncoder(
            ensure_encoder(cache_folder() / "models", recipe.features.embedding), threads=ENCODER_THREADS
        )
        pipeline.embed(
            chunked, encoder, lambda done, total: report(f"rebuilding: {done:,} of {total:,} chunks embedded")
        )
        indexed = pipeline.index(judged, chunked, encoder, IndexWriter(client))
    except CorpusError as error:
        report(f"rebuilding: nothing is left to index ({error.message})")
        return None
    bundle = register_base_bundle(home, pipeline.persona, recipe, encoder.reference, indexed)
    try:
        renew_questions(home, persona)
    except CorpusError as error:  # the former set is no longer certified, which an evaluation says
        report(f"rebuilding: no questions could be generated anew ({error.message})")
    return Rebuilt(bundle=bundle.bundle_id, index=indexed.index)
