"""The datasets that a training by a recipe would find made already, by the records of the stages that made them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from twin_data.configuration.home import TwinHome
from twin_data.contracts.base import Contract
from twin_data.contracts.datasets import DatasetKind, Instruction, Preference
from twin_data.contracts.digests import digest_rows, digest_value, short
from twin_data.contracts.errors import DatasetError
from twin_data.generate.feature_tables import SOURCES
from twin_data.generate.pipeline import INSTRUCTIONS, PREFERENCES, PROMPTS, DatasetsConfig
from twin_data.store.schemas import to_rows
from twin_data.store.stages import StageRecord, stage_records
from twin_data.store.tables import FeatureStore, digest_frame
from twin_train.certified_dataset import open_dataset

ROWS: dict[DatasetKind, type[Instruction | Preference]] = {
    DatasetKind.INSTRUCTIONS: Instruction,
    DatasetKind.PREFERENCES: Preference,
}


@dataclass(frozen=True)
class RecordedDatasets:
    """Folders of certified datasets.

    Attributes:
        instructions: None if none was made of the newest features with these settings.
        preferences: None if none was made of these instructions with these settings.
    """

    instructions: Path | None = None
    preferences: Path | None = None


def recorded_datasets(home: TwinHome, persona: str, config: DatasetsConfig) -> RecordedDatasets:
    """The newest datasets of the newest features and of these settings whose certificates were passed."""
    store = FeatureStore.of(home.features, persona)
    if not all(store.exists(name) for name in SOURCES):
        return RecordedDatasets()
    features = {name: digest_frame(store.read(name)) for name in SOURCES}
    teacher = {"teacher": digest_value(config.teacher)}
    made = _newest(store, INSTRUCTIONS, config.instructions, features | teacher)
    if made is None or (instructions := _certified(home, persona, store, made, DatasetKind.INSTRUCTIONS)) is None:
        return RecordedDatasets()
    prompted = _newest(store, PROMPTS, config.draft_prompts, {INSTRUCTIONS: made.output(INSTRUCTIONS).digest})
    chosen = {PROMPTS: prompted.output(PROMPTS).digest} if prompted else None
    paired = _newest(store, PREFERENCES, config.preferences, chosen) if chosen else None
    preferences = _certified(home, persona, store, paired, DatasetKind.PREFERENCES) if paired else None
    return RecordedDatasets(instructions, preferences)


def _newest(store: FeatureStore, stage: str, config: Contract, inputs: Mapping[str, str]) -> StageRecord | None:
    """The newest run of a stage with these settings and, among others, these inputs, whose tables are still there."""
    for record in reversed(stage_records(store)):
        if (record.stage, record.config_digest) != (stage, digest_value(config)):
            continue
        known = {one.name: one.digest for one in record.inputs}
        if inputs.items() <= known.items() and all(store.has_version(one) for one in record.outputs):
            return record
    return None


def _certified(home: TwinHome, persona: str, store: FeatureStore, made: StageRecord, kind: DatasetKind) -> Path | None:
    """The folder of a run's rows; None if it is not there, was changed, or its certificate was not passed."""
    rows = to_rows(store.read(kind.value, version=made.output(kind.value).version), ROWS[kind])
    folder = home.datasets / persona / f"{kind.value}-{short(digest_rows(rows))}"
    try:
        return open_dataset(folder, kind).folder
    except DatasetError:
        return None
