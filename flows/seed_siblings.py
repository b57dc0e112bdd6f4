"""Bundles of the same training under another seed: by their scores the gate knows how far the luck of a seed goes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flows.bundles import RECIPE_FILE
from flows.recipes import Recipe
from twin_data.contracts.digests import canonical_json, digest_value
from twin_data.contracts.errors import ConfigurationError, RegistryError
from twin_data.contracts.releases import Rung
from twin_data.contracts.training import TrainingCode
from twin_data.registry.port import BundleRegistry, RegisteredBundle
from twin_train.training_code import training_code

SEED_LIMIT = 2**32
_NO_TRAINING = frozenset(
    {"name", "description", "label", "training", "evaluation", "few_shot", "monitoring", "schedule", "price"}
)
"""Parts of a recipe that leave the bundle's answers as they are, and the training itself, which is compared apart."""


@dataclass(frozen=True)
class Beside:
    """A training that is made once more under another seed."""

    recipe: Recipe
    """With that seed in it."""
    first: RegisteredBundle
    """What the recipe's own seed has given."""


def training_beside(
    registry: BundleRegistry, persona: str, recipe: Recipe, recipe_name: str, seed: int, *, last: Rung | None = None
) -> Beside:
    """What a recipe has trained last, to be trained once more under another seed.

    Args:
        registry: Whose bundles.
        persona: Whose twin.
        recipe: The recipe.
        recipe_name: What it was asked for by.
        seed: The other seed.
        last: The rung to end with; None for the recipe's.

    Raises:
        ConfigurationError: The seed is none, or the recipe's own.
        RegistryError: The recipe has trained nothing yet, or other code has.
    """
    other = under_seed(recipe, seed)
    wanted = last or (Rung.DPO if recipe.training.dpo.enabled else Rung.SFT)
    return Beside(other, newest_trained_by(registry, persona, recipe, recipe_name, last=wanted))


def under_seed(recipe: Recipe, seed: int) -> Recipe:
    """The recipe with another seed for SFT and DPO.

    Raises:
        ConfigurationError: It is no seed, or one that the recipe itself trains with, which is no other draw.
    """
    training = recipe.training
    own = {"SFT": training.sft.seed, "DPO": training.dpo.seed} if training.dpo.enabled else {"SFT": training.sft.seed}
    if not 0 <= seed < SEED_LIMIT:
        raise ConfigurationError(f"seed {seed} is none", next_step=f"name one from 0 to {SEED_LIMIT - 1}")
    if same := [stage for stage, one in own.items() if one == seed]:
        raise ConfigurationError(
            f"recipe {recipe.name!r} trains {' and '.join(same)} under seed {seed} itself",
            next_step="leave the seed out for the recipe's own training, or name another one to train beside it",
        )
    stages = {name: getattr(training, name).model_copy(update={"seed": seed}) for name in ("sft", "dpo")}
    return recipe.model_copy(update={"training": training.model_copy(update=stages)})


def refuse_override(reason: str | None) -> None:
    """See that no reason of its own is given for a training under another seed: it would be recorded nowhere.

    Raises:
        ConfigurationError: One is.
    """
    if reason is not None:
        raise ConfigurationError(
            f"the override reason {reason!r} would be recorded nowhere: a training under another seed is held to no "
            "verdict, and carries the reason of the first",
            next_step="leave out the override reason, or leave out the seed to train anew for that reason",
        )


def newest_trained_by(
    registry: BundleRegistry, persona: str, recipe: Recipe, recipe_name: str, *, last: Rung
) -> RegisteredBundle:
    """The newest bundle of a rung that the recipe, whatever its seeds, has trained to be used.

    Args:
        registry: Whose bundles.
        persona: Whose twin.
        recipe: The recipe.
        recipe_name: What it was asked for by.
        last: The rung that its training ends with.

    Raises:
        RegistryError: There is none, or other code has trained it: then another seed would not be all that differs.
    """
    first = f"twin train {persona} --recipe {recipe_name}, then the same command again"
    trained = [
        one
        for one in registry.bundles(persona)
        if one.manifest.rung is last and not one.tainted and one.manifest.lineage.seed_sibling_of is None
    ]
    wanted = _without_seeds(json.loads(canonical_json(recipe)))
    found = next((one for one in reversed(trained) if _recipe_of(one) == wanted), None)
    if found is None:
        others = f"; {trained[-1].bundle_id} was trained by {trained[-1].manifest.lineage.recipe!r}" if trained else ""
        raise RegistryError(
            f"recipe {recipe.name!r} has trained no bundle of {persona!r} to stand beside under another seed{others}",
            next_step=first,
        )
    if _codes(found) != (training_code(),) * len(found.manifest.lineage.training):
        raise RegistryError(
            f"{found.manifest.model_name} was trained by other code than trains now: another seed would not be all "
            "that differs",
            next_step=first,
        )
    return found


