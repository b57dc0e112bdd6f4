"""Which twin a request means, loaded with everything that must match: bundle, index, encoder and prompts."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from twin_data.contracts.errors import IntegrityError, ModelError, RegistryError
from twin_data.contracts.releases import Alias, GenerationSettings, ReleaseBundle
from twin_data.prompts.renderer import prompt_digest
from twin_data.registry.port import BundleRegistry, RegisteredBundle
from twin_data.registry.selection import holder
from twin_data.scoring.encoder import MANIFEST_FILE, RememberingEncoder, SentenceEncoder
from twin_data.scoring.late_interaction import PieceEncoder
from twin_data.scoring.weights import TermWeights
from twin_data.store.search import IndexIdentity
from twin_serve.llm.endpoints import endpoint_name
from twin_serve.llm.keeper import AdapterKeeper
from twin_serve.llm.vllm_command import base_name
from twin_serve.search import PassageSearch

log = logging.getLogger(__name__)
REFRESH_S = 2.0
"""How long an alias, of the registry or of the index, is trusted before it is asked for again: what a promotion or a
new index takes to be felt."""

Value = TypeVar("Value")


@dataclass(frozen=True)
class Twin:
    """A bundle with its live index, ready to answer."""

    manifest: ReleaseBundle
    aliases: tuple[Alias, ...]
    index: str
    identity: IndexIdentity
    weights: TermWeights
    encoder: PieceEncoder
    generation: GenerationSettings
    """The bundle's, unless the caller asked for others."""

    @property
    def llm_model(self) -> str:
        """What the LLM microservice calls this bundle's model."""
        return llm_name(self.manifest)


def llm_name(manifest: ReleaseBundle) -> str:
    """What a bundle's model is called: its adapter, the base model of just this digest, or the bundle's endpoint."""
    if manifest.endpoint is not None:
        return endpoint_name(manifest.model_name)
    return manifest.model_name if manifest.adapter else base_name(manifest.base_model.digest)


@dataclass(frozen=True)
class _LiveIndex:
    name: str
    identity: IndexIdentity
    weights: TermWeights


class _Refreshed(Generic[Value]):
    """Values by name, each loaded anew once it is older than `REFRESH_S`, by one task however many wait for it."""

    def __init__(self, load: Callable[[str], Awaitable[Value]]) -> None:
        self._load = load
        self._known: dict[str, tuple[Value, float]] = {}
        self._loading: dict[str, asyncio.Task[Value]] = {}

    async def get(self, name: str) -> Value:
        value, loaded_at = self._known.get(name, (None, 0.0))
        if value is not None and time.monotonic() - loaded_at <= REFRESH_S:
            return value
        task = self._loading.get(name)
        if task is None:
            task = self._loading[name] = asyncio.create_task(self._refresh(name))
            task.add_done_callback(lambda done: self._landed(name, done))
        return await asyncio.shield(task)  # a caller that goes away must not take the others' answer along

    def last(self, name: str) -> Value | None:
        """What was loaded last, however long ago."""
        return self._known.get(name, (None, 0.0))[0]

    async def _refresh(self, name: str) -> Value:
        started = time.monotonic()
        value = await self._load(name)
        self._known[name] = value, started
        return value

    def _landed(self, name: str, task: asyncio.Task[Value]) -> None:
        self._loading.pop(name, None)
        if not task.cancelled():
            task.exception()  # whoever waited has raised it; if all of them left, nobody is to hear of it


