"""The whole pipeline over the sample, up to the index, which a fake stands for."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twin_data.configuration.persona import PersonaConfig
from twin_data.configuration.yaml_files import load_yaml
from twin_data.contracts.errors import ConsentError, CorpusError
from twin_data.contracts.releases import ModelReference
from twin_data.store.search import IndexIdentity, index_name
from twin_data.store.stages import RECORDS, StageResult, stage_records
from twin_data.store.tables import FeatureStore, digest_frame
from twin_data.transform import embed
from twin_data.transform.chunk import ChunkConfig
from twin_data.transform.pipeline import FeaturesConfig, FeaturesPipeline, IndexedFeatures

SAMPLE = Path(__file__).parents[3] / "personas" / "sample"
STAGES = ["collect", "clean", "dedupe", "split", "decontaminate", "filter", "authorship", "chunk"]


class Encoder:
    reference = ModelReference(name="mini", source="s", digest="m", licence="l")
    dimensions = 2

    def encode_passages(self, texts: list[str]) -> tuple[np.ndarray, list[np.ndarray]]:
        pieces = [np.ones((1, 2), dtype=np.int8)] * len(texts)
        return np.array([[1.0, 0.0]] * len(texts), dtype=np.float32), pieces


class Writer:
    def name_for(self, identity: IndexIdentity) -> str:
        return index_name(identity.persona, identity.features_digest[:12])

    def build(
        self,
        name: str,
        identity: IndexIdentity,
        entries: Iterable[Mapping[str, Any]],
        probes: Sequence[Mapping[str, Any]],
    ) -> None:
        assert len(probes) == 3
        assert sum(1 for _ in entries) == identity.entries

    def swap(self, persona: str, name: str) -> tuple[str, ...]:
        return ()


Make = Callable[..., FeaturesPipeline]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A pipeline over some of the sample's sources."""
    folder = tmp_path / "sources"
    shutil.copytree(SAMPLE / "sources" / "blog", folder / "blog")
    shutil.copytree(SAMPLE / "sources" / "linkedin", folder / "linkedin")
    persona = load_yaml(SAMPLE / "persona.yaml", PersonaConfig)

    def build(config: FeaturesConfig | None = None, **changes: Any) -> FeaturesPipeline:
        owner = persona.model_copy(update=changes)
        return FeaturesPipeline(
            owner, folder, FeatureStore.of(tmp_path / "features", "sample"), config or FeaturesConfig()
        )

    return build


def build_all(pipeline: FeaturesPipeline) -> tuple[dict[str, StageResult], IndexedFeatures]:
    results: dict[str, StageResult] = {}
    results["collect"] = pipeline.collect()
    results["clean"] = pipeline.clean(results["collect"].record)
    results["dedupe"] = pipeline.dedupe(results["clean"].record)
    results["split"] = pipeline.split(results["dedupe"].record)
    results["decontaminate"] = pipeline.decontaminate(results["split"].record)
    results["filter"] = pipeline.filter(results["split"].record)
    results["authorship"] = pipeline.authorship(results["filter"].record)
    results["chunk"] = pipeline.chunk(results["authorship"].record)
    encoder: Any = Encoder()
    writer: Any = Writer()
    pipeline.embed(results["chunk"].record, encoder, lambda done, total: None)
    return results, pipeline.index(results["authorship"].record, results["chunk"].record, encoder, writer)


def newest_tables(store: FeatureStore) -> dict[str, str]:
    """Digest of each table as whoever names no version reads it, but for those that only grow."""
    return {name: digest_frame(store.read(name)) for name in store.tables() if name not in (RECORDS, embed.TABLE)}


def rerun(results: dict[str, StageResult]) -> list[str]:
    return [stage for stage in STAGES if not results[stage].reused]


def test_a_second_run_redoes_nothing_and_a_change_redoes_what_follows(make: Make) -> None:
    first, features = build_all(make())
    assert rerun(first) == STAGES
    second, again = build_all(make())
    assert rerun(second) == []
    assert again == features
    assert len(stage_records(make().store)) == len(STAGES)

    smaller = FeaturesConfig(chunk=ChunkConfig(target_words=60, max_words=90))
    third, changed = build_all(make(smaller))
    assert rerun(third) == ["chunk"]
    assert changed.features_digest != features.features_digest
    assert changed.index != features.index

    touched = make().sources_folder / "blog" / "2021-03-07-opening-the-notebook.md"
    touched.write_text(touched.read_text("utf-8") + "\n\nOne line more, for the sake of the test.\n", "utf-8")
    assert rerun(build_all(make())[0]) == STAGES


def test_a_corpus_that_went_back_to_a_former_state_is_what_is_read_again(make: Make) -> None:
    """What was deleted from the sources is in no newest table, though every stage of the former state is remembered."""
    _, features = build_all(make())
    before = newest_tables(make().store)
    post = make().sources_folder / "blog" / "2025-01-01-regretted.md"
    first = make().sources_folder / "blog" / "2021-03-07-opening-the-notebook.md"
    post.write_text(first.read_text("utf-8").replace("notebook", "ledger") + "\n\nA regretted paragraph.\n", "utf-8")
    _, changed = build_all(make())
    assert changed.features_digest != features.features_digest
    post.unlink()
    results, again = build_all(make())
    assert rerun(results) == []
    assert again.features_digest == features.features_digest
    store = make().store
    assert newest_tables(store) == before
    assert again.table_versions == {table: store.newest_version(table) for table in again.table_versions}
    assert again.table_versions.keys() == {"documents", "chunks", "training_exclusions"}
    assert make().verdict().documents == again.documents


def test_a_change_that_changes_no_row_stops_there(make: Make) -> None:
    _, features = build_all(make())
    results, again = build_all(make(style_notes="Other notes."))
    assert rerun(results) == ["collect"]
    assert again.features_digest == features.features_digest


def test_the_verdict_counts_what_was_built(make: Make) -> None:
    with pytest.raises(CorpusError, match="has no features yet") as caught:
        make().verdict()
    assert caught.value.next_step == "twin features sample"
    results, features = build_all(make())
    found = make().verdict()
    assert (found.documents, found.chunks) == (features.documents, features.chunks)
    assert found.rejections["dedupe: exact_duplicate"] == found.rejections["dedupe: near_duplicate"] == 1
    assert found.own_words == found.training_words + found.test_words
    assert {one.name for one in found.by_source} == {"blog", "linkedin"}


def test_without_consent_nothing_is_read(make: Make) -> None:
    pipeline = make(consent=None)
    with pytest.raises(ConsentError):
        pipeline.collect()
    assert stage_records(pipeline.store) == ()
