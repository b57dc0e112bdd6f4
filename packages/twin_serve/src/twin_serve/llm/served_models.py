"""Which models the LLM microservice serves: the base model of every persona's bundle, and their adapters."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from twin_data.contracts.errors import IntegrityError, ModelError, PlatformError, RegistryError, TwinError
from twin_data.contracts.releases import Alias
from twin_data.registry.model_folder import (
    MANIFEST_FILE,
    BaseModel,
    base_model_folder,
    check_model,
    model_digest,
    read_base_model,
)
from twin_data.registry.port import BundleRegistry, RegisteredBundle
from twin_data.registry.safety import refuse_unsafe_files
from twin_data.registry.selection import holder
from twin_serve.llm.vllm_command import LORA_RANKS, Adapter, ServedModels


@dataclass(frozen=True)
class LiveBundles:
    """What is to be served, and why a persona's is not."""

    bundles: tuple[RegisteredBundle, ...]
    left_out: tuple[str, ...] = ()


def live_bundles(registry: BundleRegistry, personas: Sequence[str] = ()) -> LiveBundles:
    """Each persona's champion, or its candidate as long as it has none; files checked.

    A persona whose bundle is damaged is left out with its reason, so that it does not keep the others from being
    served.

    Args:
        registry: Where bundles are.
        personas: Only these, as far as they have a bundle; all if empty.

    Raises:
        IntegrityError: The only bundles that there are to serve are damaged.
        RegistryError: Nothing says which of the bundles is to be served.
    """
    found: list[RegisteredBundle] = []
    refused: list[TwinError] = []
    for persona in registry.personas():
        if personas and persona not in personas:
            continue
        try:
            found.append(_live(registry, persona))
        except (IntegrityError, RegistryError) as error:
            refused.append(error)
    if refused and not found:
        raise refused[0]
    return LiveBundles(tuple(found), tuple(error.message for error in refused))


def served_models(registry: BundleRegistry, live: LiveBundles, models: Path) -> ServedModels:
    """What serves these bundles: their one base model, checked, and an adapter for each that has one.

    The candidates of the same personas are served beside them, for they may be promoted next; one that cannot be
    served is left out with its reason, so that it does not keep the champion from being served.

    Args:
        registry: Where the candidates are.
        live: What must be served, one bundle at least.
        models: The cache of base models.

    Raises:
        PlatformError: They stand on different base models, which one server cannot serve.
        ModelError: The base model is not on this machine.
        IntegrityError: The base model on this machine is not the one that the bundles were made with.
    """
    bundles = live.bundles
    first = bundles[0].manifest
    for other in bundles[1:]:
        if other.manifest.base_model.digest != first.base_model.digest:
            raise PlatformError(
                f"one server serves one base model: {first.model_name} stands on {_described(bundles[0])}, "
                f"{other.manifest.model_name} on {_described(other)}",
                next_step=f"name the personas to serve: TWIN_PERSONAS={first.persona} twin up",
            )
    base = _base_model(bundles[0], models)
    further, left_out = _candidates(registry, bundles)
    return ServedModels(
        folder=base.folder,
        digest=base.reference.digest,
        max_model_len=max(bundle.manifest.max_model_len for bundle in bundles),
        adapters=(*(_adapter(bundle, folder) for bundle in bundles if (folder := bundle.adapter)), *further),
        left_out=(*live.left_out, *left_out),
    )


def bare_base_model(folder: Path, max_model_len: int) -> ServedModels:
    """A base model before any bundle is registered.

    Raises:
        ModelError: There is no model in the folder.
        IntegrityError: It is not what its manifest says, or holds code or pickles.
    """
    if (folder / MANIFEST_FILE).is_file():
        model = check_model(folder)
        return ServedModels(folder=model.folder, digest=model.reference.digest, max_model_len=max_model_len)
    if not (folder / "config.json").is_file():
        raise ModelError(f"TWIN_BASE_MODEL={folder} holds no config.json", next_step="set another folder")
    refuse_unsafe_files(folder)
    return ServedModels(folder=folder, digest=model_digest(folder), max_model_len=max_model_len)


def _candidates(
    registry: BundleRegistry, live: Sequence[RegisteredBundle]
) -> tuple[tuple[Adapter, ...], tuple[str, ...]]:
    """Adapters of the candidates that are not live, and why others are left out."""
    adapters: list[Adapter] = []
    left_out: list[str] = []
    for champion in live:
        persona = champion.manifest.persona
        candidate = holder(registry.readable(persona).found, Alias.CANDIDATE)
        if candidate is None or candidate.bundle_id == champion.bundle_id or not candidate.manifest.adapter:
            continue
        try:
            adapters += _checked_adapter(registry.resolve(persona, bundle_id=candidate.bundle_id), champion)
        except TwinError as error:
            left_out.append(error.message)
    return tuple(adapters), tuple(left_out)


def _checked_adapter(bundle: RegisteredBundle, champion: RegisteredBundle) -> list[Adapter]:
    if bundle.manifest.base_model.digest != champion.manifest.base_model.digest:
        raise PlatformError(
            f"{bundle.manifest.model_name} stands on {_described(bundle)}, not on {_described(champion)}"
        )
    return [_adapter(bundle, folder)] if (folder := bundle.adapter) else []


def _live(registry: BundleRegistry, persona: str) -> RegisteredBundle:
    """Its files checked. A champion that is damaged is refused, not passed over for a candidate."""
    try:
        return registry.resolve(persona, alias=Alias.CHAMPION)
    except RegistryError:
        return registry.resolve(persona, alias=Alias.CANDIDATE)


def _base_model(bundle: RegisteredBundle, models: Path) -> BaseModel:
    wanted = bundle.manifest.base_model
    found = read_base_model(models, wanted.name)
    if found.reference.digest != wanted.digest:
        folder = base_model_folder(models, wanted.name)
        raise IntegrityError(
            f"{bundle.manifest.model_name} was made with {_described(bundle)}, "
            f"{folder} holds {found.reference.digest[:12]}",
            next_step=f"delete {folder} and run `twin features {bundle.manifest.persona}`, which prepares it again",
        )
    return found


def _adapter(bundle: RegisteredBundle, folder: Path) -> Adapter:
    config = json.loads((folder / "adapter_config.json").read_text("utf-8"))
    rank = max([config["r"], *config.get("rank_pattern", {}).values()])
    if rank > LORA_RANKS[-1]:
        raise ModelError(
            f"the adapter of {bundle.manifest.model_name} has rank {rank}, vLLM serves up to {LORA_RANKS[-1]}",
            next_step="train it with a lower rank, or merge it into a base model of its own",
        )
    return Adapter(name=bundle.manifest.model_name, folder=folder, rank=rank)


def _described(bundle: RegisteredBundle) -> str:
    return f"{bundle.manifest.base_model.name} ({bundle.manifest.base_model.digest[:12]})"
