"""The report on a part of the sample, stage by stage, with a smaller learning curve."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twin_data.configuration.persona import PersonaConfig
from twin_data.configuration.yaml_files import load_yaml
from twin_data.contracts.errors import CorpusError
from twin_data.contracts.learning import LearningCurveConfig
from twin_data.contracts.releases import ModelReference
from twin_data.corpus.study import CorpusReportConfig, CorpusStudy
from twin_data.scoring.voice import VoiceConfig
from twin_data.store.stages import stage_records
from twin_data.store.tables import FeatureStore
from twin_data.transform.pipeline import FeaturesConfig, FeaturesPipeline

PERSONAS = Path(__file__).parents[3] / "personas"
SMALL = CorpusReportConfig(
    learning_curve=LearningCurveConfig(draws=1, folds=3, max_grams=500, max_texts_per_author=15, resamples=100)
)
Study = Callable[..., CorpusStudy]


class Encoder:
    reference = ModelReference(name="mini", source="s", digest="m", licence="l")

    def encode_passages(self, texts: list[str]) -> tuple[np.ndarray, list[np.ndarray]]:
        vectors = [[float("gate" in one), float("test" in one), 1.0] for one in texts]
        return np.array(vectors, dtype=np.float32), [np.ones((1, 2), dtype=np.int8)] * len(texts)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> FeaturesPipeline:
    folder = tmp_path_factory.mktemp("study")
    shutil.copytree(PERSONAS / "sample" / "sources" / "blog", folder / "sources" / "blog")
    shutil.copytree(PERSONAS / "sample" / "sources" / "mail", folder / "sources" / "mail")
    persona = load_yaml(PERSONAS / "sample" / "persona.yaml", PersonaConfig)
    store = FeatureStore.of(folder / "features", "sample")
    pipeline = FeaturesPipeline(persona, folder / "sources", store, FeaturesConfig())
    separated = pipeline.split(pipeline.dedupe(pipeline.clean(pipeline.collect().record).record).record).record
    pipeline.decontaminate(separated)
    chunked = pipeline.chunk(pipeline.authorship(pipeline.filter(separated).record).record).record
    encoder: Any = Encoder()
    pipeline.embed(chunked, encoder, lambda done, total: None)
    return pipeline


@pytest.fixture
def study(built: FeaturesPipeline) -> Study:
    def build(config: CorpusReportConfig = SMALL, contrast: Path = PERSONAS / "contrast") -> CorpusStudy:
        return CorpusStudy(built, contrast, config, VoiceConfig())

    return build


def measure(one: CorpusStudy) -> dict[str, bool]:
    """Which stages were remembered."""
    results = (one.measure_topics(), one.measure_voice(), one.measure_feelings(), one.measure_curve(lambda *_: None))
    return {result.record.stage: result.reused for result in results}


def test_the_report_holds_every_part_and_is_measured_once(study: Study) -> None:
    before = study().verdict()
    assert before.basis == "rules of thumb" and "no learning curve has been measured" in before.evidence[0]
    assert not any(measure(study()).values())
    assert all(measure(study()).values())
    found = study().report()
    assert found == study().report()
    assert found.curve.unsaid == "" and len(found.curve.points) >= 3
    assert found.curve.last.auc_low > 0.8, "the sample's hand is told from the shipped contrast"
    assert {one.name for one in found.sources} == {"blog", "mail"}
    assert sum(one.words for one in found.periods) == found.verdict.own_words
    assert found.duplicates.exact == found.duplicates.near == 1
    assert {one.kind for one in found.redactions} >= {"name", "email", "secret"}
    assert found.topics and found.voice.periods and found.feelings
    assert [one.by for one in found.balance] == ["source", "period", "kind", "topic"]


def test_no_identity_or_secret_of_the_archive_stands_in_the_report(study: Study) -> None:
    planted = json.loads((PERSONAS / "sample" / "planted.json").read_text("utf-8"))
    measure(study())
    text = study().report().model_dump_json()
    secrets = [one["prefix"] for one in planted["secrets"]]
    private = [*planted["emails"], *planted["phones"], *secrets, "Cornelius", "Abara"]
    assert len(private) > 20 and [one for one in private if one in text] == []


def test_other_settings_measure_what_depends_on_them_alone(study: Study) -> None:
    measure(study())
    curve = SMALL.learning_curve.model_copy(update={"draws": 2, "max_grams": 300})
    other = study(SMALL.model_copy(update={"learning_curve": curve}))
    reused = measure(other)
    assert [stage for stage, remembered in reused.items() if not remembered] == ["learning_curve"]
    assert other.report().curve.points[0].fits == 2 * study().report().curve.points[0].fits, "each has its own"
    runs = {one.key for one in stage_records(other.pipeline.store)}
    assert all(measure(study()).values()) and {one.key for one in stage_records(other.pipeline.store)} == runs


def test_without_contrast_texts_nothing_is_said_and_the_rules_decide(study: Study, tmp_path: Path) -> None:
    lonely = study(contrast=tmp_path / "absent")
    with pytest.raises(CorpusError, match="learning curve of persona 'sample' has not been measured") as caught:
        lonely.report()
    assert caught.value.next_step == "twin corpus sample --report"
    measure(lonely)
    verdict = lonely.verdict()
    assert "the contrast folder holds no texts of other authors" in verdict.evidence[0]
    assert verdict.basis == "rules of thumb" and str(tmp_path) not in lonely.report().model_dump_json()


def test_before_features_there_is_nothing_to_study(study: Study, built: FeaturesPipeline, tmp_path: Path) -> None:
    empty = FeaturesPipeline(built.persona, tmp_path, FeatureStore.of(tmp_path, "sample"), FeaturesConfig())
    for ask in (CorpusStudy.verdict, CorpusStudy.report, CorpusStudy.measure_topics):
        with pytest.raises(CorpusError, match="has no features yet"):
            ask(CorpusStudy(empty, PERSONAS / "contrast", SMALL, VoiceConfig()))
