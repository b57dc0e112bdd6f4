"""Which folder an encoder is taken from, and that one process at a time exports it; the export itself is a fake."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from twin_data.contracts.errors import ModelError
from twin_data.scoring.encoder import read_model_reference, write_model_manifest
from twin_data.transform.embedding_model import EmbeddingModelConfig, ensure_encoder

MINI = EmbeddingModelConfig(name="Mini", source="package:mini")
OTHER = MINI.model_copy(update={"source": "/models/other"})


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The sources that were exported, in turn."""
    sources: list[str] = []

    def export_encoder(folder: Path, config: EmbeddingModelConfig) -> None:
        sources.append(config.source)
        (folder / "model.onnx").write_text(config.source)
        time.sleep(0.05)  # another process asks meanwhile
        write_model_manifest(folder, name=config.name, source=config.source, licence=config.licence)

    fake(monkeypatch, export_encoder)
    return sources


def fake(monkeypatch: pytest.MonkeyPatch, export: Callable[[Path, EmbeddingModelConfig], None]) -> None:
    module = ModuleType("twin_data.transform.export_encoder")
    module.export_encoder = export  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)


def test_another_source_or_licence_of_the_same_name_is_another_encoder(tmp_path: Path, exported: list[str]) -> None:
    """Bundles that stand on the first keep it: the service finds encoders by digest."""
    first = ensure_encoder(tmp_path, MINI)
    assert first.name == "encoder-mini-256-2"
    second = ensure_encoder(tmp_path, OTHER)
    licensed = ensure_encoder(tmp_path, MINI.model_copy(update={"licence": "MIT"}))
    assert len({first, second, licensed}) == 3
    assert read_model_reference(second).source == "/models/other"
    assert read_model_reference(licensed).licence == "MIT"
    assert all(one.name.startswith("encoder-mini-256-2") for one in (second, licensed))
    assert (ensure_encoder(tmp_path, MINI), ensure_encoder(tmp_path, OTHER)) == (first, second)
    assert exported == ["package:mini", "/models/other", "package:mini"]


def test_two_that_want_it_at_once_export_it_once(tmp_path: Path, exported: list[str]) -> None:
    found: list[Path] = []
    threads = [threading.Thread(target=lambda: found.append(ensure_encoder(tmp_path, MINI))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 3 and len(set(found)) == 1
    assert exported == ["package:mini"]


def test_what_a_killed_export_left_is_removed(tmp_path: Path, exported: list[str]) -> None:
    for left in (".encoder-mini-256-2.left0ver", "encoder-mini-256-2"):
        (tmp_path / left).mkdir()
        (tmp_path / left / "model.onnx").write_text("half")
    folder = ensure_encoder(tmp_path, MINI)
    assert read_model_reference(folder).source == "package:mini"
    assert sorted(one.name for one in tmp_path.iterdir()) == [".encoder-mini-256-2.lock", "encoder-mini-256-2"]


def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def export_encoder(folder: Path, config: EmbeddingModelConfig) -> None:
        raise OSError(28, "No space left on device")

    fake(monkeypatch, export_encoder)
    with pytest.raises(ModelError, match=r"'package:mini' could not be exported .*No space left") as refused:
        ensure_encoder(tmp_path, MINI)
    assert "free disk space" in refused.value.next_step
    assert not any(tmp_path.glob("*encoder-*/"))
