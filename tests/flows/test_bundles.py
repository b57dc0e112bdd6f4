from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from flows import bundles, promotion
from flows.bundles import (
    ADAPTER_FOLDER,
    PERSONA_FILE,
    RECIPE_FILE,
    base_bundle_to_train_on,
    newest_base_bundle,
    register_base_bundle,
    register_trained_bundle,
)
from flows.persona_file import persona_yaml
from flows.personas import create_persona
from flows.recipes import Recipe, load_recipe
from twin_data.configuration.home import TwinHome
from twin_data.configuration.persona import Author, Consent, PersonaConfig
from twin_data.contracts.digests import digest_value
from twin_data.contracts.errors import ConsentError, IntegrityError, ModelError, RegistryError
from twin_data.contracts.evaluation import GateDecision, Verdict
from twin_data.contracts.releases import (
    Alias,
    GenerationSettings,
    MachinePrice,
    ModelReference,
    RetrievalSettings,
    Rung,
    VerificationSettings,
)
from twin_data.prompts.renderer import prompt_digest
from twin_data.registry.memory import MemoryRegistry
from twin_data.scoring.encoder import write_model_manifest
from twin_data.transform.embedding_model import EmbeddingModelConfig
from twin_data.transform.pipeline import IndexedFeatures
from twin_train.base_models import BaseModelConfig
from twin_train.configuration import SftSettings, TrainingConfig

BASE = ModelReference(name="base", source="tests", digest="b" * 64, licence="Apache-2.0")
ENCODER = ModelReference(name="mini", source="tests", digest="e" * 64, licence="Apache-2.0")
PERSONA = PersonaConfig(
    name="ada", display_name="Ada Ferrier", author=Author(name="Ada"), owner="Ada", licence="CC0-1.0",
    consent=Consent(statement="I agree to a twin.", given_by="Ada", date=date(2026, 11, 2)), style_notes="Dry.",
)  # fmt: skip
INDEXED = IndexedFeatures(
    persona="ada", features_digest="f" * 64, index="twin-ada-ffff", chunks=7, documents=2,
    table_versions={"chunks": 3, "documents": 4}, code_digest="c" * 64,
)  # fmt: skip

Register = Callable[..., str]


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MemoryRegistry:
    memory = MemoryRegistry(tmp_path / "registry")
    monkeypatch.setattr(bundles, "open_registry", lambda home: memory)
    monkeypatch.setattr(promotion, "open_registry", lambda home: memory)
    monkeypatch.setattr(bundles, "ensure_base_model", lambda models, config, progress: (models, BASE))
    return memory


@pytest.fixture
def register(registry: MemoryRegistry, tmp_path: Path) -> Register:
    home = TwinHome(tmp_path / "home")
    create_persona(
        home,
        "ada",
        persona_yaml("ada", "Ada Ferrier", aliases=[], owner="Ada", licence="CC0", consent="I agree to a twin."),
    )

    def base(persona: PersonaConfig = PERSONA, recipe: Recipe | None = None, indexed: IndexedFeatures = INDEXED) -> str:
        return register_base_bundle(home, persona, recipe or load_recipe("demo"), ENCODER, indexed).bundle_id

    return base


def test_bundle_0_names_all_that_it_was_made_of(registry: MemoryRegistry, register: Register) -> None:
    recipe = load_recipe("demo")
    bundle = registry.resolve("ada", bundle_id=register(recipe=recipe))
    manifest = bundle.manifest
    assert bundle.aliases == (Alias.CANDIDATE,)
    assert manifest.adapter is None
    assert (manifest.base_model, manifest.embedding_model, manifest.prompt_digest) == (BASE, ENCODER, prompt_digest())
    assert (manifest.label, manifest.generation) == (recipe.label, recipe.generation)
    assert manifest.disclosure.startswith("I am a digital twin of Ada Ferrier") and manifest.style_notes == "Dry."
    lineage = manifest.lineage
    assert lineage.persona_digest == digest_value(PERSONA)
    assert (lineage.features_digest, lineage.index, lineage.table_versions) == (
        "f" * 64, "twin-ada-ffff", {"chunks": 3, "documents": 4},
    )  # fmt: skip
    assert (lineage.recipe, lineage.recipe_digest, lineage.consent_date) == ("demo", recipe.digest, date(2026, 11, 2))
    assert any((bundle.folder / "prompts").iterdir()), "its templates travel with it"


