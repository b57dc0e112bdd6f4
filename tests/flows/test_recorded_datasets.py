"""Which datasets a plan may rest on: those of the newest features and of the recipe's own settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.recorded_datasets import RecordedDatasets, recorded_datasets
from twin_data.configuration.home import TwinHome
from twin_data.contracts.base import Contract
from twin_data.contracts.datasets import (
    CertificateCheck,
    DatasetCertificate,
    DatasetKind,
    Instruction,
    Preference,
)
from twin_data.contracts.digests import digest_rows, digest_value
from twin_data.contracts.documents import Chunk, CorpusDocument, Rejection
from twin_data.generate.draft_prompts import DraftPrompt
from twin_data.generate.export import write_dataset
from twin_data.generate.pipeline import DatasetsConfig
from twin_data.store.schemas import to_frame
from twin_data.store.stages import StageRecord, run_stage
from twin_data.store.tables import FeatureStore, digest_frame

from .test_hard_stops import instruction, preference

CONFIG = DatasetsConfig()
SOURCES: dict[str, type[Contract]] = {"documents": CorpusDocument, "chunks": Chunk, "training_exclusions": Rejection}


class Made:
    """Datasets as the pipeline leaves them: records of its stages, tables, and folders with certificates."""

    def __init__(self, home: TwinHome) -> None:
        self.home, self.store = home, FeatureStore.of(home.features, "ada")
        for name, model in SOURCES.items():
            self.store.write(name, to_frame([], model))

    def instructions(self, config: DatasetsConfig, *asked: str, passed: bool = True) -> tuple[StageRecord, Path]:
        features = {name: digest_frame(self.store.read(name)) for name in SOURCES}
        rows = [instruction(one) for one in asked]
        record = run_stage(
            self.store, "instructions", config=config.instructions,
            inputs=features | {"teacher": digest_value(config.teacher), "prompts": "p"},
            compute=lambda: {"instructions": to_frame(rows, Instruction)},
        ).record  # fmt: skip
        return record, self._written(DatasetKind.INSTRUCTIONS, rows, passed)

    def preferences(self, config: DatasetsConfig, made: StageRecord, *asked: str) -> Path:
        rows = [preference(one, "Zeppelins.") for one in asked]
        prompted = run_stage(
            self.store, "draft_prompts", config=config.draft_prompts,
            inputs={"instructions": made.output("instructions").digest},
            compute=lambda: {"draft_prompts": to_frame([], DraftPrompt)},
        ).record  # fmt: skip
        run_stage(
            self.store, "preferences", config=config.preferences,
            inputs={"draft_prompts": prompted.output("draft_prompts").digest, "drafts": "d"},
            compute=lambda: {"preferences": to_frame(rows, Preference)},
        )  # fmt: skip
        return self._written(DatasetKind.PREFERENCES, rows, passed=True)

    def _written(self, kind: DatasetKind, rows: list[Instruction] | list[Preference], passed: bool) -> Path:
        check = CertificateCheck(name="overlap", value=0.0, wanted="= 0", passed=passed)
        certificate = DatasetCertificate(
            persona="ada", kind=kind, dataset_digest=digest_rows(rows), rows=len(rows), held_out_rows=0, inputs=(),
            template_digest="t", teacher="none", code_digest="c", counts=(), checks=(check,),
        )  # fmt: skip
        root = self.home.datasets / "ada"
        return write_dataset(root, rows, certificate, table_version=0, licence="CC0-1.0").folder


@pytest.fixture
def home(tmp_path: Path) -> TwinHome:
    return TwinHome(tmp_path / "home")


@pytest.fixture
def made(home: TwinHome) -> Made:
    return Made(home)


def other(config: DatasetsConfig) -> DatasetsConfig:
    """Settings of another recipe."""
    return config.model_copy(update={"instructions": config.instructions.model_copy(update={"excerpts": 3})})


def test_without_features_there_is_none(home: TwinHome) -> None:
    assert recorded_datasets(home, "ada", CONFIG) == RecordedDatasets()


def test_each_recipe_finds_its_own_though_the_others_is_newer(home: TwinHome, made: Made) -> None:
    record, mine = made.instructions(CONFIG, "When did the lock open?")
    pairs = made.preferences(CONFIG, record, "Who built it?")
    _, others = made.instructions(other(CONFIG), "Why?")
    assert recorded_datasets(home, "ada", CONFIG) == RecordedDatasets(mine, pairs)
    assert recorded_datasets(home, "ada", other(CONFIG)) == RecordedDatasets(others, None)
    asking = CONFIG.model_copy(update={"teacher": CONFIG.teacher.model_copy(update={"kind": "local"})})
    assert recorded_datasets(home, "ada", asking) == RecordedDatasets(), "the teacher words the questions otherwise"
    fewer = CONFIG.draft_prompts.model_copy(update={"max_prompts": 8})
    assert recorded_datasets(home, "ada", CONFIG.model_copy(update={"draft_prompts": fewer})).preferences is None


def test_a_dataset_of_former_features_is_none_of_these(home: TwinHome, made: Made) -> None:
    made.instructions(CONFIG, "When did the lock open?")
    rejected = Rejection(
        document_id="a", start=0, end=1, stage="clean", reason="secret", text_digest="d", redacted_text=""
    )
    made.store.write("training_exclusions", to_frame([rejected], Rejection))
    assert recorded_datasets(home, "ada", CONFIG) == RecordedDatasets()


def test_a_dataset_that_could_not_be_trained_on_is_none(home: TwinHome, made: Made) -> None:
    _, folder = made.instructions(CONFIG, "When did the lock open?", passed=False)
    assert folder.is_dir() and recorded_datasets(home, "ada", CONFIG) == RecordedDatasets()


def test_a_folder_that_was_removed_or_changed_is_none(home: TwinHome, made: Made) -> None:
    _, folder = made.instructions(CONFIG, "When did the lock open?")
    (folder / "train.jsonl").write_text("{}")
    assert recorded_datasets(home, "ada", CONFIG) == RecordedDatasets()
