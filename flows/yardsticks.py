"""The strong reference model of a recipe, asked as one more rung of the ladder: the twin is measured against it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from flows.hearing import Silent, heard
from flows.judges import require_judge
from flows.recipes import EvaluationSettings, Recipe
from flows.reporting import report
from flows.rungs import CARRIED
from twin_data.configuration.home import TwinHome
from twin_data.configuration.rubric import Rubric
from twin_data.contracts.digests import digest_value
from twin_data.contracts.endpoints import ReferenceEndpoint, endpoint_key
from twin_data.contracts.releases import MachinePrice, ModelReference, Rung
from twin_data.registry import open_registry
from twin_data.registry.port import BundleRegistry, RegisteredBundle
from twin_eval.errors import EvaluationError
from twin_eval.ladder import Climbed, RungRun
from twin_eval.scored_run import ScoredRun
from twin_eval.yardstick import beside, without, yardstick_sentence

Ask = Callable[[RegisteredBundle], Awaitable[ScoredRun]]


def require_keys(settings: EvaluationSettings, *, ladder: bool) -> None:
    """See that judge and reference can be asked before hours of questions are.

    Raises:
        ConfigurationError: A key is not in the environment.
        ModelError: A judge on disk is none.
    """
    require_judge(settings)
    if ladder and settings.reference:
        endpoint_key(settings.reference, "the reference model")


async def measured_against(
    home: TwinHome, recipe: Recipe, bundles: Sequence[RegisteredBundle], climbed: Climbed, rubric: Rubric, ask: Ask
) -> Climbed:
    """The ladder with the recipe's reference beside it; as it is, if the recipe names none.

    A reference that is away or answers nothing counts as missing and says why: the rungs are kept.
    """
    if recipe.evaluation.reference is None:
        return climbed
    base = next(one for one in bundles if one.manifest.rung is Rung.BASE)
    made = await asyncio.to_thread(
        reference_bundle, open_registry(home), base, recipe.evaluation.reference, recipe.price.currency
    )
    try:
        run = await heard(made, ask(made))
    except EvaluationError as error:
        return _missing(climbed, error.message)
    if isinstance(run, Silent):
        return _missing(climbed, f"it answers nothing: {run.why}")
    found = await asyncio.to_thread(beside, climbed, RungRun(manifest=made.manifest, run=run), rubric)
    if found.ladder.yardstick:
        report(f"ladder: {yardstick_sentence(found.ladder.yardstick)}")
    return found


def reference_bundle(
    registry: BundleRegistry, base: RegisteredBundle, endpoint: ReferenceEndpoint, currency: str
) -> RegisteredBundle:
    """Bundle 0 with its drafts written by the endpoint; registering it again changes nothing, and no alias takes it.

    Its refusals are heeded: a strong model means them. Nothing is known of its weights, so its digest is that of its
    name and address.
    """
    manifest = base.manifest.model_copy(
        update={
            "rung": Rung.REFERENCE,
            "label": "yardstick",
            "base_model": ModelReference(
                name=endpoint.model,
                source=f"endpoint:{endpoint.base_url}",
                digest=digest_value(["endpoint", endpoint.base_url, endpoint.model]),
                licence=endpoint.licence,
            ),
            "endpoint": endpoint,
            "price": MachinePrice(currency=currency),
            "verification": base.manifest.verification.model_copy(update={"heed_refusals": True}),
        }
    )
    return registry.register(manifest, {name: base.folder / name for name in CARRIED}, as_candidate=False)


def _missing(climbed: Climbed, reason: str) -> Climbed:
    report(f"ladder: no yardstick: {reason}")
    return without(climbed, reason)
