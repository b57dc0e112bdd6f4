"""Bundles of the same training under another seed: by their scores the gate knows how far the luck of a seed goes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from flows.bundles import RECIPE_FILE
from twin_data.contracts.digests import digest_value
from twin_data.registry.port import RegisteredBundle

_NO_TRAINING = frozenset(
    {"name", "description", "label", "training", "evaluation", "few_shot", "monitoring", "schedule", "price"}
)
"""Parts of a recipe that leave the bundle's answers as they are, and the training itself, which is compared apart."""


def seed_siblings(bundle: RegisteredBundle, bundles: Iterable[RegisteredBundle]) -> tuple[RegisteredBundle, ...]:
    """The bundles that were trained as this one but for the seed; itself left out, none for one that was not trained.

    Same base model, features, instructions and recipe; preferences may differ, being made of the seed's own drafts.
    """
    wanted, seeds = _training(bundle), _seeds(bundle)
    if not seeds:
        return ()
    return tuple(one for one in bundles if _seeds(one) not in ((), seeds) and _training(one) == wanted)


def _seeds(bundle: RegisteredBundle) -> tuple[int, ...]:
    return tuple(record.seed for record in bundle.manifest.lineage.training)


def _training(bundle: RegisteredBundle) -> str:
    """Digest of all that goes into a training but the seed."""
    manifest = bundle.manifest
    lineage = manifest.lineage
    instructions = lineage.datasets[0].digest if lineage.datasets else ""
    made_of = (manifest.rung, manifest.base_model.digest, manifest.prompt_digest, lineage.features_digest, instructions)
    return digest_value([*made_of, _recipe_without_seeds(bundle)])


def _recipe_without_seeds(bundle: RegisteredBundle) -> dict[str, Any]:
    path = bundle.folder / RECIPE_FILE
    if not path.is_file():  # a bundle from elsewhere: then its digest has to do
        return {"digest": bundle.manifest.lineage.recipe_digest}
    recipe: dict[str, Any] = json.loads(path.read_text("utf-8"))
    training = {
        name: {key: value for key, value in part.items() if key != "seed"} if isinstance(part, dict) else part
        for name, part in recipe.get("training", {}).items()
    }
    return {key: value for key, value in recipe.items() if key not in _NO_TRAINING} | {"training": training}
