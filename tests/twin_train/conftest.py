"""A base model of 40,000 weights, written without torch, and datasets with certificates."""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from twin_data.contracts.datasets import CertificateCheck, DatasetCertificate, DatasetKind
from twin_data.contracts.releases import ModelReference

WORDS = (
    "the garden wall is older than house and moss knows more of it any mason ever did but we still paint white".split()
)
SPECIAL = ("<|end|>", "<|system|>", "<|user|>", "<|assistant|>")
TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "vocab_size": 64,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 16,
    "hidden_act": "silu",
    "max_position_embeddings": 1024,
    "rms_norm_eps": 1e-5,
    "tie_word_embeddings": True,
    "eos_token_id": 0,
    "bos_token_id": None,
    "pad_token_id": 0,
    "dtype": "float32",
}


def write_tokenizer(folder: Path, template: str | None = TEMPLATE) -> None:
    """A tokenizer that knows whole words."""
    from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers

    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = {word: number for number, word in enumerate((*SPECIAL, "<unk>", *WORDS))}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.add_special_tokens([AddedToken(name, special=True) for name in SPECIAL])
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": SPECIAL[0], "pad_token": SPECIAL[0]}
    if template is not None:
        config["chat_template"] = template
    (folder / "tokenizer_config.json").write_text(json.dumps(config))


def write_weights(folder: Path) -> None:
    """Random weights of a Llama of CONFIG."""
    draw = np.random.default_rng(5)
    hidden, inner, keys = CONFIG["hidden_size"], CONFIG["intermediate_size"], CONFIG["head_dim"]
    shapes = {
        "self_attn.q_proj": (hidden, hidden),
        "self_attn.k_proj": (keys, hidden),
        "self_attn.v_proj": (keys, hidden),
        "self_attn.o_proj": (hidden, hidden),
        "mlp.gate_proj": (inner, hidden),
        "mlp.up_proj": (inner, hidden),
        "mlp.down_proj": (hidden, inner),
    }
    tensors = {"model.embed_tokens.weight": draw.normal(0, 0.3, (CONFIG["vocab_size"], hidden))}
    for layer in range(CONFIG["num_hidden_layers"]):
        for name, shape in shapes.items():
            tensors[f"model.layers.{layer}.{name}.weight"] = draw.normal(0, 0.2, shape)
        for name in ("input_layernorm", "post_attention_layernorm"):
            tensors[f"model.layers.{layer}.{name}.weight"] = np.ones(hidden)
    tensors["model.norm.weight"] = np.ones(hidden)
    save_file(
        {name: tensor.astype(np.float32) for name, tensor in tensors.items()},
        folder / "model.safetensors",
        metadata={"format": "pt"},
    )
    (folder / "config.json").write_text(json.dumps(CONFIG))


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    write_tokenizer(folder)
    write_weights(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_reference() -> ModelReference:
    return ModelReference(name="tiny", source="test", digest="t" * 64, licence="Apache-2.0")


def write_certificate(folder: Path, kind: DatasetKind, rows: int, held_out: int, **changes: Any) -> None:
    """A certificate that was passed, and the digests of the files it stands for."""
    check = CertificateCheck(name="overlap", value=0.0, wanted="= 0", passed=True)
    certificate = DatasetCertificate(
        persona="ada",
        kind=kind,
        dataset_digest=hashlib.sha256((folder / "train.jsonl").read_bytes()).hexdigest(),
        rows=rows,
        held_out_rows=held_out,
        inputs=(),
        template_digest="t",
        teacher="none",
        code_digest="c",
        counts=(),
        checks=(check,),
    ).model_copy(update=changes)
    (folder / "certificate.json").write_text(certificate.model_dump_json())
    files = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in ("train.jsonl", "held_out.jsonl")
    }
    (folder / "files.json").write_text(json.dumps(files))


def write_dataset(folder: Path, kind: DatasetKind, *, rows: int = 40, held_out: int = 6, words: int = 16) -> Path:
    """Rows of the fixture's words: a rule that can be learnt (the answer repeats the question's first word)."""
    draw = random.Random(3)
    folder.mkdir(parents=True, exist_ok=True)

    def row() -> dict[str, Any]:
        asked = draw.choices(WORDS, k=words)
        answer = [asked[0]] * words
        prompt = [{"role": "system", "content": "moss knows"}, {"role": "user", "content": " ".join(asked)}]
        said = [{"role": "assistant", "content": " ".join(answer)}]
        if kind is DatasetKind.INSTRUCTIONS:
            return {"prompt": prompt, "completion": said}
        wrong = [{"role": "assistant", "content": " ".join(draw.choices(WORDS, k=words + 2))}]
        return {"prompt": prompt, "chosen": said, "rejected": wrong, "reason": "out_of_voice"}

    for name, count in (("train.jsonl", rows), ("held_out.jsonl", held_out)):
        (folder / name).write_text("".join(json.dumps(row()) + "\n" for _ in range(count)))
    write_certificate(folder, kind, rows, held_out)
    return folder


@pytest.fixture
def certify() -> Callable[..., None]:
    """Certify a folder again after its rows were changed, or with other fields."""
    return write_certificate


@pytest.fixture
def make_tokenizer(tmp_path: Path) -> Callable[[str | None], Path]:
    """A base model's folder with a tokenizer of that chat template and no weights."""

    def make(template: str | None) -> Path:
        write_tokenizer(tmp_path, template)
        (tmp_path / "config.json").write_text("{}")
        return tmp_path

    return make


@pytest.fixture(scope="session")
def dataset_writer() -> Callable[..., Path]:
    """Write a dataset into a given folder."""
    return write_dataset


@pytest.fixture
def make_dataset(tmp_path: Path) -> Callable[..., Path]:
    """Write a dataset of a kind into a folder of its own."""

    def make(kind: DatasetKind = DatasetKind.INSTRUCTIONS, **options: Any) -> Path:
        return write_dataset(tmp_path / f"data-{kind}", kind, **options)

    return make


@contextmanager
def mounted(folder: Path, kib: int) -> Iterator[None]:
    """A file system of so many KiB at `folder`; skips where none may be mounted."""
    folder.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False) if os.geteuid() == 0 else None
    if done is None or done.returncode:
        pytest.skip(f"a full disk needs a small tmpfs, and only root may mount one ({done and done.stderr})")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def tiny_disk() -> Callable[[Path, int], AbstractContextManager[None]]:
    """Mount a file system of so many KiB."""
    return mounted
