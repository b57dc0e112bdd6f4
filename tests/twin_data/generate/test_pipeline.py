"""The datasets pipeline over real tables: each stage once, the folder certified."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from twin_data.configuration.persona import PersonaConfig
from twin_data.contracts.datasets import DatasetCertificate, DatasetKind, PolicyDraft
from twin_data.contracts.documents import Chunk, CorpusDocument, Rejection
from twin_data.contracts.errors import CorpusError
from twin_data.generate.balance import BalanceConfig
from twin_data.generate.draft_prompts import DraftPromptConfig
from twin_data.generate.export import WORDINGS_FILE, read_wordings
from twin_data.generate.instructions import InstructionConfig
from twin_data.generate.material import Material
from twin_data.generate.pipeline import DatasetsConfig, DatasetsPipeline, dropped_table
from twin_data.generate.teacher import TeacherConfig
from twin_data.store.schemas import to_frame
from twin_data.store.tables import FeatureStore
from twin_data.transform import embed

CONFIG = DatasetsConfig(
    instructions=InstructionConfig(balance=BalanceConfig(max_rows=120), max_chunks=120),
    draft_prompts=DraftPromptConfig(max_prompts=40),
    min_preferences=5,
)


@pytest.fixture
def pipeline(material: Material, persona: PersonaConfig, tmp_path: Path) -> DatasetsPipeline:
    store = FeatureStore.of(tmp_path / "features", "sample")
    store.write("documents", to_frame(material.documents, CorpusDocument))
    chunks = to_frame(material.chunks, Chunk)
    store.write("chunks", chunks)
    store.write("training_exclusions", to_frame(material.exclusions, Rejection))
    assert material.vectors is not None
    embedded = (
        embed.with_text_digests(chunks)
        .select("text_digest")
        .with_columns(
            pl.lit("m1").alias("model_digest"),
            pl.Series("vector", material.vectors.tolist(), dtype=pl.List(pl.Float32())),
        )
    )
    store.append(embed.TABLE, embedded)
    return DatasetsPipeline(persona, store, tmp_path / "datasets", CONFIG, material.questions, "m1")


def test_both_datasets_are_made_certified_and_remembered(pipeline: DatasetsPipeline) -> None:
    first = pipeline.instructions()
    assert not first.reused and pipeline.instructions().reused
    instructions = pipeline.write(first.record, DatasetKind.INSTRUCTIONS)
    assert instructions.version.passed and (instructions.folder / "certificate.json").is_file()
    assert pipeline.store.read(dropped_table("instructions")).height > 0
    prompted = pipeline.draft_prompts(first.record)
    prompts = pipeline.read_prompts(prompted.record)
    drafts = [
        PolicyDraft(prompt_id=one.prompt_id, model="sample@b", text=_wrong(one.response), finish_reason="stop")
        for one in prompts
    ]
    paired = pipeline.preferences(prompted.record, drafts, None, "none")
    assert pipeline.preferences(prompted.record, drafts[::-1], None, "none").reused
    preferences = pipeline.write(paired.record, DatasetKind.PREFERENCES)
    assert preferences.version.passed, [
        one for one in (preferences.folder / "README.md").read_text().splitlines() if "NO" in one
    ]
    assert preferences.version.rows > 5


def _wrong(response: str) -> str:
    return "Zeppelins " + "fly " * max(3, len(response.split()) - 2) + "well."


def test_other_embeddings_give_another_key_and_none_is_no_error(pipeline: DatasetsPipeline) -> None:
    other = DatasetsPipeline(
        pipeline.persona, pipeline.store, pipeline.folder, pipeline.config, pipeline.questions, "m2"
    )
    assert pipeline.material.vectors is not None and other.material.vectors is None
    assert pipeline.digests != other.digests


def test_without_features_the_next_step_is_named(pipeline: DatasetsPipeline, tmp_path: Path) -> None:
    empty = DatasetsPipeline(pipeline.persona, FeatureStore.of(tmp_path / "none", "sample"), tmp_path, CONFIG, (), "m1")
    with pytest.raises(CorpusError, match="no features yet"):
        empty.instructions()


def test_a_teachers_wordings_are_counted_kept_and_taken_again(pipeline: DatasetsPipeline, tmp_path: Path) -> None:
    taught = replace(
        pipeline, config=CONFIG.model_copy(update={"teacher": TeacherConfig(kind="local", max_questions=9)})
    )

    def rewrite(questions: Sequence[str]) -> list[str | None]:
        return [None if at < 2 else f"Pray, {one[0].lower()}{one[1:]}" for at, one in enumerate(questions)]

    written = taught.write(taught.instructions(rewrite).record, DatasetKind.INSTRUCTIONS)
    certificate = DatasetCertificate.model_validate_json((written.folder / "certificate.json").read_bytes())
    kept = read_wordings(written.folder / WORDINGS_FILE)
    assert certificate.teacher_asked == len(kept) == 9
    assert 0 < certificate.teacher_worded == sum(not one.rejected for one in kept) < 8
    card = (written.folder / "README.md").read_text("utf-8")
    assert f"teacher: local, which worded {certificate.teacher_worded} of the 9 questions" in card
    assert WORDINGS_FILE in json.loads((written.folder / "files.json").read_text("utf-8"))

    elsewhere = replace(taught, folder=tmp_path / "again", wordings=kept)
    assert taught.asks_teacher and not elsewhere.asks_teacher
    again = elsewhere.write(elsewhere.instructions().record, DatasetKind.INSTRUCTIONS)
    assert again.version.digest == written.version.digest
    assert (again.folder / WORDINGS_FILE).read_bytes() == (written.folder / WORDINGS_FILE).read_bytes()
    with pytest.raises(ValueError, match="do not belong together"):
        elsewhere.instructions(rewrite)


def test_a_teacher_without_its_rewriter_is_a_programming_error(pipeline: DatasetsPipeline) -> None:
    taught = DatasetsPipeline(
        pipeline.persona, pipeline.store, pipeline.folder,
        CONFIG.model_copy(update={"teacher": TeacherConfig(kind="local")}), (), "m1",
    )  # fmt: skip
    with pytest.raises(ValueError, match="do not belong together"):
        taught.instructions()
