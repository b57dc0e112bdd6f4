"""`twin rebuild`: a bundle again, in an empty home, from its sources and its lineage alone."""

from __future__ import annotations

from pathlib import Path

from flows.build_features import build_features
from flows.bundles import Carried
from flows.rebuilt_persona import carried_recipe
from flows.reporting import report
from flows.train_twin import train_twin
from twin_data.configuration.home import TwinHome
from twin_data.contracts.base import Contract
from twin_data.contracts.datasets import DatasetCertificate
from twin_data.contracts.digests import digest_file, digest_value
from twin_data.contracts.releases import ReleaseBundle, Rung
from twin_data.contracts.training import TrainingStage
from twin_data.registry import open_registry
from twin_data.registry.bundle_folder import read_bundle_folder
from twin_data.registry.model_card import CERTIFICATES_FOLDER


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
    causes: tuple[str, ...] = ()
    """Of each dataset that came out otherwise: what it was made of this time that was another then."""

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
        RegistryError: It carries no recipe, or one of another version of this software.
    """
    manifest = read_bundle_folder(bundle)
    recipe = carried_recipe(manifest, bundle)
    carried = Carried.of(bundle)
    teaches = recipe.datasets.teacher.kind == "local" and carried.wordings is None
    drafts = manifest.rung is Rung.DPO and carried.drafts is None
    return manifest.adapter is not None and (teaches or drafts)


def rebuild(home: TwinHome, bundle: Path, recipe: Path) -> Rebuilt:
    """Make a bundle again; interrupted, the same call goes on.

    Args:
        home: Where its persona was set up.
        bundle: Folder of the bundle.
        recipe: File of the recipe that `set_up` has put there.

    Raises:
        IntegrityError: The bundle's files are not what it says.
    """
    manifest = read_bundle_folder(bundle)
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
    causes: tuple[str, ...] = ()
    if manifest.adapter:
        reason, carried = manifest.lineage.override_reason, str(bundle.absolute())
        trained = train_twin(manifest.persona, str(recipe), reason, carried, _last_stage(manifest))
        made = str(trained["bundle"])
        again = {one["kind"]: one["digest"] for one in trained["datasets"]}
        parts += [
            RebuiltPart(name=one.kind.value, recorded=one.digest, rebuilt=again.get(one.kind.value, "none"))
            for one in manifest.lineage.datasets
        ]
        causes = _causes(home, manifest, bundle, made, [one.name for one in parts if not one.is_identical])
        parts.append(_weights(home, manifest, bundle, made))
    parts.append(_settings(home, manifest, made))
    return Rebuilt(persona=manifest.persona, bundle=made, parts=tuple(parts), causes=causes)


def _last_stage(manifest: ReleaseBundle) -> TrainingStage:
    """Where its training ended: a recipe that goes on to DPO has registered a bundle after SFT as well."""
    return TrainingStage.SFT if manifest.rung is Rung.SFT else TrainingStage.DPO


def _causes(home: TwinHome, manifest: ReleaseBundle, bundle: Path, made: str, different: list[str]) -> tuple[str, ...]:
    """By the certificates of the datasets that came out otherwise: what they were made of, then and now."""
    again = open_registry(home).resolve(manifest.persona, bundle_id=made).folder
    found = []
    for name in different:
        former, anew = (folder / CERTIFICATES_FOLDER / f"{name}.json" for folder in (bundle, again))
        if former.is_file() and anew.is_file() and (others := _other_inputs(former, anew)):
            found.append(f"{name}: made of other {', '.join(others)}{_held_out_hint(bundle, others)}")
    return tuple(found)


def _other_inputs(former: Path, anew: Path) -> list[str]:
    """Names of what two certificates both name and with another digest."""
    then, now = (
        {one.name: one.digest for one in DatasetCertificate.model_validate_json(path.read_bytes()).inputs}
        for path in (former, anew)
    )
    return [name for name in then if name in now and now[name] != then[name]]


def _held_out_hint(bundle: Path, others: list[str]) -> str:
    if "questions" not in others or Carried.of(bundle).held_out:
        return ""
    return (
        " (the bundle carries no held-out questions: put the files of questions that the persona had when it was "
        "trained into the folder of --persona-folder)"
    )


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
