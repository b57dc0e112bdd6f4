"""Bundle 0: the base model with retrieval, and everything that must travel with it."""

from __future__ import annotations

from flows.recipes import Recipe
from flows.reporting import report
from twin_data.configuration.home import TwinHome, cache_folder
from twin_data.configuration.persona import PersonaConfig
from twin_data.contracts.digests import digest_value
from twin_data.contracts.releases import Lineage, ModelReference, ReleaseBundle
from twin_data.prompts.renderer import prompt_digest, template_files
from twin_data.registry import open_registry
from twin_data.registry.port import RegisteredBundle
from twin_data.transform.pipeline import IndexedFeatures
from twin_train.base_models import ensure_base_model


def register_base_bundle(
    home: TwinHome,
    persona: PersonaConfig,
    recipe: Recipe,
    embedding_model: ModelReference,
    indexed: IndexedFeatures,
) -> RegisteredBundle:
    """Register bundle 0 of these features as the candidate; registering the same one again changes nothing."""
    consent = persona.require_consent()
    _, base_model = ensure_base_model(cache_folder() / "models", recipe.base_model, report)
    manifest = ReleaseBundle(
        persona=persona.name,
        display_name=persona.display_name,
        label=recipe.label,
        base_model=base_model,
        max_model_len=recipe.base_model.max_model_len,
        embedding_model=embedding_model,
        prompt_digest=prompt_digest(),
        retrieval=recipe.retrieval,
        verification=recipe.verification,
        generation=recipe.generation,
        price=recipe.price,
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
    return open_registry(home).register(manifest, {f"prompts/{path.name}": path for path in template_files()})
