"""Keeps adapters served that are or will be needed: loads what is missing, once, lets go what nobody asks for."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from contextlib import aclosing

from twin_data.contracts.digests import short
from twin_data.contracts.errors import IntegrityError, TwinError
from twin_data.contracts.releases import GenerationSettings
from twin_data.prompts.renderer import Message
from twin_data.registry.port import BundleRegistry, RegisteredBundle
from twin_data.registry.rules import former_champion_id
from twin_serve.llm.adapters import AdapterRefusedError, AdapterServer, Served
from twin_serve.llm.client import LanguageModel, ModelNotServedError, Usage
from twin_serve.llm.vllm_command import BASE_NAME

TEND_S = 2.0
"""How often the registry is looked at for adapters that may be asked for next."""
IDLE_S = 3600.0
"""An adapter that no alias needs is let go when nobody has asked for it for so long."""
REFUSAL_S = 30.0
"""How long a refused adapter is not tried again."""

log = logging.getLogger(__name__)


class AdapterKeeper:
    """Knows what the LLM microservice serves and has the rest loaded from the registry.

    A name is `<persona>@<bundle>` for an adapter, or `base:<digest>` for a base model without one.
    """

    def __init__(
        self, server: AdapterServer, registry: BundleRegistry, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Ask for nothing yet.

        Args:
            server: What serves.
            registry: Where the adapters are.
            clock: In seconds.
        """
        self._server = server
        self._registry = registry
        self._clock = clock
        self._served: Served | None = None
        self._loading: dict[str, asyncio.Task[None]] = {}
        self._refusals: dict[str, tuple[float, TwinError]] = {}
        self._asked_at: dict[str, float] = {}
        self._said = ""

    async def ready(self, name: str) -> str:
        """The name under which a model can be asked now; its adapter is loaded first if it is not served.

        Raises:
            IntegrityError: Another base model is served than the one of the bundle, or the bundle is damaged.
            AdapterRefusedError: The adapter is not taken.
            RegistryError: There is no such bundle.
            LLMUnavailableError: The LLM microservice cannot be reached.
        """
        self._asked_at[name] = self._clock()
        if self._served is None:
            self._served = await self._server.served()
        if name in self._served.names:
            return name
        if name.startswith(f"{BASE_NAME}:"):
            return _base_name(name, self._served)
        await self._load(name)
        return name

    def is_ready(self, name: str) -> bool:
        """Whether a model can be asked without waiting, as far as is known."""
        return self._served is not None and name in self._served.names

    def prepare(self, name: str) -> None:
        """Begin to load an adapter, unless it was refused just now; a failure is logged."""
        if name not in self._loading and self._refusal(name) is None:
            self._start(name)

    def forget(self) -> None:
        """Ask anew what is served: it was not what was believed."""
        self._served = None

    async def tend(self) -> None:
        """Load what an alias needs, let go what nothing needs: one round.

        Raises:
            TwinError: The registry or the LLM microservice does not answer.
        """
        wanted = await asyncio.to_thread(self._wanted)
        served = self._served = await self._server.served()
        for name, base_digest in wanted.items():
            fits = served.base_digest in (None, short(base_digest))
            if fits and name not in served.adapters and self._refusal(name) is None:
                await self._load(name)
        for name in self._idle(served, wanted.keys()):
            await self._server.unload(name)
            self._served = Served(served.names - {name}, served.adapters - {name}, served.base_digest)
            served = self._served

    async def run(self) -> None:
        """Tend for ever. What fails is logged, once as long as it stays the same, and tried again."""
        while True:
            try:
                await self.tend()
                self._said = ""
            except TwinError as error:
                self._say(error.message)
            except Exception:
                log.exception("adapters could not be tended")
            await asyncio.sleep(TEND_S)

    async def _load(self, name: str) -> None:
        if refusal := self._refusal(name):
            raise refusal
        task = self._loading.get(name) or self._start(name)
        await asyncio.shield(task)  # a caller that goes away must not take the others' adapter along

    def _start(self, name: str) -> asyncio.Task[None]:
        task = self._loading[name] = asyncio.create_task(self._load_now(name))
        task.add_done_callback(lambda done: self._landed(name, done))
        return task

    async def _load_now(self, name: str) -> None:
        persona, _, bundle_id = name.partition("@")
        bundle = await asyncio.to_thread(self._registry.resolve, persona, bundle_id=bundle_id)
        served = self._served or await self._server.served()
        _check_base(bundle, served)
        if bundle.adapter is None:
            raise ValueError(f"{name} has no adapter")
        await self._server.load(name, bundle.adapter)
        served = self._served or served
        self._served = Served(served.names | {name}, served.adapters | {name}, served.base_digest)
        log.info("adapter %s is served", name)

    def _landed(self, name: str, task: asyncio.Task[None]) -> None:
        self._loading.pop(name, None)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, (AdapterRefusedError, IntegrityError)):  # of what is only down nothing is remembered
            self._refusals[name] = self._clock(), error
        if isinstance(error, TwinError):
            self._say(error.message)
        elif error is not None:
            log.error("adapter %s could not be loaded", name, exc_info=error)

    def _refusal(self, name: str) -> TwinError | None:
        at, error = self._refusals.get(name, (0.0, None))
        if error is not None and self._clock() - at > REFUSAL_S:
            del self._refusals[name]
            return None
        return error

    def _wanted(self) -> dict[str, str]:
        """Adapters of champions, candidates and former champions, with the digests of their base models.

        Damaged ones are passed over: whoever asks for one is told, and the others are served.
        """
        wanted = {}
        for persona in self._registry.personas():
            former = former_champion_id(self._registry.history(persona))
            for bundle in self._registry.readable(persona).found:
                if bundle.manifest.adapter and (bundle.aliases or bundle.bundle_id == former):
                    wanted[bundle.manifest.model_name] = bundle.manifest.base_model.digest
        return wanted

    def _idle(self, served: Served, wanted: Collection[str]) -> list[str]:
        """Adapters of ours that nothing needs; one that was there before is first given its time."""
        now = self._clock()
        others = [name for name in served.adapters if "@" in name and name not in wanted]
        self._asked_at = {name: at for name, at in self._asked_at.items() if name in served.names}
        return [name for name in others if now - self._asked_at.setdefault(name, now) > IDLE_S]

    def _say(self, what: str) -> None:
        if what != self._said:
            self._said = what
            log.warning("%s", what)


