"""The bundles that stand for the rungs of the ladder: two made here of bundle 0, bundle 0, and what was trained."""

from __future__ import annotations

from flows.build_datasets import datasets_pipeline
from flows.bundles import newest_base_bundle
from flows.recipes import Recipe
from flows.reporting import report
from flows.turns import working_turn
from twin_data.configuration.home import TwinHome
from twin_data.contracts.errors import CorpusError
from twin_data.contracts.ladder import MissingRung
from twin_data.contracts.releases import PromptExample, ReleaseBundle, Rung
from twin_data.registry import open_registry
from twin_data.registry.port import BundleRegistry, RegisteredBundle

CARRIED = ("prompts", "lineage")
"""Folders of bundle 0 that the rungs below it carry, too: they are made of the same."""


def rung_bundles(
    home: TwinHome, persona: str, recipe: Recipe
) -> tuple[tuple[RegisteredBundle, ...], tuple[MissingRung, ...]]:
    """One bundle a rung, from the lowest up, all on the newest bundle 0's features; and the rungs that have none.

    The two rungs without retrieval are registered if they are not yet; no alias points at them.

    Raises:
        PlatformError: Another run is working on the persona.
        RegistryError: No features have been built.
    """
    base, registry = newest_base_bundle(home, persona), open_registry(home)
    lower, missing = [without_retrieval(registry, base, ())], []
    try:
        lower.append(without_retrieval(registry, base, _examples(home, base, recipe)))
    except CorpusError as error:  # a thin archive: the other rungs can do without examples
        missing.append(MissingRung(rung=Rung.FEW_SHOT, reason=error.message))
    trained = trained_on(registry, base)
    missing += [
        MissingRung(rung=rung, reason=f"not trained on these features; `twin train {persona}` makes it")
        for rung in (Rung.SFT, Rung.DPO)
        if rung not in {one.manifest.rung for one in trained}
    ]
    return (*lower, base, *trained), tuple(missing)


def _examples(home: TwinHome, base: RegisteredBundle, recipe: Recipe) -> tuple[PromptExample, ...]:
    """The examples of the rung of few-shot prompts.

    Raises:
        CorpusError: The training documents give none.
    """
    persona = base.manifest.persona
    with working_turn(home, persona):  # the chosen examples are kept in a table
        pipeline = datasets_pipeline(home, persona, recipe, base=base.manifest)
        examples = pipeline.prompt_examples(recipe.few_shot, context_tokens=base.manifest.max_model_len)
    report(f"few-shot: {len(examples)} examples of {persona}'s training documents")
    return examples


def without_retrieval(
    registry: BundleRegistry, base: RegisteredBundle, examples: tuple[PromptExample, ...]
) -> RegisteredBundle:
    """Bundle 0 without its index, with examples in the prompt or without; registering it again changes nothing.

    Its refusals are heeded: nothing else could make it decline.
    """
    manifest = base.manifest.model_copy(
        update={
            "rung": Rung.FEW_SHOT if examples else Rung.PROMPT,
            "retrieval": None,
            "examples": examples,
            "verification": base.manifest.verification.model_copy(update={"heed_refusals": True}),
        }
    )
    files = {name: base.folder / name for name in CARRIED}
    return registry.register(manifest, files, as_candidate=False)


def trained_on(registry: BundleRegistry, base: RegisteredBundle) -> tuple[RegisteredBundle, ...]:
    """The newest SFT bundle that stands on what `base` does, and the newest DPO one made of it; none, one or both.

    Trainings of the same under another seed are left out: they are there to be measured beside these.
    """
    bundles = [
        one
        for one in registry.bundles(base.manifest.persona)
        if not one.tainted and one.manifest.lineage.seed_sibling_of is None and _stands_on(one.manifest, base.manifest)
    ]
    of_parent = {
        one.manifest.lineage.parent: one for one in bundles if one.manifest.rung is Rung.DPO
    }  # the newest wins
    tuned = [one for one in bundles if one.manifest.rung is Rung.SFT]
    if not tuned:
        return ()
    newest = tuned[-1]
    aligned = of_parent.get(newest.bundle_id)
    return (newest, aligned) if aligned else (newest,)


def _stands_on(manifest: ReleaseBundle, base: ReleaseBundle) -> bool:
    """Whether the two differ by training alone: the same facts, prompts, base model and search."""
    return (
        manifest.lineage.features_digest, manifest.base_model.digest, manifest.prompt_digest, manifest.retrieval
    ) == (base.lineage.features_digest, base.base_model.digest, base.prompt_digest, base.retrieval)  # fmt: skip
