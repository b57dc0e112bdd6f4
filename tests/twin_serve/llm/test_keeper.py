"""Adapters are there when they are asked for, after a restart as well, and go when nobody does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from twin_data.contracts.errors import IntegrityError, LLMUnavailableError, RegistryError
from twin_data.contracts.releases import Alias, GenerationSettings, ReleaseBundle
from twin_data.prompts.renderer import Message
from twin_data.registry.memory import MemoryRegistry
from twin_serve.llm import keeper as keeper_module
from twin_serve.llm.adapters import AdapterRefusedError, MemoryAdapters
from twin_serve.llm.client import LanguageModel, ModelNotServedError, Usage
from twin_serve.llm.keeper import IDLE_S, REFUSAL_S, AdaptedModel, AdapterKeeper

from ..parts import manifest

BASE = "base:bbbbbbbbbbbb"


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class FakeVllm(MemoryAdapters):
    """Answers for what it serves, and may be restarted."""

    asked: list[str]

    async def stream(
        self,
        model: str,
        messages: Sequence[Message],
        settings: GenerationSettings,
        usage: Usage,
        avoid: Sequence[str] = (),
    ) -> AsyncGenerator[str, None]:
        if model not in (await self.served()).names:
            raise ModelNotServedError(f"404 {model}")
        yield model

    async def is_healthy(self) -> bool:
        return self.down is None

    @property
    def loads(self) -> list[str]:
        return [name for what, name in self.done if what == "load"]


class Parts:
    def __init__(self, tmp_path: Path) -> None:
        self.registry, self.server, self.clock = MemoryRegistry(tmp_path), FakeVllm(base_digest="b" * 12), Clock()
        self.keeper = AdapterKeeper(self.server, self.registry, clock=self.clock)
        self.model: LanguageModel = AdaptedModel(self.server, self.keeper)

    def register(self, label: str, *, champion: bool = False, **changes: object) -> ReleaseBundle:
        bundle = manifest(adapter="adapter", rung="sft+retrieval", label=label, **changes)
        self.registry.register(bundle, {"adapter/adapter_config.json": "{}"})
        if champion:
            self.registry.set_alias("ada", Alias.CHAMPION, bundle.bundle_id, reason="test", override_by="test")
        return bundle

    async def ask(self, name: str) -> str:
        stream = self.model.stream(name, (), GenerationSettings(), Usage())
        return "".join([piece async for piece in stream])


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    return Parts(tmp_path)


async def test_a_missing_adapter_is_loaded_from_the_registry_and_asked(parts: Parts) -> None:
    bundle = parts.register("one")
    assert not parts.keeper.is_ready(bundle.model_name)
    assert await parts.ask(bundle.model_name) == bundle.model_name
    folder = parts.registry.resolve("ada", bundle_id=bundle.bundle_id).adapter
    assert parts.server.adapters == {bundle.model_name: folder}
    assert parts.keeper.is_ready(bundle.model_name)
    assert await parts.ask(bundle.model_name) == bundle.model_name
    assert parts.server.loads == [bundle.model_name]


async def test_however_many_wait_it_is_loaded_once(parts: Parts) -> None:
    bundle = parts.register("one")
    leaving = asyncio.create_task(parts.ask(bundle.model_name))
    waiting = [asyncio.create_task(parts.ask(bundle.model_name)) for _ in range(20)]
    await asyncio.sleep(0)
    leaving.cancel()
    assert set(await asyncio.gather(*waiting)) == {bundle.model_name}
    assert parts.server.loads == [bundle.model_name]
    with suppress(asyncio.CancelledError):
        await leaving


async def test_after_a_restart_it_is_loaded_again_by_itself(parts: Parts) -> None:
    bundle = parts.register("one")
    await parts.ask(bundle.model_name)
    parts.server.adapters.clear()
    assert await parts.ask(bundle.model_name) == bundle.model_name
    assert parts.server.loads == [bundle.model_name] * 2


async def test_the_base_model_must_be_the_bundles(parts: Parts) -> None:
    assert await parts.ask(BASE) == BASE
    other = parts.register("other", base_model=manifest().base_model.model_copy(update={"digest": "f" * 64}))
    for name in (other.model_name, "base:ffffffffffff"):
        with pytest.raises(IntegrityError, match="stands on the base model ffffffffffff, .* serves bbbbbbbbbbbb") as no:
            await parts.ask(name)
        assert no.value.next_step
    assert parts.server.loads == []
    parts.server.base_digest = "f" * 12  # restarted with another one
    with pytest.raises(IntegrityError):
        await parts.ask(BASE)


async def test_a_server_that_does_not_tell_its_digest_is_taken_at_its_word(parts: Parts) -> None:
    parts.server.base_digest = None
    assert await parts.ask(BASE) == "base"
    bundle = parts.register("one")
    assert await parts.ask(bundle.model_name) == bundle.model_name


async def test_a_refused_adapter_is_not_tried_again_for_a_while(parts: Parts) -> None:
    bundle = parts.register("one")
    parts.server.refuses[bundle.model_name] = AdapterRefusedError("rank 64")
    for _ in range(3):
        with pytest.raises(AdapterRefusedError, match="rank 64"):
            await parts.ask(bundle.model_name)
    assert parts.server.loads == [bundle.model_name]
    parts.server.refuses.clear()
    parts.clock.now += REFUSAL_S + 1
    assert await parts.ask(bundle.model_name) == bundle.model_name


async def test_of_a_server_that_was_down_nothing_is_remembered(parts: Parts) -> None:
    bundle = parts.register("one")
    parts.server.down = LLMUnavailableError("down")
    with pytest.raises(LLMUnavailableError):
        await parts.ask(bundle.model_name)
    assert not await parts.model.is_healthy()
    parts.server.down = None
    assert await parts.ask(bundle.model_name) == bundle.model_name


async def test_a_bundle_that_is_not_there_or_damaged_is_never_loaded(parts: Parts) -> None:
    with pytest.raises(RegistryError):
        await parts.ask("ada@000000000000")
    bundle = parts.register("one")
    (parts.registry.resolve("ada", bundle_id=bundle.bundle_id).folder / "adapter/adapter_config.json").write_text("{1}")
    with pytest.raises(IntegrityError, match="adapter_config"):
        await parts.ask(bundle.model_name)
    assert parts.server.loads == []


async def test_what_the_aliases_need_is_served_before_anybody_asks(parts: Parts) -> None:
    former, champion = parts.register("former", champion=True), parts.register("champion", champion=True)
    parts.register("neither")
    candidate = parts.register("candidate")
    parts.registry.register(manifest(persona="bob", display_name="Bob"), {})
    await parts.keeper.tend()
    assert parts.server.adapters.keys() == {one.model_name for one in (former, champion, candidate)}
    await parts.keeper.tend()
    assert len(parts.server.loads) == 3


async def test_a_damaged_bundle_keeps_no_other_adapter_from_being_served(parts: Parts) -> None:
    champion, candidate = parts.register("champion", champion=True), parts.register("candidate")
    damaged = parts.registry.resolve("ada", bundle_id=candidate.bundle_id)
    (damaged.folder / "manifest.json").write_text("{}")
    await parts.keeper.tend()
    assert parts.server.loads == [champion.model_name]


async def test_a_bundle_on_another_base_is_left_alone(parts: Parts) -> None:
    parts.register("other", base_model=manifest().base_model.model_copy(update={"digest": "f" * 64}))
    await parts.keeper.tend()
    assert parts.server.loads == []


async def test_what_nobody_asks_for_is_let_go_and_what_is_needed_stays(parts: Parts) -> None:
    old, champion = parts.register("old"), parts.register("champion", champion=True)
    parts.server.adapters |= {"not-ours": Path("/x"), "ada@eeeeeeeeeeee": Path("/loaded/by/another/service")}
    await parts.ask(old.model_name)
    await parts.keeper.tend()
    parts.clock.now += IDLE_S - 1
    await parts.ask(old.model_name)
    parts.clock.now += 2
    await parts.keeper.tend()
    assert parts.server.adapters.keys() == {"not-ours", old.model_name, champion.model_name}
    parts.clock.now += IDLE_S
    await parts.keeper.tend()
    assert parts.server.adapters.keys() == {"not-ours", champion.model_name}
    assert await parts.ask(old.model_name) == old.model_name


async def test_tending_goes_on_through_failures_and_says_each_once(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(keeper_module, "TEND_S", 0.001)
    bundle = parts.register("one")
    parts.server.down = LLMUnavailableError("the LLM microservice broke off")
    task = asyncio.create_task(parts.keeper.run())
    while len(parts.server.done) < 5:
        await asyncio.sleep(0.001)
    assert caplog.text.count("broke off") == 1
    parts.server.down = None
    while not parts.server.adapters:
        await asyncio.sleep(0.001)
    task.cancel()
    await asyncio.wait({task})
    assert parts.server.loads == [bundle.model_name]
