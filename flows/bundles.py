"""Release bundles: bundle 0 (base model and retrieval), and the trained ones that stand on it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.recipes import Recipe
from flows.reporting import report
from twin_data.configuration.home import TwinHome, cache_folder
from twin_data.configuration.persona import PersonaConfig, persona_file
from twin_data.contracts.digests import canonical_json, digest_value, short
from twin_data.contracts.errors import IntegrityError, ModelError, RegistryError
from twin_data.contracts.releases import Alias, Lineage, ModelReference, ReleaseBundle, Rung
from twin_data.prompts.renderer import prompt_digest, template_files
from twin_data.registry import open_registry
from twin_data.registry.port import BundleFiles, BundleRegistry, RegisteredBundle
from twin_data.scoring.encoder import read_model_reference
from twin_data.transform.embedding_model import ensure_encoder
from twin_data.transform.pipeline import IndexedFeatures
from twin_train.base_models import ensure_base_model

ADAPTER_FOLDER = "adapter"
RECIPE_FILE = "lineage/recipe.json"
PERSONA_FILE = "lineage/persona.yaml"
DRAFTS_FILE = "lineage/drafts.jsonl"
WORDINGS_FILE = "lineage/wordings.jsonl"
HELD_OUT_FILE = "lineage/held_out_questions.jsonl"


@dataclass(frozen=True)
class Carried:
    """What a bundle's datasets were made of beside the sources: it carries that, so that a rebuild makes the same.

    Attributes:
        drafts: The SFT model's drafts; nobody need write them again.
        wordings: The teacher's wordings, likewise.
        held_out: The held-out questions, which the persona's folder may hold others of by now.
    """

    drafts: Path | None = None
    wordings: Path | None = None
    held_out: Path | None = None

    @classmethod
    def of(cls, bundle: Path | None) -> Carried:
        """What the folder of a bundle holds of it; nothing without a bundle."""
        if bundle is None:
            return cls()
        paths = (bundle / name for name in (DRAFTS_FILE, WORDINGS_FILE, HELD_OUT_FILE))
        return cls(*(path if path.is_file() else None for path in paths))


def held_out_lines(questions: Sequence[str]) -> str:
    """The held-out questions' texts as a bundle carries them: one JSON string a line."""
    return "".join(f"{json.dumps(one, ensure_ascii=False)}\n" for one in questions)


def read_held_out(path: Path) -> tuple[str, ...]:
    """The texts that `held_out_lines` wrote."""
    return tuple(json.loads(line) for line in path.read_text("utf-8").split("\n") if line)


def register_base_bundle(
    home: TwinHome,
    persona: PersonaConfig,
    recipe: Recipe,
    embedding_model: ModelReference,
    indexed: IndexedFeatures,
) -> RegisteredBundle:
    """Register bundle 0 of these features as the candidate.

    Registering the newest one again changes nothing: what has been trained on it meanwhile stays the candidate.
    """
    consent = persona.require_consent()
    _, base_model = ensure_base_model(cache_folder() / "models", recipe.base_model, report)
    manifest = ReleaseBundle(
        persona=persona.name,
        display_name=persona.display_name,
        base_model=base_model,
        embedding_model=embedding_model,
        prompt_digest=prompt_digest(),
        **_served_as(recipe),
        disclosure=persona.full_disclosure,
        style_notes=persona.style_notes,
        lineage=Lineage(
            persona_digest=digest_value(persona),
            features_digest=indexed.features_digest,
            table_versions=indexed.table_versions,
            index=indexed.index,
            recipe=recipe.name,
            recipe_digest=recipe.digest,
            code_digest=indexed.code_digest,
            corpus_licence=persona.licence or "",
            consent_date=consent.date,
        ),
    )
    registry, files = open_registry(home), lineage_files(home, persona.name, recipe)
    # At first without an alias: what is damaged of it is mended by this, and could not be read before.
    registered = registry.register(manifest, files, as_candidate=False)
    in_turn = _base_bundles_in_turn(registry, persona.name)
    if in_turn and in_turn[-1].bundle_id == registered.bundle_id:
        return registered
    return registry.register(manifest, files)


def _served_as(recipe: Recipe) -> dict[str, Any]:
    """The settings of a manifest that a recipe decides."""
    return {
        "label": recipe.label,
        "max_model_len": recipe.base_model.max_model_len,
        "retrieval": recipe.retrieval,
        "verification": recipe.verification,
        "generation": recipe.generation,
        "price": recipe.price,
    }


def lineage_files(home: TwinHome, persona: str, recipe: Recipe) -> dict[str, Path | str]:
    """What every bundle carries so that it can be rebuilt: templates, the whole recipe, the persona's file."""
    return {
        **{f"prompts/{path.name}": path for path in template_files()},
        RECIPE_FILE: json.dumps(json.loads(canonical_json(recipe)), indent=2, ensure_ascii=False) + "\n",
        PERSONA_FILE: persona_file(home, persona),
    }


def newest_base_bundle(home: TwinHome, persona: str) -> RegisteredBundle:
    """The bundle 0 of the newest features: the one registered last, even if it was known before.

    Raises:
        RegistryError: No features have been built.
    """
    found = _base_bundles_in_turn(open_registry(home), persona)
    if not found:
        raise RegistryError(f"{persona!r} has no bundle 0 to train on", next_step=f"twin features {persona}")
    return found[-1]