def base_of(registry: BundleRegistry, trained: RegisteredBundle) -> RegisteredBundle:
    """The bundle 0 that a trained bundle stands on.

    Raises:
        RegistryError: It is not in the registry, as that of a bundle of another home.
        IntegrityError: What is stored is not what was registered.
    """
    found = trained
    while (parent := found.manifest.lineage.parent) is not None:
        found = registry.resolve(trained.manifest.persona, bundle_id=parent)
    return found


def seed_siblings(bundle: RegisteredBundle, bundles: Iterable[RegisteredBundle]) -> tuple[RegisteredBundle, ...]:
    """The bundles that were trained as this one but for the seed, the newest of each seed.

    Itself is left out, and what is tainted; there is none of one that was not trained. Same base model, features,
    instructions, recipe and code; preferences may differ, being made of the seed's own drafts. One that shares the seed
    of a stage, as by a recipe with another seed for DPO alone, is left out: that half would be the same draw.
    """
    wanted, seeds = _training(bundle), _seeds(bundle)
    if not seeds:
        return ()
    others = [one for one in bundles if not one.tainted and _drew_anew(one, seeds) and _training(one) == wanted]
    return tuple({_seeds(one): one for one in others}.values())


def require_siblings(bundle: RegisteredBundle, bundles: Iterable[RegisteredBundle]) -> None:
    """See that there is another seed to ask, before hours of questions are.

    Raises:
        RegistryError: There is none.
    """
    if seed_siblings(bundle, bundles):
        return
    manifest, persona = bundle.manifest, bundle.manifest.persona
    if not manifest.lineage.training:
        raise RegistryError(
            f"{manifest.model_name} was not trained: there is no seed whose luck could be measured",
            next_step=f"twin evaluate {persona} without --seeds, or name a trained one with --bundle",
        )
    raise RegistryError(
        f"there is no bundle of the training of {manifest.model_name} under another seed",
        next_step=f"twin train {persona} --seed N by recipe {manifest.lineage.recipe!r}, then the same command again",
    )


def _seeds(bundle: RegisteredBundle) -> tuple[int, ...]:
    return tuple(record.seed for record in bundle.manifest.lineage.training)


def _drew_anew(bundle: RegisteredBundle, seeds: tuple[int, ...]) -> bool:
    """Whether it was trained in as many stages, none of them under the seed that the stage has in `seeds`."""
    drawn = _seeds(bundle)
    return len(drawn) == len(seeds) and all(one != other for one, other in zip(drawn, seeds, strict=True))


def _codes(bundle: RegisteredBundle) -> tuple[TrainingCode | None, ...]:
    return tuple(record.code for record in bundle.manifest.lineage.training)


def _training(bundle: RegisteredBundle) -> str:
    """Digest of all that goes into a training but the seed."""
    manifest = bundle.manifest
    lineage = manifest.lineage
    instructions = lineage.datasets[0].digest if lineage.datasets else ""
    made_of = (manifest.rung, manifest.base_model.digest, manifest.prompt_digest, lineage.features_digest, instructions)
    return digest_value([*made_of, _recipe_of(bundle), _codes(bundle)])


def _recipe_of(bundle: RegisteredBundle) -> dict[str, Any]:
    path = bundle.folder / RECIPE_FILE
    if not path.is_file():  # a bundle from elsewhere: then its digest has to do
        return {"digest": bundle.manifest.lineage.recipe_digest}
    return _without_seeds(json.loads(path.read_text("utf-8")))


def _without_seeds(recipe: dict[str, Any]) -> dict[str, Any]:
    """What of a recipe decides a training and the bundle's answers, but for the seeds."""
    training = {
        name: {key: value for key, value in part.items() if key != "seed"} if isinstance(part, dict) else part
        for name, part in recipe.get("training", {}).items()
    }
    return {key: value for key, value in recipe.items() if key not in _NO_TRAINING} | {"training": training}
