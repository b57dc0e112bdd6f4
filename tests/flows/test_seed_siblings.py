"""What may be trained under another seed, and which bundles are the same training but for it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flows.bundles import HELD_OUT_FILE, RECIPE_FILE
from flows.recipes import Recipe, load_recipe
from flows.seed_siblings import base_of, require_siblings, seed_siblings, training_beside, under_seed
from twin_data.contracts.datasets import DatasetKind, DatasetVersion
from twin_data.contracts.digests import canonical_json
from twin_data.contracts.errors import ConfigurationError, RegistryError
from twin_data.contracts.releases import Rung
from twin_data.contracts.training import TrainingCode, TrainingStage
from twin_data.registry.memory import MemoryRegistry
from twin_data.registry.port import BundleFiles, RegisteredBundle

from .bench import manifest, trained_with

RECIPE = load_recipe("demo")


class Trained:
    """A registry in which a recipe has trained SFT and DPO on a bundle 0."""

    instructions = DatasetVersion(
        persona="ada", kind=DatasetKind.INSTRUCTIONS, digest="1" * 64, rows=9, held_out_rows=1, table_version=1,
        passed=True,
    )  # fmt: skip

    def __init__(self, root: Path) -> None:
        self.registry = MemoryRegistry(root / "registry")
        self.base = self.registry.register(manifest("base"), {})
        self.tuned = self.train(Rung.SFT, self.base)
        self.aligned = self.train(Rung.DPO, self.tuned)

    def files(self, recipe: Recipe) -> BundleFiles:
        return {RECIPE_FILE: json.dumps(json.loads(canonical_json(recipe)))}

    def train(
        self, rung: Rung, parent: RegisteredBundle, recipe: Recipe = RECIPE, seed: int = 42, **changes: object
    ) -> RegisteredBundle:
        (record,) = trained_with(seed).training
        records = (record, record.model_copy(update={"stage": TrainingStage.DPO}))
        lineage = trained_with(seed).model_copy(
            update={
                "training": records if rung is Rung.DPO else (record,),
                "parent": parent.bundle_id, "datasets": (self.instructions,), "override_reason": "a test", **changes
            }
        )  # fmt: skip
        made = manifest("", rung=rung, adapter="adapter", lineage=lineage)
        files = {**self.files(recipe), HELD_OUT_FILE: '"Who?"\n', "adapter/adapter_config.json": "{}"}
        return self.registry.register(made, files, as_candidate="seed_sibling_of" not in changes)

    def beside(self, recipe: Recipe = RECIPE, seed: int = 7) -> str:
        return training_beside(self.registry, "ada", recipe, recipe.name, seed).first.bundle_id


@pytest.fixture
def trained(tmp_path: Path) -> Trained:
    return Trained(tmp_path)


def test_another_seed_is_of_both_stages_and_of_nothing_else() -> None:
    other = under_seed(RECIPE, 7)
    assert (other.training.sft.seed, other.training.dpo.seed) == (7, 7)
    stages = {name: getattr(RECIPE.training, name) for name in ("sft", "dpo")}
    assert other.model_copy(update={"training": other.training.model_copy(update=stages)}) == RECIPE


@pytest.mark.parametrize(("seed", "why"), [(42, "SFT and DPO under seed 42 itself"), (-1, "none"), (2**32, "none")])
def test_the_recipes_own_seed_and_what_is_none_are_refused(seed: int, why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        under_seed(RECIPE, seed)


def test_what_the_recipe_has_trained_last_is_trained_beside(trained: Trained) -> None:
    assert trained.beside() == trained.aligned.bundle_id
    newer = trained.train(Rung.DPO, trained.tuned, features_digest="2")
    trained.train(Rung.DPO, trained.tuned, under_seed(RECIPE, 9), 9, seed_sibling_of=newer.bundle_id)
    assert trained.beside() == newer.bundle_id, "not beside another seed's"
    assert base_of(trained.registry, newer).bundle_id == trained.base.bundle_id


def test_a_recipe_that_has_trained_nothing_is_refused_with_what_to_do(trained: Trained, tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match=f"{trained.aligned.bundle_id} was trained by 'demo'") as error:
        trained.beside(load_recipe("laptop"))
    assert error.value.next_step.startswith("twin train ada --recipe laptop")
    trained.registry.taint("ada", trained.aligned.bundle_id, reason="withdrawn")
    with pytest.raises(RegistryError, match="has trained no bundle"):
        trained.beside()


def test_what_other_code_has_trained_is_not_trained_beside(trained: Trained) -> None:
    record = trained_with(42).training[0].model_copy(update={"code": TrainingCode(digest="old", libraries={})})
    trained.train(Rung.DPO, trained.tuned, training=(record,))
    with pytest.raises(RegistryError, match="trained by other code"):
        trained.beside()


def test_siblings_differ_in_their_seed_alone(trained: Trained) -> None:
    def siblings() -> list[str]:
        return [one.bundle_id for one in seed_siblings(trained.aligned, trained.registry.bundles("ada"))]

    record = trained_with(8).training[0].model_copy(update={"code": TrainingCode(digest="old", libraries={})})
    trained.train(Rung.DPO, trained.tuned, under_seed(RECIPE, 8), 8, training=(record,))
    trained.train(Rung.DPO, trained.tuned, under_seed(RECIPE, 8), 8, features_digest="2")
    trained.train(Rung.DPO, trained.tuned, under_seed(load_recipe("laptop"), 8), 8)
    with pytest.raises(RegistryError, match="under another seed") as error:
        require_siblings(trained.aligned, trained.registry.bundles("ada"))
    assert "--seed N" in error.value.next_step
    assert siblings() == []
    trained.train(Rung.DPO, trained.tuned, under_seed(RECIPE, 7), 7, seed_sibling_of=trained.aligned.bundle_id)
    again = trained.train(
        Rung.DPO, trained.tuned, under_seed(RECIPE, 7), 7, seed_sibling_of=trained.aligned.bundle_id,
        table_versions={"documents": 2},
    )  # fmt: skip
    assert siblings() == [again.bundle_id], "one a seed, the newest"
    require_siblings(trained.aligned, trained.registry.bundles("ada"))
    trained.registry.taint("ada", again.bundle_id, reason="withdrawn")
    assert again.bundle_id not in siblings()


def test_half_a_training_under_another_seed_is_no_other_draw(trained: Trained) -> None:
    """As by a recipe file whose DPO alone has another seed: a spread that is too small lets luck through."""
    first, second = trained.aligned.manifest.lineage.training
    records = (first, second.model_copy(update={"seed": 8}))
    half = trained.train(Rung.DPO, trained.tuned, under_seed(RECIPE, 8), 8, training=records)
    assert half.bundle_id not in [
        one.bundle_id for one in seed_siblings(trained.aligned, trained.registry.bundles("ada"))
    ]
    with pytest.raises(RegistryError, match="under another seed"):
        require_siblings(trained.aligned, trained.registry.bundles("ada"))


def test_what_was_not_trained_has_no_seed(trained: Trained) -> None:
    with pytest.raises(RegistryError, match="was not trained"):
        require_siblings(trained.base, trained.registry.bundles("ada"))