class TwinDirectory:
    """Resolves model names and keeps what is loaded."""

    def __init__(
        self,
        registry: BundleRegistry,
        search: PassageSearch,
        models: Path,
        *,
        load_encoder: Callable[[Path, str], PieceEncoder] | None = None,
        adapters: AdapterKeeper | None = None,
    ) -> None:
        """Load nothing yet.

        Args:
            registry: Where the bundles are.
            search: Where the indices are.
            models: Folder of the exported encoders.
            load_encoder: Opens the encoder with a digest; `open_encoder` if None.
            adapters: Has a new champion's adapter loaded before requests go to it; None where every model is served.
        """
        self._registry = registry
        self._search = search
        self._models = models
        self._adapters = adapters
        self._load_encoder = load_encoder or open_encoder
        self._bundles = _Refreshed(self._load_bundle)
        self._indices = _Refreshed(self._load_index)
        self._encoders: dict[str, PieceEncoder] = {}
        self._loading = asyncio.Lock()

    async def resolve(self, model: str) -> Twin:
        """The twin behind a model name: `<persona>` (its champion) or `<persona>@<bundle>`.

        Raises:
            RegistryError: There is no such persona or bundle, or the persona has no champion.
            IntegrityError: Index, prompts and bundle do not belong together.
            StoreError: The persona has no index, or the search engine does not answer.
        """
        bundle = await self.bundle(model)
        manifest = bundle.manifest
        if manifest.prompt_digest != prompt_digest():
            raise IntegrityError(
                f"bundle {manifest.model_name} was made with other prompt templates than this service renders",
                next_step=f"{_renewal(manifest.persona)}; or serve with the bundle's own code",
            )
        index = await self._indices.get(manifest.persona)
        if index.identity.embedding_model.digest != manifest.embedding_model.digest:
            raise IntegrityError(
                f"the live index of {manifest.persona!r} was embedded by {index.identity.embedding_model.name} "
                f"({index.identity.embedding_model.digest[:12]}), the bundle expects "
                f"{manifest.embedding_model.digest[:12]}",
                next_step=_renewal(manifest.persona),
            )
        return Twin(
            manifest=manifest,
            aliases=bundle.aliases,
            index=index.name,
            identity=index.identity,
            weights=index.weights,
            encoder=await self._encoder(manifest.embedding_model.digest),
            generation=manifest.generation,
        )

    async def bundle(self, model: str) -> RegisteredBundle:
        """The bundle behind a model name, without anything loaded for it.

        Raises:
            RegistryError: There is none.
        """
        return await self._bundles.get(model)

    async def bundles(self) -> tuple[RegisteredBundle, ...]:
        """What can be asked: each persona's champion, or its candidate as long as it has none."""
        return await asyncio.to_thread(self._current_bundles)

    def _current_bundles(self) -> tuple[RegisteredBundle, ...]:
        found = []
        for persona in self._registry.personas():
            bundles = self._readable(persona)
            if live := holder(bundles, Alias.CHAMPION) or holder(bundles, Alias.CANDIDATE):
                found.append(live)
        return tuple(found)

    def _readable(self, persona: str) -> Sequence[RegisteredBundle]:
        """A persona's bundles without the damaged ones, which must not silence the rest."""
        bundles = self._registry.readable(persona)
        for error in bundles.damaged:
            log.warning("a bundle of %s cannot be read: %s", persona, error)
        return bundles.found

    async def _load_bundle(self, model: str) -> RegisteredBundle:
        """The bundle behind a name; the former one as long as a newly promoted one's adapter is being loaded."""
        bundle, former = await asyncio.to_thread(self._resolve, model), self._bundles.last(model)
        if self._adapters is None or former is None or former.bundle_id == bundle.bundle_id:
            return bundle
        name = llm_name(bundle.manifest)
        if bundle.manifest.adapter is None or self._adapters.is_ready(name):
            return bundle
        self._adapters.prepare(name)
        return former

    def _resolve(self, model: str) -> RegisteredBundle:
        persona, at, bundle_id = model.partition("@")
        if persona not in self._registry.personas() or (at and not bundle_id):
            # Other personas' names are not this caller's business: a key may open one of them only.
            raise RegistryError(f"there is no twin {model!r}", next_step="GET /v1/models lists what there is")
        if bundle_id:
            return self._registry.resolve(persona, bundle_id=bundle_id)
        return self._registry.resolve(persona, alias=Alias.CHAMPION)

    async def _load_index(self, persona: str) -> _LiveIndex:
        name, identity = await self._search.identity(persona)
        known = self._indices.last(persona)
        if known is not None and (known.name, known.identity) == (name, identity):
            return known
        return _LiveIndex(name, identity, await self._search.weights(name))

    async def _encoder(self, digest: str) -> PieceEncoder:
        if digest not in self._encoders:
            async with self._loading:
                if digest not in self._encoders:
                    self._encoders[digest] = await asyncio.to_thread(self._load_encoder, self._models, digest)
        return self._encoders[digest]


def _renewal(persona: str) -> str:
    """What makes a bundle that this service and the live index can serve, and lets it answer."""
    return f"twin features {persona}, then twin evaluate {persona}"


def open_encoder(models: Path, digest: str) -> RememberingEncoder:
    """The exported encoder with that digest, which remembers the sentences of the archive that it has met.

    Raises:
        ModelError: It is not in the models folder, or was exported by an older version.
        IntegrityError: Its files are not those of the digest.
    """
    for manifest in sorted(models.glob(f"encoder-*/{MANIFEST_FILE}")):
        # Only the wanted encoder's files are checked: a damaged one beside it is nobody's concern here.
        if json.loads(manifest.read_text("utf-8"))["reference"]["digest"] == digest:
            return RememberingEncoder(SentenceEncoder(manifest.parent))
    raise ModelError(
        f"no exported encoder with digest {digest[:12]} in {models}", next_step="twin features PERSONA exports it"
    )
