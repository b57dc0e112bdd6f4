"""Which twin a request means, loaded with everything that must match: bundle, index, encoder and prompts."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

from twin_data.contracts.errors import IntegrityError, ModelError, RegistryError
from twin_data.contracts.releases import Alias, GenerationSettings, ReleaseBundle
from twin_data.prompts.renderer import prompt_digest
from twin_data.registry.port import BundleRegistry, RegisteredBundle
from twin_data.scoring.encoder import MANIFEST_FILE, SentenceEncoder, read_model_reference
from twin_data.scoring.weights import TermWeights
from twin_data.store.search import IndexIdentity
from twin_serve.search import PassageSearch

REFRESH_S = 2.0
"""How long an alias is trusted before the registry is asked again: what a promotion takes to be felt."""
BASE_MODEL_NAME = "base"
"""The name under which the LLM microservice serves the base model itself."""


@dataclass(frozen=True)
class Twin:
    """A bundle with its live index, ready to answer."""

    manifest: ReleaseBundle
    aliases: tuple[Alias, ...]
    index: str
    identity: IndexIdentity
    weights: TermWeights
    encoder: SentenceEncoder
    generation: GenerationSettings
    """The bundle's, unless the caller asked for others."""

    @property
    def llm_model(self) -> str:
        """What the LLM microservice calls this bundle's model."""
        return self.manifest.model_name if self.manifest.adapter else BASE_MODEL_NAME


@dataclass(frozen=True)
class _Resolved:
    bundle: RegisteredBundle
    at: float


class TwinDirectory:
    """Resolves model names and keeps what is loaded."""

    def __init__(self, registry: BundleRegistry, search: PassageSearch, models: Path) -> None:
        self._registry = registry
        self._search = search
        self._models = models
        self._resolved: dict[str, _Resolved] = {}
        self._weights: dict[str, TermWeights] = {}
        self._encoders: dict[str, SentenceEncoder] = {}
        self._loading = asyncio.Lock()

    async def resolve(self, model: str) -> Twin:
        """The twin behind a model name: `<persona>` (its champion) or `<persona>@<bundle>`.

        Raises:
            RegistryError: There is no such persona or bundle, or the persona has no champion.
            IntegrityError: Index, prompts and bundle do not belong together.
        """
        bundle = await self._bundle(model)
        manifest = bundle.manifest
        if manifest.prompt_digest != prompt_digest():
            raise IntegrityError(
                f"bundle {manifest.model_name} was made with other prompt templates than this service renders",
                next_step=f"twin features {manifest.persona} registers a new bundle; or serve with the bundle's code version",
            )
        index, identity = await self._search.identity(manifest.persona)
        if identity.embedding_model.digest != manifest.embedding_model.digest:
            raise IntegrityError(
                f"the live index of {manifest.persona!r} was embedded by {identity.embedding_model.name} "
                f"({identity.embedding_model.digest[:12]}), the bundle expects {manifest.embedding_model.digest[:12]}",
                next_step=f"twin features {manifest.persona}",
            )
        return Twin(
            manifest=manifest,
            aliases=bundle.aliases,
            index=index,
            identity=identity,
            weights=await self._index_weights(index),
            encoder=await self._encoder(manifest.embedding_model.digest),
            generation=manifest.generation,
        )

    async def bundles(self) -> tuple[RegisteredBundle, ...]:
        """What can be asked: each persona's champion, or its candidate as long as it has none."""
        return await asyncio.to_thread(self._current_bundles)

    def _current_bundles(self) -> tuple[RegisteredBundle, ...]:
        found = []
        for persona in self._registry.personas():
            bundles = self._registry.bundles(persona)
            for alias in (Alias.CHAMPION, Alias.CANDIDATE):
                if named := [one for one in bundles if alias in one.aliases]:
                    found.append(named[0])
                    break
        return tuple(found)

    async def _bundle(self, model: str) -> RegisteredBundle:
        known = self._resolved.get(model)
        if known is None or time.monotonic() - known.at > REFRESH_S:
            persona, _, bundle_id = model.partition("@")
            bundle = await asyncio.to_thread(self._resolve, persona, bundle_id)
            known = self._resolved[model] = _Resolved(bundle, time.monotonic())
        return known.bundle

    def _resolve(self, persona: str, bundle_id: str) -> RegisteredBundle:
        if bundle_id:
            return self._registry.resolve(persona, bundle_id=bundle_id)
        if persona not in self._registry.personas():
            known = ", ".join(self._registry.personas()) or "none yet"
            raise RegistryError(f"there is no twin {persona!r} (known: {known})", next_step=f"twin features {persona}")
        return self._registry.resolve(persona, alias=Alias.CHAMPION)

    async def _index_weights(self, index: str) -> TermWeights:
        if index not in self._weights:
            self._weights[index] = await self._search.weights(index)
        return self._weights[index]

    async def _encoder(self, digest: str) -> SentenceEncoder:
        async with self._loading:
            if digest not in self._encoders:
                self._encoders[digest] = await asyncio.to_thread(open_encoder, self._models, digest)
        return self._encoders[digest]


def open_encoder(models: Path, digest: str) -> SentenceEncoder:
    """The exported encoder with that digest.

    Raises:
        ModelError: It is not in the models folder.
    """
    for manifest in sorted(models.glob(f"encoder-*/{MANIFEST_FILE}")):
        if read_model_reference(manifest.parent).digest == digest:
            return SentenceEncoder(manifest.parent)
    raise ModelError(f"no exported encoder with digest {digest[:12]} in {models}", next_step="twin features PERSONA exports it")