class AdaptedModel:
    """A `LanguageModel` whose adapters are loaded when they are asked for; also after the server was restarted."""

    def __init__(self, model: LanguageModel, keeper: AdapterKeeper) -> None:
        self._model = model
        self._keeper = keeper

    async def stream(
        self,
        model: str,
        messages: Sequence[Message],
        settings: GenerationSettings,
        usage: Usage,
        avoid: Sequence[str] = (),
    ) -> AsyncGenerator[str, None]:
        """Stream one completion; see `AdapterKeeper.ready` for what it raises beside `VllmModel.stream`."""
        try:
            asking = self._model.stream(await self._keeper.ready(model), messages, settings, usage, avoid)
            async with aclosing(asking) as first:
                async for piece in first:
                    yield piece
            return
        except ModelNotServedError:  # the server was restarted, or another service has let the adapter go
            self._keeper.forget()
        asking = self._model.stream(await self._keeper.ready(model), messages, settings, usage, avoid)
        async with aclosing(asking) as again:
            async for piece in again:
                yield piece

    async def is_healthy(self) -> bool:
        """Whether requests can be sent."""
        return await self._model.is_healthy()


def _base_name(name: str, served: Served) -> str:
    """What to call a base model that is not served under its digest: its common name, if the server tells no digest."""
    if served.base_digest is None and BASE_NAME in served.names:
        return BASE_NAME
    raise _other_base("the bundle", name.removeprefix(f"{BASE_NAME}:"), served)


def _check_base(bundle: RegisteredBundle, served: Served) -> None:
    wanted = short(bundle.manifest.base_model.digest)
    if served.base_digest not in (None, wanted):
        raise _other_base(bundle.manifest.model_name, wanted, served)


def _other_base(who: str, wanted: str, served: Served) -> IntegrityError:
    return IntegrityError(
        f"{who} stands on the base model {wanted}, the LLM microservice serves {served.base_digest or 'another one'}",
        next_step="twin up llm --restart serves the champion's; evaluate or serve other bases by a server of their own",
    )
