from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from twin_data.contracts.errors import IntegrityError, ModelError, RegistryError, SearchUnavailableError
from twin_data.contracts.releases import Alias
from twin_data.registry.memory import MemoryRegistry
from twin_serve import twins
from twin_serve.search import MemorySearch
from twin_serve.twins import TwinDirectory, open_encoder

from .parts import EMBEDDING, HashingEncoder, manifest, memory_index


class Parts:
    def __init__(self, tmp_path: Path) -> None:
        self.registry, self.search = MemoryRegistry(tmp_path), MemorySearch({"ada": memory_index()})
        self.opened: list[str] = []
        self.directory = TwinDirectory(self.registry, self.search, tmp_path, load_encoder=self._open)
        self.registry.register(manifest(), {})
        self.promote(manifest().bundle_id)

    def _open(self, models: Path, digest: str) -> HashingEncoder:
        self.opened.append(digest)
        return HashingEncoder()

    def promote(self, bundle_id: str) -> None:
        self.registry.set_alias("ada", Alias.CHAMPION, bundle_id, reason="test", override_by="test")


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    return Parts(tmp_path)


async def test_a_twin_comes_with_all_that_belongs_to_it(parts: Parts) -> None:
    twin = await parts.directory.resolve("ada")
    assert twin.manifest.bundle_id == manifest().bundle_id and Alias.CHAMPION in twin.aliases
    assert (twin.index, twin.identity.persona, twin.llm_model) == ("twin-ada-000001", "ada", "base:bbbbbbbbbbbb")
    assert twin.weights.chunks == 3 and parts.opened == [EMBEDDING.digest]


async def test_a_bundle_with_an_adapter_is_asked_by_its_own_name(parts: Parts) -> None:
    tuned = manifest(adapter="adapter", rung="sft+retrieval")
    parts.registry.register(tuned, {"adapter/adapter_config.json": "{}"})
    assert (await parts.directory.resolve(tuned.model_name)).llm_model == tuned.model_name


async def test_many_at_once_load_once(parts: Parts) -> None:
    await asyncio.gather(*(parts.directory.resolve("ada") for _ in range(30)))
    assert parts.search.identified == 1 and len(parts.opened) == 1


async def test_who_leaves_does_not_take_the_loading_along(parts: Parts) -> None:
    first, second = (asyncio.create_task(parts.directory.resolve("ada")) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).manifest.persona == "ada"
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_what_is_known_is_asked_for_again_after_a_while(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    await parts.directory.resolve("ada")
    newer = manifest(label="newer")
    parts.registry.register(newer, {})
    parts.promote(newer.bundle_id)
    parts.search.indices["ada"] = memory_index(name="twin-ada-000002", ids=["blog/eels.md"])
    assert (await parts.directory.resolve("ada")).manifest.label == ""  # trusted for REFRESH_S
    monkeypatch.setattr(twins, "REFRESH_S", -1.0)
    twin = await parts.directory.resolve("ada")
    assert (twin.manifest.label, twin.index, twin.weights.chunks) == ("newer", "twin-ada-000002", 1)
    assert len(parts.opened) == 1


async def test_failures_are_not_remembered(parts: Parts) -> None:
    parts.search.error = SearchUnavailableError("down")
    with pytest.raises(SearchUnavailableError):
        await parts.directory.resolve("ada")
    parts.search.error = None
    assert (await parts.directory.resolve("ada")).index == "twin-ada-000001"


@pytest.mark.parametrize("model", ["bob", "ada@", "ada@ffffffffffff", "@x", "../x@y", ""])
async def test_unknown_models(parts: Parts, model: str) -> None:
    with pytest.raises(RegistryError) as refused:
        await parts.directory.resolve(model)
    assert refused.value.next_step


async def test_a_damaged_bundle_is_refused(parts: Parts) -> None:
    folder = parts.registry.resolve("ada").folder
    (folder / "README.md").write_text("changed")
    with pytest.raises(IntegrityError):
        await parts.directory.resolve("ada")


async def test_bundles_are_champions_or_candidates(parts: Parts) -> None:
    parts.registry.register(manifest(persona="bob", display_name="Bob"), {})
    found = await parts.directory.bundles()
    assert [(one.manifest.persona, one.aliases[-1]) for one in found] == [
        ("ada", Alias.CHAMPION),
        ("bob", Alias.CANDIDATE),
    ]


async def test_a_damaged_bundle_does_not_silence_the_others(parts: Parts, caplog: pytest.LogCaptureFixture) -> None:
    parts.registry.register(manifest(persona="bob", display_name="Bob"), {})
    newer = parts.registry.register(manifest(label="newer"), {})
    (newer.folder / "manifest.json").write_text("{}")
    found = await parts.directory.bundles()
    assert [one.manifest.model_name for one in found] == [
        manifest().model_name,
        manifest(persona="bob", display_name="Bob").model_name,
    ]
    assert "a bundle of ada cannot be read" in caplog.text
    (parts.registry.resolve("ada").folder / "manifest.json").write_text("{}")
    assert [one.manifest.persona for one in await parts.directory.bundles()] == ["bob"]


def test_an_encoder_that_is_not_there_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "encoder-other"
    folder.mkdir()
    reference = EMBEDDING.model_dump() | {"digest": "a" * 64}
    (folder / "manifest.json").write_text(json.dumps({"reference": reference}))
    with pytest.raises(ModelError, match="e" * 12):
        open_encoder(tmp_path, EMBEDDING.digest)
    with pytest.raises(IntegrityError):  # the one that claims the digest is checked
        open_encoder(tmp_path, "a" * 64)
