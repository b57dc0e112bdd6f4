"""A promotion under load: the new adapter is loaded first, then requests go to it; none waits for it or fails."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from twin_data.contracts.releases import Alias, ReleaseBundle
from twin_data.registry.memory import MemoryRegistry
from twin_serve import twins
from twin_serve.llm.adapters import AdapterRefusedError, MemoryAdapters
from twin_serve.llm.keeper import AdapterKeeper
from twin_serve.search import MemorySearch
from twin_serve.twins import TwinDirectory

from .parts import HashingEncoder, manifest, memory_index


class SlowAdapters(MemoryAdapters):
    """Loads when it is let."""

    def __init__(self, base_digest: str) -> None:
        super().__init__(base_digest)
        self.may_load = asyncio.Event()

    async def load(self, name: str, folder: Path) -> None:
        await self.may_load.wait()
        await super().load(name, folder)


class Parts:
    def __init__(self, tmp_path: Path) -> None:
        self.registry, self.server = MemoryRegistry(tmp_path), SlowAdapters("b" * 12)
        self.keeper = AdapterKeeper(self.server, self.registry)
        search = MemorySearch({"ada": memory_index()})
        self.directory = TwinDirectory(
            self.registry, search, tmp_path, load_encoder=lambda models, digest: HashingEncoder(), adapters=self.keeper
        )

    def promote(self, label: str, *, adapter: bool = True) -> ReleaseBundle:
        bundle = manifest(adapter="adapter" if adapter else None, label=label)
        self.registry.register(bundle, {"adapter/adapter_config.json": "{}"} if adapter else {})
        self.registry.set_alias("ada", Alias.CHAMPION, bundle.bundle_id, reason="test", override_by="test")
        return bundle

    async def champion(self) -> str:
        return (await asyncio.wait_for(self.directory.resolve("ada"), 1)).manifest.label


@pytest.fixture
async def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Parts:
    monkeypatch.setattr(twins, "REFRESH_S", -1.0)  # every request asks the registry
    return Parts(tmp_path)


async def test_the_former_champion_answers_until_the_new_ones_adapter_is_served(parts: Parts) -> None:
    parts.promote("base alone", adapter=False)
    assert await parts.champion() == "base alone"
    new = parts.promote("first adapter")
    assert {await parts.champion() for _ in range(20)} == {"base alone"}
    parts.server.may_load.set()
    while not parts.keeper.is_ready(new.model_name):
        await asyncio.sleep(0)
    assert await parts.champion() == "first adapter"
    assert [name for what, name in parts.server.done if what == "load"] == [new.model_name]


async def test_a_candidate_whose_adapter_is_served_already_is_champion_at_once(parts: Parts) -> None:
    parts.server.may_load.set()
    parts.promote("former")
    assert await parts.champion() == "former"
    candidate = manifest(adapter="adapter", label="candidate")
    parts.registry.register(candidate, {"adapter/adapter_config.json": "{}"})
    await parts.keeper.tend()
    parts.promote("candidate")
    assert await parts.champion() == "candidate"
    parts.promote("base alone", adapter=False)  # rolled back to a bundle without one: nothing to wait for
    assert await parts.champion() == "base alone"


async def test_an_adapter_that_is_refused_leaves_the_former_champion_and_is_logged(
    parts: Parts, caplog: pytest.LogCaptureFixture
) -> None:
    parts.server.may_load.set()
    parts.promote("former", adapter=False)
    assert await parts.champion() == "former"
    bad = parts.promote("of too high a rank")
    parts.server.refuses[bad.model_name] = AdapterRefusedError(f"the adapter of {bad.model_name} was refused: rank 64")
    for _ in range(5):
        assert await parts.champion() == "former"
        await asyncio.sleep(0.01)
    assert caplog.text.count("rank 64") == 1
    assert [name for what, name in parts.server.done if what == "load"] == [bad.model_name]


async def test_a_bundle_asked_by_its_own_name_is_itself_at_once(parts: Parts) -> None:
    """Its adapter is loaded by the request that needs it."""
    parts.promote("former")
    new = parts.promote("new")
    assert (await parts.directory.resolve(new.model_name)).llm_model == new.model_name
