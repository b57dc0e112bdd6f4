"""The features pipeline of a persona of this home."""

from __future__ import annotations

from flows.recipes import Recipe
from flows.voices import contrast_folder
from twin_data.configuration.home import TwinHome
from twin_data.configuration.persona import load_persona
from twin_data.store.tables import FeatureStore
from twin_data.transform.pipeline import FeaturesPipeline


def features_pipeline(home: TwinHome, persona: str, recipe: Recipe) -> FeaturesPipeline:
    """The features pipeline of one persona."""
    return FeaturesPipeline(
        persona=load_persona(home, persona),
        sources_folder=home.persona_folder(persona) / "sources",
        store=FeatureStore.of(home.features, persona),
        config=recipe.features,
        contrast=contrast_folder(home, persona),
    )
