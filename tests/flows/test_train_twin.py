"""`train-twin` as far as it goes without a training."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from flows import bundles
from flows import train_twin as stages
from flows.bundles import HELD_OUT_FILE, WORDINGS_FILE, Carried
from flows.personas import refreshing
from flows.recipes import load_recipe
from flows.seed_siblings import seed_siblings, under_seed
from twin_data.configuration.home import TwinHome
from twin_data.contracts.datasets import DatasetKind, DatasetVersion
from twin_data.contracts.errors import ConfigurationError, DatasetError, IntegrityError, PlatformError
from twin_data.contracts.releases import Alias, Rung
from twin_data.contracts.training import CurvePoint, TrainingRecord, TrainingStage
from twin_data.generate.export import WrittenDataset
from twin_data.registry.port import RegisteredBundle
from twin_train.stage import StageInputs, TrainedAdapter
from twin_train.training_code import training_code

from .test_bundles import BASE
from .test_seed_siblings import Trained
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
    lineage = SimpleNamespace(datasets=(), training=(), seed_sibling_of=None)

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
    seeded = replace(run, recipe=under_seed(run.recipe, 7))
    assert seeded.train(TrainingStage.SFT, dataset, None).folder != trained.folder, "two seeds, two folders and curves"
    assert named[-1][2] != named[0][2]
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


def version(kind: DatasetKind, digest: str = "1" * 64) -> DatasetVersion:
    return DatasetVersion(
        persona="ada", kind=kind, digest=digest, rows=9, held_out_rows=1, table_version=1, passed=True
    )


class SecondSeed:
    """`train-twin` with its stages replaced: each notes what it was given."""

    def __init__(self, known: Trained, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.known = known
        self.seeds: list[tuple[int, int]] = []
        self.carried: list[Carried] = []
        self.instructions = known.instructions
        monkeypatch.setenv("TWIN_HOME", str(root / "home"))
        monkeypatch.setattr(stages, "open_registry", lambda home: known.registry)
        monkeypatch.setattr(bundles, "open_registry", lambda home: known.registry)
        monkeypatch.setattr(bundles, "lineage_files", lambda home, persona, recipe: known.files(recipe))
        monkeypatch.setattr(stages, "check_base", lambda base, recipe, name: None)
        monkeypatch.setattr(
            stages, "corpus_verdict", lambda *_: pytest.fail("it was settled before the first training")
        )
        monkeypatch.setattr(stages, "fit_voice", lambda *_: object())
        monkeypatch.setattr(stages, "datasets_pipeline", self.pipeline)
        written = WrittenDataset(SimpleNamespace(kind="instructions"), root)
        monkeypatch.setattr(stages, "certified_instructions", lambda *_: replace(written, version=self.instructions))
        monkeypatch.setattr(stages, "sentence_encoder", lambda recipe: SimpleNamespace(encode=None))
        monkeypatch.setattr(stages, "draft_with", self.draft)
        preferences = replace(written, version=version(DatasetKind.PREFERENCES, "7" * 64))
        monkeypatch.setattr(stages, "certified_preferences", lambda *_: preferences)
        monkeypatch.setattr(stages, "supervised", lambda run, dataset: self.trained(run, TrainingStage.SFT))
        monkeypatch.setattr(stages, "optimised", lambda run, dataset, tuned: self.trained(run, TrainingStage.DPO))
        monkeypatch.setattr(stages, "release", stages.release.fn)
        (root / "certificate.json").write_text("{}")
        self.root = root

    def pipeline(self, home: TwinHome, persona: str, recipe: Any, carried: Carried, base: Any) -> Any:
        assert base.bundle_id == self.known.base.bundle_id
        self.carried.append(carried)
        return SimpleNamespace(questions=("Who keeps the gate?",))

    def draft(self, home: TwinHome, pipeline: Any, bundle: RegisteredBundle, given: Path | None) -> Path:
        assert given is None and bundle.manifest.rung is Rung.SFT, "drafts are the seed's own"
        assert bundle.manifest.lineage.seed_sibling_of == self.known.tuned.bundle_id
        path = self.root / "drafts.jsonl"
        path.write_text("")
        return path

    def trained(self, run: Any, stage: TrainingStage) -> TrainedAdapter:
        settings = run.recipe.training
        self.seeds.append((settings.sft.seed, settings.dpo.seed))
        folder = self.root / stage.value
        folder.mkdir(exist_ok=True)
        (folder / "adapter_config.json").write_text("{}")
        record = RECORD.model_copy(update={"stage": stage, "seed": settings.stage(stage).seed, "code": training_code()})
        return TrainedAdapter(folder=folder, digest="w", is_full=False, record=record, curve=())


@pytest.fixture
def second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SecondSeed:
    return SecondSeed(Trained(tmp_path), tmp_path, monkeypatch)


def test_another_seed_trains_the_same_once_more_and_moves_no_alias(second: SecondSeed) -> None:
    known = second.known
    made = stages.train_twin.fn("ada", "demo", seed=7)
    assert second.seeds == [(7, 7)] * 2 and made["seed_sibling_of"] == known.aligned.bundle_id
    assert second.carried == [Carried(held_out=known.aligned.folder / HELD_OUT_FILE)], "its wordings and questions"
    sibling = known.registry.resolve("ada", bundle_id=made["bundle"])
    lineage = sibling.manifest.lineage
    assert sibling.aliases == () and (lineage.override_reason, sibling.manifest.rung) == ("a test", Rung.DPO)
    assert known.registry.resolve("ada", alias=Alias.CANDIDATE).bundle_id == known.aligned.bundle_id
    assert [one.bundle_id for one in seed_siblings(known.aligned, known.registry.bundles("ada"))] == [made["bundle"]]
    (tuned,) = seed_siblings(known.tuned, known.registry.bundles("ada"))
    assert lineage.parent == tuned.bundle_id and tuned.manifest.lineage.parent == known.base.bundle_id
    assert "under another seed" in (sibling.folder / "README.md").read_text("utf-8")


def test_other_instructions_are_not_trained_on_under_another_seed(second: SecondSeed) -> None:
    second.instructions = version(DatasetKind.INSTRUCTIONS, "2" * 64)
    with pytest.raises(DatasetError, match="another seed would not be all that differs"):
        stages.train_twin.fn("ada", "demo", seed=7)
    assert second.seeds == []


def test_another_seed_takes_no_override_reason_which_would_be_recorded_nowhere(second: SecondSeed) -> None:
    with pytest.raises(ConfigurationError, match="'curious' would be recorded nowhere"):
        stages.train_twin.fn("ada", "demo", "curious", seed=7)
    assert second.seeds == []


def test_nothing_is_trained_beside_a_refresh(second: SecondSeed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.personas.LOCK_WAIT_S", 0.0)
    with (
        refreshing(TwinHome.from_environment(), "ada"),
        pytest.raises(PlatformError, match="is being built, refreshed"),
    ):
        stages.train_twin.fn("ada", "demo", seed=7)
    assert second.seeds == []
