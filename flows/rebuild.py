"""`twin rebuild`: a bundle again, in an empty home, from its sources and its lineage alone."""

from __future__ import annotations

import shutil
from pathlib import Path

from flows.build_features import build_features
from flows.bundles import PERSONA_FILE, RECIPE_FILE, Carried
from flows.exam_files import QUESTIONS_FILE, RUBRIC_FILE
from flows.personas import create_persona
from flows.recipes import Recipe
from flows.reporting import report
from flows.train_twin import train_twin
from twin_data.configuration.home import TwinHome
from twin_data.contracts.base import Contract
from twin_data.contracts.digests import digest_file, digest_value
from twin_data.contracts.errors import PlatformError, RegistryError
from twin_data.contracts.releases import ReleaseBundle
from twin_data.registry import open_registry
from twin_data.registry.bundle_folder import read_bundle_folder
from twin_data.sources.tombstones import TOMBSTONES_FILE
from twin_eval.exam.files import CANDIDATES_FILE, CERTIFICATE_FILE, GENERATED_FILE

PERSONA_EXTRAS = (
    QUESTIONS_FILE, GENERATED_FILE, CERTIFICATE_FILE, CANDIDATES_FILE, RUBRIC_FILE, TOMBSTONES_FILE, "contrast"
)  # fmt: skip


class RebuiltPart(Contract):
    """One digest of the lineage, as it was and as it is again."""

    name: str
    recorded: str
    rebuilt: str
    is_required: bool = True
    """Weights may differ on another kind of machine, which adds in another order; data may not."""

    @property
    def is_identical(self) -> bool:
        """Whether the same came out."""
        return self.recorded == self.rebuilt


class Rebuilt(Contract):
    """What a rebuild has made."""

    persona: str
    bundle: str
    """The new bundle's id; its training record holds other seconds, so it differs from the old one's."""
    parts: tuple[RebuiltPart, ...]

    @property
    def is_identical(self) -> bool:
        """Whether features and datasets are the recorded ones."""
        return all(part.is_identical for part in self.parts if part.is_required)

    @property
    def is_same_model(self) -> bool:
        """Whether everything that answers are made with is the same: then its scores are the original's, unasked."""
        return all(part.is_identical for part in self.parts)


def asks_models(bundle: Path) -> bool:
    """Whether a bundle's rebuild needs the LLM microservice, because it does not carry all that models wrote for it.

    Raises:
        IntegrityError: The bundle's files are not what it says.
        RegistryError: It carries no recipe.
    """
    manifest = read_bundle_folder(bundle)
    recipe = Recipe.model_validate_json(_carried_file(manifest, bundle, RECIPE_FILE).read_bytes())
    carried = Carried.of(bundle)
    teaches = recipe.datasets.teacher.kind == "local" and carried.wordings is None
    drafts = recipe.training.dpo.enabled and carried.drafts is None
    return manifest.adapter is not None and (teaches or drafts)


def rebuild(home: TwinHome, bundle: Path, persona_folder: Path) -> Rebuilt:
    """Make a bundle again.

    Args:
        home: A home that does not hold the persona yet.
        bundle: Folder of the bundle.
        persona_folder: Holds `sources/`, and questions, rubric and contrast texts where the persona has them.

    Raises:
        IntegrityError: The bundle's files are not what it says.
        RegistryError: It carries no recipe or persona.
        PlatformError: The home holds the persona already, or there are no sources.
    """
    manifest = read_bundle_folder(bundle)
    recipe = _install(home, manifest, bundle, persona_folder)
    report(f"rebuilding {manifest.model_name} in {home.root}")
    features = build_features(manifest.persona, str(recipe))
    parts = [
        RebuiltPart(
            name="features",
            recorded=manifest.lineage.features_digest,
            rebuilt=features["features"]["features_digest"],
        )
    ]
    made = str(features["bundle"])
    if manifest.adapter:
        trained = train_twin(manifest.persona, str(recipe), manifest.lineage.override_reason, str(bundle.absolute()))
        made = str(trained["bundle"])
        again = {one["kind"]: one["digest"] for one in trained["datasets"]}
        parts += [
            RebuiltPart(name=one.kind.value, recorded=one.digest, rebuilt=again.get(one.kind.value, "none"))
            for one in manifest.lineage.datasets
        ]
        parts.append(_weights(home, manifest, bundle, made))
    parts.append(_settings(home, manifest, made))
    return Rebuilt(persona=manifest.persona, bundle=made, parts=tuple(parts))


def _settings(home: TwinHome, manifest: ReleaseBundle, made: str) -> RebuiltPart:
    again = open_registry(home).resolve(manifest.persona, bundle_id=made).manifest
    return RebuiltPart(
        name="settings",
        recorded=_settings_digest(manifest),
        rebuilt=_settings_digest(again),
        is_required=False,
    )


def _settings_digest(manifest: ReleaseBundle) -> str:
    """Of what a bundle answers with beside weights and features: models, templates, and all that it is served by."""
    left_out = {"lineage", "adapter", "label", "price"}
    return digest_value(manifest.model_dump(exclude=left_out))


def _weights(home: TwinHome, manifest: ReleaseBundle, bundle: Path, made: str) -> RebuiltPart:
    again = open_registry(home).resolve(manifest.persona, bundle_id=made)
    assert manifest.adapter is not None and again.adapter is not None, "both were trained"
    return RebuiltPart(
        name="weights",
        recorded=_weights_digest(bundle / manifest.adapter),
        rebuilt=_weights_digest(again.adapter),
        is_required=False,
    )


def _weights_digest(adapter: Path) -> str:
    """Of the tensors alone: beside them stands the base model's path, which another home has elsewhere."""
    files = sorted(adapter.glob("*.safetensors"))
    return digest_value([[one.name, digest_file(one)] for one in files])


def _install(home: TwinHome, manifest: ReleaseBundle, bundle: Path, persona_folder: Path) -> Path:
    """Set the persona up as the lineage says; returns the recipe's file."""
    carried = {name: _carried_file(manifest, bundle, name) for name in (RECIPE_FILE, PERSONA_FILE)}
    if not (persona_folder / "sources").is_dir():
        raise PlatformError(
            f"{persona_folder} holds no folder `sources`",
            next_step="name the persona's folder: --persona-folder FOLDER",
        )
    target = create_persona(home, manifest.persona, carried[PERSONA_FILE].read_text("utf-8")).parent
    shutil.copytree(persona_folder / "sources", target / "sources", dirs_exist_ok=True)
    for extra in PERSONA_EXTRAS:
        if (source := persona_folder / extra).is_dir():
            shutil.copytree(source, target / extra)
        elif source.is_file():
            shutil.copyfile(source, target / extra)
    recipe = target / "recipe.yaml"  # JSON is YAML
    shutil.copyfile(carried[RECIPE_FILE], recipe)
    return recipe


def _carried_file(manifest: ReleaseBundle, bundle: Path, name: str) -> Path:
    if not (bundle / name).is_file():
        raise RegistryError(
            f"bundle {manifest.bundle_id} carries no {name}", next_step="it was made by an older version: train anew"
        )
    return bundle / name
