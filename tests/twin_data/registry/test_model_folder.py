from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from twin_data.contracts.errors import IntegrityError, ModelError
from twin_data.contracts.releases import ModelReference
from twin_data.registry import model_folder
from twin_data.registry.model_folder import read_base_model, record_location
from twin_data.scoring.encoder import write_model_manifest


@pytest.fixture
def models(tmp_path: Path) -> Path:
    folder = tmp_path / "models" / "base-tiny"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text('{"model_type": "llama"}')
    (folder / "model.safetensors").write_bytes(b"weights")
    write_model_manifest(folder, name="tiny", source="test", licence="Apache-2.0", anything="else")
    return folder.parent


def test_a_checked_model_is_not_read_again(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = read_base_model(models, "tiny")

    def unexpected(_: Path) -> str:
        raise AssertionError("files were read again")

    monkeypatch.setattr(model_folder, "model_digest", unexpected)
    assert read_base_model(models, "tiny") == first
    weights = models / "base-tiny" / "model.safetensors"
    os.utime(weights, ns=(0, 0))
    with pytest.raises(AssertionError):
        read_base_model(models, "tiny")


def test_a_changed_file_is_noticed_at_every_start(models: Path) -> None:
    read_base_model(models, "tiny")
    (models / "base-tiny" / "model.safetensors").write_bytes(b"Weights!")
    for _ in range(2):
        with pytest.raises(IntegrityError, match="the manifest says"):
            read_base_model(models, "tiny")


def damaged_record(models: Path) -> None:
    (models / ".base-tiny.verified.json").write_text("{")


def record_of_another_digest(models: Path) -> None:
    path = models / ".base-tiny.verified.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"digest": "0" * 64}))


@pytest.mark.parametrize("damage", [damaged_record, record_of_another_digest])
def test_a_worthless_record_means_reading(models: Path, damage: Callable[[Path], None]) -> None:
    expected = read_base_model(models, "tiny")
    damage(models)
    assert read_base_model(models, "tiny") == expected


def test_a_pickle_put_beside_the_weights_is_refused(models: Path) -> None:
    read_base_model(models, "tiny")
    (models / "base-tiny" / "pytorch_model.bin").write_bytes(b"x")
    with pytest.raises(IntegrityError, match="pickle"):
        read_base_model(models, "tiny")


def test_no_model_and_no_manifest(models: Path) -> None:
    with pytest.raises(ModelError, match="base-other"):
        read_base_model(models, "other")
    (models / "base-tiny" / "manifest.json").write_text("{}")
    with pytest.raises(IntegrityError, match="not a model's manifest"):
        read_base_model(models, "tiny")


def test_a_model_may_stay_where_the_user_has_it(models: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "model.safetensors").write_bytes(b"weights")
    reference = ModelReference(name="mine", source=str(mine), digest=model_folder.model_digest(mine), licence="MIT")
    record_location(models / "base-mine", reference, mine)

    assert read_base_model(models, "mine") == model_folder.BaseModel(mine, reference)
    (mine / "model.safetensors").unlink()
    with pytest.raises(IntegrityError):
        read_base_model(models, "mine")
    mine.rmdir()
    with pytest.raises(ModelError, match="not there"):
        read_base_model(models, "mine")