def test_the_same_features_are_one_bundle(registry: MemoryRegistry, register: Register) -> None:
    assert register() == register()
    assert len(registry.bundles("ada")) == 1


def test_a_bundle_0_whose_manifest_is_damaged_is_mended_and_no_candidate_is_moved(
    registry: MemoryRegistry, register: Register
) -> None:
    """Its error says to run the command that made it, which has to get so far."""
    base = registry.resolve("ada", bundle_id=register())
    trained = registry.register(base.manifest.model_copy(update={"rung": Rung.SFT}), {})
    (base.folder / "manifest.json").write_text("{", "utf-8")
    with pytest.raises(IntegrityError):
        registry.bundles("ada")
    assert register() == base.bundle_id
    assert [one.bundle_id for one in registry.bundles("ada")] == [base.bundle_id, trained.bundle_id]
    assert registry.resolve("ada", alias=Alias.CANDIDATE).bundle_id == trained.bundle_id


@pytest.mark.parametrize(
    "change",
    [
        {"generation": GenerationSettings(max_tokens=9)},
        {"price": MachinePrice(per_hour=0.12, currency="EUR")},
        {"label": "another"},
    ],
)
def test_other_settings_are_another_bundle_and_the_new_candidate(
    registry: MemoryRegistry, register: Register, change: dict[str, object]
) -> None:
    first = register()
    second = register(recipe=load_recipe("demo").model_copy(update=change))
    assert second != first
    assert registry.resolve("ada", alias=Alias.CANDIDATE).bundle_id == second


def test_other_features_are_another_bundle(register: Register) -> None:
    assert register() != register(indexed=INDEXED.model_copy(update={"features_digest": "0" * 64}))


def test_without_consent_there_is_no_bundle(registry: MemoryRegistry, register: Register) -> None:
    with pytest.raises(ConsentError):
        register(persona=PERSONA.model_copy(update={"consent": None}))
    assert registry.bundles("ada") == ()


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    folder = tmp_path / "trained"
    folder.mkdir()
    (folder / "adapter_config.json").write_text("{}")
    return folder


def trained(home: TwinHome, adapter: Path) -> str:
    base, recipe = newest_base_bundle(home, "ada"), load_recipe("demo")
    files = {ADAPTER_FOLDER: adapter}
    return register_trained_bundle(home, base, Rung.DPO, recipe, base.manifest.lineage, files).bundle_id


def test_a_bundle_carries_recipe_and_persona(registry: MemoryRegistry, register: Register) -> None:
    folder = registry.resolve("ada", bundle_id=register()).folder
    assert Recipe.model_validate(json.loads((folder / RECIPE_FILE).read_text())).digest == load_recipe("demo").digest
    assert "Ada Ferrier" in (folder / PERSONA_FILE).read_text()


def test_a_trained_bundle_stands_on_bundle_0_and_heeds_its_refusals(
    registry: MemoryRegistry, register: Register, adapter: Path, tmp_path: Path
) -> None:
    base = registry.resolve("ada", bundle_id=register())
    bundle = registry.resolve("ada", bundle_id=trained(TwinHome(tmp_path / "home"), adapter))
    assert bundle.manifest.rung is Rung.DPO and bundle.adapter is not None
    assert bundle.manifest.verification.heed_refusals and not base.manifest.verification.heed_refusals
    assert bundle.manifest.base_model == base.manifest.base_model


def test_without_features_there_is_nothing_to_train_on(registry: MemoryRegistry, tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="bundle 0"):
        newest_base_bundle(TwinHome(tmp_path), "ada")


def test_the_newest_bundle_0_is_the_one_registered_last(
    registry: MemoryRegistry, register: Register, adapter: Path, tmp_path: Path
) -> None:
    """An archive may go back to what it was: then the bundle that is known already is the newest."""
    home, other = TwinHome(tmp_path / "home"), INDEXED.model_copy(update={"features_digest": "0" * 64})
    first, second = register(), register(indexed=other)
    assert newest_base_bundle(home, "ada").bundle_id == second
    assert register() == first
    assert newest_base_bundle(home, "ada").bundle_id == first
    candidate = trained(home, adapter)
    assert newest_base_bundle(home, "ada").bundle_id == first, "a trained one is no bundle 0"
    assert register() == first
    assert registry.resolve("ada", alias=Alias.CANDIDATE).bundle_id == candidate, "nothing has changed"
    assert register(indexed=other) == second
    assert registry.resolve("ada", alias=Alias.CANDIDATE).bundle_id == second


