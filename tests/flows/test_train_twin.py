"""`train-twin` as far as it goes without a training."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from flows import train_twin as stages
from flows.bundles import HELD_OUT_FILE, WORDINGS_FILE
from flows.recipes import load_recipe
from twin_data.configuration.home import TwinHome
from twin_data.contracts.errors import IntegrityError
from twin_data.contracts.releases import Rung
from twin_data.contracts.training import CurvePoint, TrainingRecord, TrainingStage
from twin_data.generate.export import WrittenDataset
from twin_train.stage import StageInputs, TrainedAdapter

from .test_bundles import BASE
from .test_verdicts import ENOUGH

RECORD = TrainingRecord(
    stage=TrainingStage.SFT, dataset_digest="d", config_digest="c", seed=42, steps=3, tokens=30, non_pad_share=1.0,
    seconds=9.0, tokens_per_second=3.0, peak_memory_mb=1.0, world_size=1, distributed_type="NO", zero_stage=0,
    device="cpu", dtype="bfloat16", first_loss=3.0, final_loss=1.0, eval_loss=None,
)  # fmt: skip


def test_what_could_not_be_served_is_refused_before_any_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(home: TwinHome, persona: str, recipe: object, recipe_name: str) -> None:
        assert (persona, recipe_name) == ("ada", "laptop")
        raise IntegrityError("bundle 0 was made with other prompt templates")

    monkeypatch.setenv("TWIN_HOME", str(tmp_path))
    monkeypatch.setattr(stages, "corpus_verdict", lambda *_: ENOUGH)
    monkeypatch.setattr(stages, "base_bundle_to_train_on", refuse)
    for work in ("fit_voice", "datasets_pipeline", "certified_instructions", "supervised"):
        monkeypatch.setattr(stages, work, lambda *_: pytest.fail("work was begun"))
    with pytest.raises(IntegrityError):
        stages.train_twin.fn("ada", "laptop")


def test_a_training_that_is_to_end_with_sft_makes_no_preferences(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    released: list[tuple[Rung, Any]] = []
    lineage = SimpleNamespace(datasets=(), training=())

    def release(run: Any, rung: Rung, trained: Any, datasets: Any, parent: Any, files: Any) -> Any:
        released.append((rung, files))
        return SimpleNamespace(bundle_id="0123456789ab", manifest=SimpleNamespace(lineage=lineage, rung=rung))

    monkeypatch.setenv("TWIN_HOME", str(tmp_path))
    monkeypatch.setattr(stages, "corpus_verdict", lambda *_: ENOUGH)
    monkeypatch.setattr(stages, "base_bundle_to_train_on", lambda *_: SimpleNamespace(manifest=None))
    monkeypatch.setattr(stages, "datasets_pipeline", lambda *_: SimpleNamespace(questions=("Who keeps the gate?",)))
    written = WrittenDataset(SimpleNamespace(kind="instructions"), tmp_path)
    monkeypatch.setattr(stages, "certified_instructions", lambda *_: written)
    monkeypatch.setattr(stages, "supervised", lambda *_: None)
    monkeypatch.setattr(stages, "release", release)
    for work in ("fit_voice", "draft_with", "certified_preferences", "optimised"):
        monkeypatch.setattr(stages, work, lambda *_: pytest.fail("preferences were begun"))
    made = stages.train_twin.fn("ada", "laptop", last=TrainingStage.SFT)
    assert (made["bundle"], made["rung"]) == ("0123456789ab", Rung.SFT.value)
    ((rung, files),) = released
    assert rung is Rung.SFT and files[HELD_OUT_FILE] == '"Who keeps the gate?"\n'


def test_the_whole_curve_reaches_mlflow_also_what_it_did_not_take_at_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    curve = tuple(CurvePoint(step=step, loss=4.0 - step, seconds=float(step)) for step in (1, 2, 3))
    logged: list[CurvePoint] = []
    named: list[tuple[str, TrainingStage, str]] = []

    @contextmanager
    def tracked(
        home: TwinHome, persona: str, stage: TrainingStage, name: str
    ) -> Iterator[Callable[[CurvePoint], None]]:
        named.append((persona, stage, name))
        yield logged.append

    def train(inputs: StageInputs, *, config: Any) -> TrainedAdapter:
        inputs.on_point(curve[0])  # then MLflow's database was locked, or the parent was killed
        return TrainedAdapter(folder=inputs.output, digest="w", is_full=False, record=RECORD, curve=curve)

    monkeypatch.setattr(stages, "tracked", tracked)
    monkeypatch.setattr(stages, "ensure_base_model", lambda *_: (tmp_path, BASE))
    monkeypatch.setattr(stages.sft, "run", train)
    monkeypatch.setattr(stages.dpo, "run", train)
    base = SimpleNamespace(manifest=SimpleNamespace(persona="ada"))
    run = stages._Run(TwinHome(tmp_path), load_recipe("demo"), base, None)
    dataset = SimpleNamespace(folder=tmp_path, version=SimpleNamespace(digest="d"))
    trained = run.train(TrainingStage.SFT, dataset, None)
    assert tuple(logged) == (curve[0], *curve)
    assert named == [("ada", TrainingStage.SFT, trained.folder.name)]
    again = run.train(TrainingStage.SFT, dataset, None)
    assert again.folder == trained.folder, "the same call finds what it left"
    training = run.recipe.training
    beta = training.model_copy(update={"dpo": training.dpo.model_copy(update={"beta": 0.5})})
    other = replace(run, recipe=run.recipe.model_copy(update={"training": beta}))
    assert other.train(TrainingStage.SFT, dataset, None).folder == trained.folder, "a changed DPO costs no SFT"
    patient = training.launch.model_copy(update={"timeout_s": 2 * training.launch.timeout_s, "threads_per_process": 1})
    saving = training.sft.model_copy(update={"save_steps": 5})
    changed = training.model_copy(update={"launch": patient, "sft": saving})
    later = replace(run, recipe=run.recipe.model_copy(update={"training": changed}))
    assert later.train(TrainingStage.SFT, dataset, None).folder == trained.folder, "a raised timeout goes on"
    preferred = run.train(TrainingStage.DPO, dataset, trained).folder
    assert other.train(TrainingStage.DPO, dataset, trained).folder != preferred


def test_the_bundle_carries_what_a_teacher_said(tmp_path: Path) -> None:
    written = WrittenDataset(SimpleNamespace(), tmp_path)
    assert stages._wordings_of(written) == {}
    (tmp_path / "wordings.jsonl").write_text("{}")
    assert stages._wordings_of(written) == {WORDINGS_FILE: tmp_path / "wordings.jsonl"}


def test_the_bundle_carries_the_certificate_of_each_dataset(tmp_path: Path) -> None:
    """Its card and every report on it tell of the checks."""
    written = WrittenDataset(SimpleNamespace(kind="preferences"), tmp_path)
    assert stages._certificate_of(written) == {"lineage/certificates/preferences.json": tmp_path / "certificate.json"}
