"""A bundle again from what it carries: what is handed on, and what must still be asked of a model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flows import rebuild as rebuilding
from flows.bundles import (
    DRAFTS_FILE,
    HELD_OUT_FILE,
    PERSONA_FILE,
    RECIPE_FILE,
    WORDINGS_FILE,
    Carried,
    held_out_lines,
    read_held_out,
)
from flows.persona_file import persona_yaml
from flows.recipes import Recipe, load_recipe
from twin_data.configuration.home import TwinHome
from twin_data.contracts.base import NamedDigest
from twin_data.contracts.datasets import DatasetCertificate, DatasetKind, DatasetVersion
from twin_data.contracts.digests import canonical_json
from twin_data.contracts.errors import RegistryError
from twin_data.contracts.releases import Rung
from twin_data.contracts.training import TrainingStage
from twin_data.registry.memory import MemoryRegistry
from twin_data.registry.model_card import CERTIFICATES_FOLDER
from twin_data.registry.port import RegisteredBundle

from .bench import manifest

BY = "recipe.yaml"
"""The recipe's file where the persona was set up."""
DEMO = load_recipe("demo")
LAPTOP = load_recipe("laptop")
PERSONA = persona_yaml("ada", "Ada", aliases=[], owner="Ada", licence="CC0-1.0", consent="I agree to a twin.")
MADE = DatasetVersion(
    persona="ada", kind=DatasetKind.INSTRUCTIONS, digest="d" * 64, rows=60, held_out_rows=6, table_version=1, passed=True
)  # fmt: skip


def bundle(root: Path, recipe: Recipe, *carried: str, trained: bool = True, rung: Rung = Rung.DPO) -> Path:
    """The folder of a registered bundle that carries so much."""
    return registered(MemoryRegistry(root / "registry"), root, recipe, *carried, trained=trained, rung=rung).folder


def registered(
    registry: MemoryRegistry,
    root: Path,
    recipe: Recipe,
    *carried: str,
    trained: bool = True,
    weights: bytes = b"w",
    rung: Rung = Rung.DPO,
    held_out: str = "q",
) -> RegisteredBundle:
    adapter = root / "trained"
    adapter.mkdir(exist_ok=True)
    (adapter / "adapter_config.json").write_text(f'{{"base_model_name_or_path": "{root}"}}')
    (adapter / "adapter_model.safetensors").write_bytes(weights)
    made = manifest(recipe.name)
    files: dict[str, Path | str] = {RECIPE_FILE: canonical_json(recipe), PERSONA_FILE: PERSONA}
    files |= dict.fromkeys(carried, "")
    if trained:
        lineage = made.lineage.model_copy(update={"datasets": (MADE,), "override_reason": "a test"})
        made = made.model_copy(update={"rung": rung, "adapter": "adapter", "lineage": lineage})
        files["adapter"] = adapter
        files[f"{CERTIFICATES_FOLDER}/instructions.json"] = certificate(held_out).model_dump_json()
    return registry.register(made, files)


def certificate(held_out: str) -> DatasetCertificate:
    """Of instructions that were made beside these held-out questions."""
    return DatasetCertificate(
        persona="ada", kind=DatasetKind.INSTRUCTIONS, dataset_digest="d" * 64, rows=60, held_out_rows=6,
        inputs=(NamedDigest(name="chunks", digest="c"), NamedDigest(name="questions", digest=held_out)),
        template_digest="t", teacher="none", code_digest="0", counts=(), checks=(),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("recipe", "carried", "asks"),
    [
        (DEMO, (DRAFTS_FILE, WORDINGS_FILE), False),
        (DEMO, (DRAFTS_FILE,), True),  # a teacher of the platform's own
        (DEMO, (WORDINGS_FILE,), True),  # the SFT model
        (LAPTOP, (DRAFTS_FILE,), False),
        (LAPTOP, (), True),
    ],
)
def test_models_are_needed_only_for_what_a_bundle_does_not_carry(
    tmp_path: Path, recipe: Recipe, carried: tuple[str, ...], asks: bool
) -> None:
    assert rebuilding.asks_models(bundle(tmp_path, recipe, *carried)) is asks


def test_a_bundle_of_before_dpo_needs_no_drafts(tmp_path: Path) -> None:
    assert not rebuilding.asks_models(bundle(tmp_path, LAPTOP, rung=Rung.SFT))


def test_bundle_0_needs_no_model(tmp_path: Path) -> None:
    assert not rebuilding.asks_models(bundle(tmp_path, DEMO, trained=False))