TRAINS = load_recipe("demo").model_copy(
    update={"base_model": BaseModelConfig(name=BASE.name, source=BASE.source, licence=BASE.licence)}
)


def test_a_recipe_is_trained_on_the_base_model_of_bundle_0_alone(
    register: Register, registry: MemoryRegistry, tmp_path: Path
) -> None:
    home, bundle = TwinHome(tmp_path / "home"), register()
    assert base_bundle_to_train_on(home, "ada", TRAINS, "mine.yaml").bundle_id == bundle
    assert len(registry.bundles("ada")) == 1
    larger = TRAINS.model_copy(
        update={"base_model": BaseModelConfig(name="Larger-8B", source="some/larger", licence="MIT")}
    )
    with pytest.raises(ModelError, match="trains Larger-8B from 'some/larger'.*stands on base from 'tests'") as refused:
        base_bundle_to_train_on(home, "ada", larger, "mine.yaml")
    assert refused.value.next_step.startswith("twin features ada --recipe mine.yaml")


OTHERWISE = TRAINS.model_copy(
    update={
        "name": "mine",
        "label": "mine",
        "generation": GenerationSettings(max_tokens=9),
        "retrieval": RetrievalSettings(passages=2, excerpts=1),
        "verification": VerificationSettings(min_support=0.7),
        "price": MachinePrice(per_hour=0.5),
    }
)


def test_the_recipe_of_the_training_says_how_the_bundle_is_served(
    register: Register, registry: MemoryRegistry, adapter: Path, tmp_path: Path
) -> None:
    """Also where the features were built by another; and the ladder compares two bundles of the same settings."""
    home, first = TwinHome(tmp_path / "home"), registry.resolve("ada", bundle_id=register(recipe=TRAINS))
    base = base_bundle_to_train_on(home, "ada", OTHERWISE, "mine.yaml")
    assert base.bundle_id != first.bundle_id and base.manifest.rung is Rung.BASE
    assert base_bundle_to_train_on(home, "ada", OTHERWISE, "mine.yaml").bundle_id == base.bundle_id, (
        "killed and resumed"
    )
    assert newest_base_bundle(home, "ada").bundle_id == base.bundle_id, "a refresh looks for what stands on it"
    was, is_now = first.manifest.lineage, base.manifest.lineage
    assert is_now == was.model_copy(update={"recipe": "mine", "recipe_digest": OTHERWISE.digest})

    files = {ADAPTER_FOLDER: adapter}
    manifest = register_trained_bundle(home, base, Rung.SFT, OTHERWISE, base.manifest.lineage, files).manifest
    for served in (manifest, base.manifest):
        assert (served.label, served.generation, served.retrieval, served.price) == (
            "mine", OTHERWISE.generation, OTHERWISE.retrieval, OTHERWISE.price,
        )  # fmt: skip
        assert served.verification.min_support == 0.7
    assert manifest.verification.heed_refusals


def test_other_settings_of_training_alone_need_no_other_bundle_0(
    register: Register, registry: MemoryRegistry, tmp_path: Path
) -> None:
    bundle = register(recipe=TRAINS)
    longer = TRAINS.model_copy(update={"training": TrainingConfig(sft=SftSettings(epochs=3.0)), "name": "longer"})
    assert base_bundle_to_train_on(TwinHome(tmp_path / "home"), "ada", longer, "longer.yaml").bundle_id == bundle
    assert len(registry.bundles("ada")) == 1