def _base_bundles_in_turn(registry: BundleRegistry, persona: str) -> list[RegisteredBundle]:
    """The bundles 0 in the order in which they became candidates; one comes again if features changed back to it."""
    base = {one.bundle_id: one for one in registry.bundles(persona) if one.manifest.rung is Rung.BASE}
    candidates = (one.bundle for one in registry.history(persona) if one.alias is Alias.CANDIDATE)
    return [base[bundle] for bundle in candidates if bundle in base]


def base_bundle_to_train_on(home: TwinHome, persona: str, recipe: Recipe, recipe_name: str) -> RegisteredBundle:
    """The newest bundle 0, if what a recipe trains can be served on it: hours later it would be too late to see.

    Where it was made by a recipe that serves otherwise, one of the same features and of this recipe's settings is
    registered and returned (decision 15): a trained bundle takes its settings from it and is compared with it.

    Raises:
        RegistryError: No features have been built.
        ModelError: It stands on another base model than the recipe's.
        IntegrityError: It was made with other prompt templates than this code renders, or with another export of the
            encoder than this code embeds with.
    """
    base = newest_base_bundle(home, persona)
    check_base(base, recipe, recipe_name)
    return _with_settings_of(home, base, recipe)


def check_base(base: RegisteredBundle, recipe: Recipe, recipe_name: str) -> None:
    """Refuse a bundle 0 on which what a recipe trains could not be served.

    Raises:
        ModelError: It stands on another base model than the recipe's.
        IntegrityError: It was made with other prompt templates than this code renders, or with another export of the
            encoder than this code embeds with.
    """
    persona, wanted = base.manifest.persona, recipe.base_model
    again = f"twin features {persona} --recipe {recipe_name}, then run the same command again"
    stands_on = base.manifest.base_model
    if (stands_on.name, stands_on.source) != (wanted.name, wanted.source):
        raise ModelError(
            f"recipe {recipe.name!r} trains {wanted.name} from {wanted.source!r}, bundle 0 "
            f"({base.manifest.model_name}) stands on {stands_on.name} from {stands_on.source!r}",
            next_step=again,
        )
    if base.manifest.prompt_digest != prompt_digest():
        raise IntegrityError(
            f"bundle 0 ({base.manifest.model_name}) was made with other prompt templates "
            f"({short(base.manifest.prompt_digest)}) than are trained on now ({short(prompt_digest())})",
            next_step=again,
        )
    _check_encoder(base.manifest, recipe, again)


def _check_encoder(base: ReleaseBundle, recipe: Recipe, again: str) -> None:
    """Refuse a bundle 0 that stands on an older export of the very encoder that the recipe names."""
    embedded, embeds = base.embedding_model, recipe.features.embedding
    if (embedded.name, embedded.source) != (embeds.name, embeds.source):
        return  # features built with another encoder keep it (decision 15)
    now = read_model_reference(ensure_encoder(cache_folder() / "models", embeds)).digest
    if embedded.digest != now:
        raise IntegrityError(
            f"bundle 0 ({base.model_name}) was embedded by another export of {embedded.name} "
            f"({short(embedded.digest)}) than is used now ({short(now)})",
            next_step=again,
        )


def _with_settings_of(home: TwinHome, base: RegisteredBundle, recipe: Recipe) -> RegisteredBundle:
    served = base.manifest.model_copy(update=_served_as(recipe))
    if served.bundle_id == base.bundle_id:
        return base
    lineage = served.lineage.model_copy(update={"recipe": recipe.name, "recipe_digest": recipe.digest})
    made = open_registry(home).register(
        served.model_copy(update={"lineage": lineage}), lineage_files(home, served.persona, recipe)
    )
    report(
        f"bundle 0: {made.manifest.model_name} in the place of {base.manifest.model_name}, which was made by recipe "
        f"{base.manifest.lineage.recipe!r} and serves with other settings than {recipe.name!r}"
    )
    return made


def register_trained_bundle(
    home: TwinHome, base: RegisteredBundle, rung: Rung, recipe: Recipe, lineage: Lineage, files: BundleFiles
) -> RegisteredBundle:
    """Register an adapter on the settings of bundle 0, which are those of the recipe.

    It becomes the candidate, unless its lineage says that it is another bundle's training under another seed.

    Args:
        home: Whose registry.
        base: Bundle 0 of the features that were trained on, as `base_bundle_to_train_on` gives it.
        rung: SFT or SFT and DPO.
        recipe: What it was trained by.
        lineage: Datasets and records of training.
        files: The adapter's folder under `ADAPTER_FOLDER`, and whatever else goes with it.
    """
    manifest = base.manifest.model_copy(
        update={
            "rung": rung,
            "adapter": ADAPTER_FOLDER,
            "verification": base.manifest.verification.model_copy(update={"heed_refusals": True, "quote_beside": 1}),
            "lineage": lineage,
        }
    )
    return open_registry(home).register(
        manifest,
        {**lineage_files(home, manifest.persona, recipe), **files},
        as_candidate=lineage.seed_sibling_of is None,
    )
