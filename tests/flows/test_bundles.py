from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from flows import bundles
from flows.bundles import register_base_bundle
from flows.recipes import Recipe, load_recipe
from twin_data.configuration.home import TwinHome
from twin_data.configuration.persona import Author, Consent, PersonaConfig
from twin_data.contracts.digests import digest_value
from twin_data.contracts.errors import ConsentError
from twin_data.contracts.releases import Alias, GenerationSettings, MachinePrice, ModelReference
from twin_data.prompts.renderer import prompt_digest
from twin_data.registry.memory import MemoryRegistry
from twin_data.transform.pipeline import IndexedFeatures

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


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MemoryRegistry:
    memory = MemoryRegistry(tmp_path / "registry")
    monkeypatch.setattr(bundles, "open_registry", lambda home: memory)
    monkeypatch.setattr(bundles, "ensure_base_model", lambda models, config, progress: (models, BASE))
    return memory


def register(persona: PersonaConfig = PERSONA, recipe: Recipe | None = None, indexed: IndexedFeatures = INDEXED) -> str:
    return register_base_bundle(
        TwinHome(Path("nowhere")), persona, recipe or load_recipe("demo"), ENCODER, indexed
    ).bundle_id


def test_bundle_0_names_all_that_it_was_made_of(registry: MemoryRegistry) -> None:
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


def test_the_same_features_are_one_bundle(registry: MemoryRegistry) -> None:
    assert register() == register()
    assert len(registry.bundles("ada")) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"generation": GenerationSettings(max_tokens=9)},
        {"price": MachinePrice(per_hour=0.12, currency="EUR")},
        {"label": "another"},
    ],
)
def test_other_settings_are_another_bundle_and_the_new_candidate(
    registry: MemoryRegistry, change: dict[str, object]
) -> None:
    first = register()
    second = register(recipe=load_recipe("demo").model_copy(update=change))
    assert second != first
    assert registry.resolve("ada", alias=Alias.CANDIDATE).bundle_id == second


def test_other_features_are_another_bundle(registry: MemoryRegistry) -> None:
    assert register() != register(indexed=INDEXED.model_copy(update={"features_digest": "0" * 64}))


def test_without_consent_there_is_no_bundle(registry: MemoryRegistry) -> None:
    with pytest.raises(ConsentError):
        register(persona=PERSONA.model_copy(update={"consent": None}))
    assert registry.bundles("ada") == ()
