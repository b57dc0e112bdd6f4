"""Configuration files with which other trainers load an exported dataset unchanged."""

from __future__ import annotations

from typing import Any

from twin_data.contracts.datasets import DatasetKind

MESSAGES_FOLDER = "messages"
LLAMAFACTORY_FILE = "llamafactory/dataset_info.json"
AXOLOTL_FILE = "axolotl.yaml"


def llamafactory_info(kind: DatasetKind) -> dict[str, Any]:
    """LLaMA-Factory's `dataset_info.json`; its `dataset_dir` is the folder that holds it."""
    tags = {
        "role_tag": "role",
        "content_tag": "content",
        "user_tag": "user",
        "assistant_tag": "assistant",
        "system_tag": "system",
    }
    columns = {"messages": "messages"}
    pairs: dict[str, Any] = {}
    if kind is DatasetKind.PREFERENCES:
        columns |= {"chosen": "chosen", "rejected": "rejected"}
        pairs = {"ranking": True}
    return {
        name: {
            "file_name": f"../{MESSAGES_FOLDER}/{file}",
            "formatting": "sharegpt",
            **pairs,
            "columns": columns,
            "tags": tags,
        }
        for name, file in ((f"twin_{kind}", "train.jsonl"), (f"twin_{kind}_held_out", "held_out.jsonl"))
    }


def axolotl_config(kind: DatasetKind) -> str:
    """The data part of an axolotl configuration; paths are relative to the dataset's folder."""
    if kind is DatasetKind.INSTRUCTIONS:
        fields = "    type: chat_template\n    field_messages: messages\n    roles_to_train: [assistant]\n"
        head = ""
    else:
        fields = (
            "    type: chat_template.default\n    field_messages: messages\n"
            "    field_chosen: chosen\n    field_rejected: rejected\n"
        )
        head = "rl: dpo\n"
    entries = {
        name: f"{name}:\n  - path: {MESSAGES_FOLDER}/{file}\n    ds_type: json\n    split: train\n{fields}"
        for name, file in (("datasets", "train.jsonl"), ("test_datasets", "held_out.jsonl"))
    }
    return (
        f"# Run axolotl from this folder; add base_model and the training settings.\n{head}{''.join(entries.values())}"
    )
