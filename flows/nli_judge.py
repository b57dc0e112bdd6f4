"""A classifier of entailment as a judge of sentences, from a folder on this machine; nothing is sent anywhere."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING

from twin_data.contracts.digests import short
from twin_data.contracts.errors import ModelError
from twin_data.registry.model_folder import model_digest
from twin_data.registry.safety import refuse_unsafe_files
from twin_eval.judging.items import JudgeItem

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

ENTAILMENT = "entailment"
_LONGEST = 512
"""Tokens of passage and sentence together, unless the tokenizer names fewer; the passage gives way."""


class NliModel:
    """`Judge` over a sequence classifier: a sentence is supported if a passage is found to entail it."""

    concurrency = 1
    """The model computes on all cores that it is given anyway."""

    def __init__(self, folder: Path) -> None:
        """Load the model.

        Raises:
            ModelError: There is none in the folder, or it knows no entailment.
            IntegrityError: The folder holds code or pickles.
        """
        self._entailment = check_folder(folder)
        self.name = folder.name
        self.identity = f"nli {short(model_digest(folder))}"
        self._model, self._tokenizer = _load(folder)

    async def verdict(self, item: JudgeItem) -> bool | None:
        """See `Judge`: whether any of the passages entails the sentence."""
        return await asyncio.to_thread(self._is_entailed, item)

    def _is_entailed(self, item: JudgeItem) -> bool:
        import torch

        pairs = self._tokenizer(
            list(item.passages),
            [item.text] * len(item.passages),
            truncation="only_first",
            max_length=min(_LONGEST, self._tokenizer.model_max_length),
            padding=True,
            return_tensors="pt",
        )
        with torch.inference_mode():
            likeliest = self._model(**pairs).logits.argmax(dim=-1)
        return bool((likeliest == self._entailment).any())


def check_folder(folder: Path) -> int:
    """See that a folder holds a model of natural language inference, without loading it; the number of entailment.

    Raises:
        ModelError: It does not.
        IntegrityError: It holds code or pickles.
    """
    path = folder / "config.json"
    if not path.is_file():
        raise ModelError(
            f"evaluation.judge.folder: {folder} holds no config.json",
            next_step="name the folder of a sequence classifier that transformers saved",
        )
    refuse_unsafe_files(folder)
    try:
        labels = {int(number): str(name) for number, name in json.loads(path.read_bytes()).get("id2label", {}).items()}
    except (ValueError, AttributeError) as error:
        raise ModelError(
            f"evaluation.judge.folder: {path} is no model's configuration: {error}",
            next_step="save model and tokenizer there with transformers' save_pretrained",
        ) from error
    return entailment_label(labels, folder)


def entailment_label(labels: dict[int, str], folder: Path) -> int:
    """The number of the label that says that the first text entails the second.

    Raises:
        ModelError: No label is called so, or several are.
    """
    found = [number for number, name in labels.items() if name.casefold() == ENTAILMENT]
    if len(found) != 1:
        known = ", ".join(map(repr, labels.values())) or "none"
        raise ModelError(
            f"evaluation.judge.folder: {folder} has no one label {ENTAILMENT!r}; its labels are {known}",
            next_step="use a model of natural language inference; its config.json names the labels in id2label",
        )
    return found[0]


def _load(folder: Path) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    try:
        model = AutoModelForSequenceClassification.from_pretrained(folder, local_files_only=True, use_safetensors=True)
        return model.eval(), AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(
            f"evaluation.judge.folder: {folder} cannot be loaded as a sequence classifier: {error}",
            next_step="save model and tokenizer there with transformers' save_pretrained",
        ) from error