def test_a_bundle_without_its_recipe_is_told(tmp_path: Path) -> None:
    folder = MemoryRegistry(tmp_path / "registry").register(manifest("old"), {}).folder
    with pytest.raises(RegistryError, match=RECIPE_FILE):
        rebuilding.asks_models(folder)


def test_what_a_bundle_carries_is_found(tmp_path: Path) -> None:
    folder = bundle(tmp_path, DEMO, WORDINGS_FILE)
    assert Carried.of(folder) == Carried(drafts=None, wordings=folder / WORDINGS_FILE)
    asked = ("Who keeps the gate?", "Was it “shut”?\u2028")
    (folder / HELD_OUT_FILE).write_text(held_out_lines(asked), "utf-8")
    given = Carried.of(folder).held_out
    assert given and read_held_out(given) == asked
    assert Carried.of(None) == Carried()


def rebuilt(
    folder: Path,
    home: Path,
    train: Callable[..., dict[str, Any]],
    registry: MemoryRegistry,
    monkeypatch: pytest.MonkeyPatch,
) -> rebuilding.Rebuilt:
    """A bundle made again where features are the recorded ones and `train` trains."""
    features = {"features": {"features_digest": "0"}, "bundle": "ba9876543210"}
    monkeypatch.setattr(rebuilding, "build_features", lambda persona, recipe: features)
    monkeypatch.setattr(rebuilding, "train_twin", train)
    monkeypatch.setattr(rebuilding, "open_registry", lambda home: registry)
    return rebuilding.rebuild(TwinHome(home), folder, Path(BY))


@pytest.mark.parametrize("weights", [b"w", b"of another processor"])
def test_training_is_given_the_bundles_folder_and_its_weights_are_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, weights: bytes
) -> None:
    folder = bundle(tmp_path, DEMO, DRAFTS_FILE, WORDINGS_FILE)
    (elsewhere := tmp_path / "elsewhere").mkdir()
    registry = MemoryRegistry(elsewhere / "registry")
    again = registered(registry, elsewhere, DEMO, weights=weights).bundle_id
    given: list[Any] = []

    def train(*arguments: Any) -> dict[str, Any]:
        given.extend(arguments)
        return {"bundle": again, "datasets": [{"kind": "instructions", "digest": "d" * 64}]}

    made = rebuilt(folder, tmp_path / "home", train, registry, monkeypatch)
    persona, recipe, reason, carried, last = given
    assert (persona, recipe, reason, Path(carried), last) == ("ada", BY, "a test", folder, TrainingStage.DPO)
    assert made.is_identical and made.bundle == again, "weights need not be the same"
    same = {one.name: one.is_identical for one in made.parts}
    assert same["weights"] is (weights == b"w") and same["settings"]
    assert made.is_same_model is (weights == b"w")


@pytest.mark.parametrize(("held_out", "causes"), [("q", 0), ("another", 1)])
def test_a_bundle_of_before_dpo_is_made_without_it_and_other_questions_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held_out: str, causes: int
) -> None:
    folder = bundle(tmp_path, LAPTOP, rung=Rung.SFT)
    (elsewhere := tmp_path / "elsewhere").mkdir()
    registry = MemoryRegistry(elsewhere / "registry")
    again = registered(registry, elsewhere, LAPTOP, rung=Rung.SFT, held_out=held_out).bundle_id
    ends_with: list[TrainingStage] = []

    def train(persona: str, recipe: str, reason: str, carried: str, last: TrainingStage) -> dict[str, Any]:
        ends_with.append(last)
        return {"bundle": again, "datasets": [{"kind": "instructions", "digest": "e" * 64}]}

    made = rebuilt(folder, tmp_path / "home", train, registry, monkeypatch)
    assert ends_with == [TrainingStage.SFT] and not made.is_identical
    assert len(made.causes) == causes
    assert all(one.startswith("instructions: made of other questions (the bundle carries no") for one in made.causes)


def test_other_templates_make_another_model_of_the_same_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = bundle(tmp_path, DEMO, trained=False)
    registry = MemoryRegistry(tmp_path / "elsewhere")
    again = registry.register(manifest(DEMO.name, prompt_digest="1"), {})
    features = {"features": {"features_digest": "0"}, "bundle": again.bundle_id}
    monkeypatch.setattr(rebuilding, "build_features", lambda persona, recipe: features)
    monkeypatch.setattr(rebuilding, "open_registry", lambda home: registry)
    made = rebuilding.rebuild(TwinHome(tmp_path / "home"), folder, Path(BY))
    assert made.is_identical and not made.is_same_model
    assert [one.name for one in made.parts if not one.is_identical] == ["settings"]