def test_a_bundle_0_of_other_templates_is_not_trained_on(
    register: Register, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Serving would refuse what comes of it, after the training."""
    home = TwinHome(tmp_path / "home")
    register()
    monkeypatch.setattr(bundles, "prompt_digest", lambda: "9" * 64)
    with pytest.raises(IntegrityError, match=r"other prompt templates \([0-9a-f]{12}\).*now \(9{12}\)") as refused:
        base_bundle_to_train_on(home, "ada", TRAINS, "demo")
    assert refused.value.next_step.startswith("twin features ada --recipe demo")
    register()
    assert base_bundle_to_train_on(home, "ada", TRAINS, "demo").manifest.prompt_digest == "9" * 64


def test_a_bundle_0_of_an_older_export_of_the_encoder_is_not_trained_on(
    register: Register, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after an update that exports another graph: neither neighbours nor service could use its embeddings."""
    home, models = TwinHome(tmp_path / "home"), tmp_path / "models"
    register()
    models.mkdir()
    (models / "model.onnx").write_bytes(b"another graph")
    write_model_manifest(models, name=ENCODER.name, source=ENCODER.source, licence=ENCODER.licence)
    monkeypatch.setattr(bundles, "ensure_encoder", lambda folder, config: models)
    encoder = EmbeddingModelConfig(name=ENCODER.name, source=ENCODER.source)
    embeds = TRAINS.model_copy(update={"features": TRAINS.features.model_copy(update={"embedding": encoder})})
    with pytest.raises(IntegrityError, match=r"another export of mini \(e{12}\)") as refused:
        base_bundle_to_train_on(home, "ada", embeds, "demo")
    assert refused.value.next_step.startswith("twin features ada --recipe demo")
    assert base_bundle_to_train_on(home, "ada", TRAINS, "demo").manifest.embedding_model == ENCODER


def test_promotion_by_hand_and_rollback(
    registry: MemoryRegistry, register: Register, adapter: Path, tmp_path: Path
) -> None:
    home = TwinHome(tmp_path / "home")
    first = register()
    with pytest.raises(RegistryError, match="had no champion before this one"):
        promotion.rollback(home, "ada", by="me", reason="x")
    promotion.promote(home, "ada", first, by="me", reason="the first")
    second = trained(home, adapter)
    promotion.promote(home, "ada", second, by="me", reason="better")
    assert registry.resolve("ada").bundle_id == second
    assert promotion.rollback(home, "ada", by="me", reason="worse").bundle_id == first
    assert registry.resolve("ada").bundle_id == first
    assert [one.override_by for one in registry.history("ada") if one.alias is Alias.CHAMPION] == ["me"] * 3


def test_no_rollback_leads_to_a_tainted_bundle(
    registry: MemoryRegistry, register: Register, adapter: Path, tmp_path: Path
) -> None:
    home = TwinHome(tmp_path / "home")
    first = register()
    promotion.promote(home, "ada", first, by="me", reason="the first")
    second = trained(home, adapter)
    promotion.promote(home, "ada", second, by="me", reason="better")
    promotion.taint(home, "ada", first, reason="a source was withdrawn")
    with pytest.raises(RegistryError, match="tainted: a source was withdrawn") as refused:
        promotion.rollback(home, "ada", by="me", reason="worse")
    assert "--override-by" in refused.value.next_step
    assert registry.resolve("ada").bundle_id == second


def test_a_promotion_by_hand_records_who_why_and_what_the_gate_had_said(
    registry: MemoryRegistry, register: Register, tmp_path: Path
) -> None:
    home, first = TwinHome(tmp_path / "home"), register()
    said = GateDecision(persona="ada", bundle=first, verdict=Verdict.INCONCLUSIVE, reasons=("228 more questions",))
    for at, decision in enumerate((said.model_copy(update={"verdict": Verdict.REJECT}), said)):
        path = home.evaluations / "ada" / first / f"set{at}" / "decision.json"
        path.parent.mkdir(parents=True)
        path.write_text(decision.model_dump_json(), "utf-8")
        os.utime(path, (at, at))
    promotion.promote(home, "ada", first, by="Grace Hopper", reason="read fifty answers")
    change = registry.history("ada")[-1]
    assert (change.override_by, change.reason) == ("Grace Hopper", "read fifty answers")
    assert (change.verdict, change.gate_reasons) == (Verdict.INCONCLUSIVE, ("228 more questions",))


def test_a_bundle_that_holds_a_pickle_is_promoted_on_nobody_s_word(
    registry: MemoryRegistry, register: Register, tmp_path: Path
) -> None:
    first = register()
    (registry.resolve("ada", bundle_id=first).folder / "weights.pkl").write_bytes(b"code")
    with pytest.raises(IntegrityError, match=r"weights\.pkl was added"):
        promotion.promote(TwinHome(tmp_path), "ada", first, by="Grace Hopper", reason="because")


def test_nobody_is_promoted_without_a_reason(registry: MemoryRegistry, register: Register, tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="without a reason"):
        promotion.promote(TwinHome(tmp_path), "ada", register(), by="me", reason=" ")
