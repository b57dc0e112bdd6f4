"""The result of training as a plain folder: safetensors and JSON, no pickle, no path of this machine."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from twin_data.registry.durable import new_folder, write_file
from twin_data.registry.safety import refuse_unsafe_files
from twin_train.job import TrainingJob

ADAPTER_WEIGHTS = "adapter_model.safetensors"
ADAPTER_CONFIG = "adapter_config.json"
TOKENIZER_FILES = ("tokenizer*", "chat_template.jinja", "special_tokens_map.json", "vocab.*", "merges.txt")
MODEL_FILES = ("*.safetensors", "*.safetensors.index.json", "config.json", "generation_config.json")


def write_weights(saved: Path, folder: Path, job: TrainingJob) -> None:
    """Take what TRL saved over into `folder`, whole or not at all.

    Raises:
        IntegrityError: It holds something that could run code.
    """
    with new_folder(folder) as beside:
        if job.config.full:
            _copy(saved, beside, MODEL_FILES)
            _copy(job.base_model, beside, TOKENIZER_FILES)
        else:
            shutil.copyfile(saved / ADAPTER_WEIGHTS, beside / ADAPTER_WEIGHTS)
            written = json.loads((saved / ADAPTER_CONFIG).read_text("utf-8"))
            write_file(beside / ADAPTER_CONFIG, _json(neutral_adapter_config(written, job.base_name)))
        refuse_unsafe_files(beside)


def neutral_adapter_config(written: dict[str, Any], base_name: str) -> dict[str, Any]:
    """PEFT's configuration with the base model's name for its path, and its sets of names in order."""
    ordered = {
        name: sorted(value) if name in {"target_modules", "modules_to_save"} and isinstance(value, list) else value
        for name, value in written.items()
    }
    return {**ordered, "base_model_name_or_path": base_name, "revision": None, "inference_mode": True}


def _copy(source: Path, target: Path, patterns: tuple[str, ...]) -> None:
    for pattern in patterns:
        for path in sorted(source.glob(pattern)):
            shutil.copyfile(path, target / path.name)


def _json(content: dict[str, Any]) -> bytes:
    return (json.dumps(content, indent=2, sort_keys=True) + "\n").encode()
