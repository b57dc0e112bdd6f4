"""Rows as token sequences: one chat template, completions told from prompts, several rows packed into one sequence."""

from __future__ import annotations

import bisect
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twin_data.contracts.errors import ModelError
from twin_data.prompts.chat_template import CHAT_TEMPLATE_SWITCHES
from twin_train.certified_dataset import Row

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

IGNORED = -100
"""The label of tokens that are read and not learnt."""
OTHER_BASE = "set base_model.source in the recipe to a model with a chat template"
PROBE = ("system", "In short."), ("user", "Who?"), ("assistant", "Ada."), ("user", "Why?")
PROBED_ANSWER = "Because."
SHOWN_CHARACTERS = 80
"""A conversation of the roles that prompts have, and an answer to it."""


@dataclass(frozen=True)
class Example:
    """One row in tokens. Only tokens from `completion_start` on are learnt."""

    input_ids: tuple[int, ...]
    completion_start: int

    @property
    def labels(self) -> tuple[int, ...]:
        """Token ids of the completion, `IGNORED` before it."""
        return (IGNORED,) * self.completion_start + self.input_ids[self.completion_start :]


@dataclass(frozen=True)
class PackedSequence:
    """Rows one after the other; `seq_lengths` tells where each begins, so that it sees itself only."""

    input_ids: tuple[int, ...]
    labels: tuple[int, ...]
    seq_lengths: tuple[int, ...]


def load_tokenizer(base_model: Path) -> PreTrainedTokenizerBase:
    """The base model's tokenizer.

    Raises:
        ModelError: The folder holds none, or its chat template is missing, takes no instructions, or has something else
            come before every answer.
    """
    if not (base_model / "config.json").is_file():
        raise ModelError(f"there is no base model in {base_model}", next_step="run `twin features PERSONA` first")
    try:
        tokenizer = _read_tokenizer(base_model)
    except (OSError, ValueError) as error:
        raise ModelError(f"{base_model} holds no tokenizer: {error}", next_step=OTHER_BASE) from error
    if not tokenizer.chat_template:
        raise ModelError(f"the base model in {base_model} has no chat template", next_step=OTHER_BASE)
    _check_answers_at_once(tokenizer)
    return tokenizer


def _read_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    if (folder / "tokenizer.json").is_file():
        from transformers import PreTrainedTokenizerFast  # a tenth of AutoTokenizer's import, and without torch

        fast: PreTrainedTokenizerBase = PreTrainedTokenizerFast.from_pretrained(folder, local_files_only=True)
        return fast
    from transformers import AutoTokenizer

    slow: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    return slow


def _check_answers_at_once(tokenizer: PreTrainedTokenizerBase) -> None:
    """Refuse a template by which an answer begins with something else, such as thoughts: a twin would learn to say it.

    Raises:
        ModelError: It does, refuses the roles that prompts have, or renders a prompt otherwise before an answer.
    """
    asked: list[Row] = [{"role": role, "content": content} for role, content in PROBE]
    prompt = _rendered(tokenizer, asked, answered=False)
    whole = _rendered(tokenizer, [*asked, {"role": "assistant", "content": PROBED_ANSWER}], answered=True)
    if not whole.startswith(prompt):
        raise _renders_otherwise(tokenizer, prompt[_common(prompt, whole) :])
    before, found, _ = whole.removeprefix(prompt).partition(PROBED_ANSWER)
    if before.strip() or not found:
        raise ModelError(
            f"the chat template of {tokenizer.name_or_path} puts {before.strip()!r} before an answer, which a twin "
            "would learn to say",
            next_step="set base_model.source in the recipe to a model that answers at once, without thinking aloud",
        )


def encode(tokenizer: PreTrainedTokenizerBase, prompt: list[Row], completion: list[Row]) -> Example:
    """A row in tokens, rendered as serving renders the prompt.

    Raises:
        ModelError: The template renders the prompt differently when an answer follows, so that the model would be
            trained on another prompt than it is served.
    """
    asked = _ids(tokenizer, prompt, answered=False)
    told = _ids(tokenizer, [*prompt, *completion], answered=True)
    if told[: len(asked)] != asked:
        raise _renders_otherwise(tokenizer, str(tokenizer.decode(list(asked[_common(asked, told) :]))))
    return Example(told, len(asked))


def pack(examples: Sequence[Example], sequence_length: int, *, seed: int) -> list[PackedSequence]:
    """Put examples into as few sequences as best-fit-decreasing finds (Ding et al. 2024), in an order set by the seed.

    Every example is at most `sequence_length` tokens long.
    """
    bins: list[list[Example]] = []
    room: list[tuple[int, int]] = []  # tokens left and place in `bins`, sorted
    for example in sorted(examples, key=lambda one: (-len(one.input_ids), one.input_ids, one.completion_start)):
        size = len(example.input_ids)
        assert size <= sequence_length, f"{size} tokens do not fit into {sequence_length}"
        tightest = bisect.bisect_left(room, (size, 0))
        left, place = room.pop(tightest) if tightest < len(room) else (sequence_length, len(bins))
        if place == len(bins):
            bins.append([])
        bins[place].append(example)
        bisect.insort(room, (left - size, place))
    packed = [join(members) for members in bins]
    random.Random(seed).shuffle(packed)
    return packed


def join(examples: Sequence[Example]) -> PackedSequence:
    """One sequence of several examples. The first token of each is never a target: nothing of its own precedes it."""
    return PackedSequence(
        input_ids=tuple(token for one in examples for token in one.input_ids),
        labels=tuple(label for one in examples for label in one.labels),
        seq_lengths=tuple(len(one.input_ids) for one in examples),
    )


def _ids(tokenizer: PreTrainedTokenizerBase, messages: list[Row], *, answered: bool) -> tuple[int, ...]:
    return tuple(_by_template(tokenizer, messages, answered, tokenize=True, return_dict=True)["input_ids"])


def _rendered(tokenizer: PreTrainedTokenizerBase, messages: list[Row], *, answered: bool) -> str:
    return str(_by_template(tokenizer, messages, answered, tokenize=False))


def _by_template(tokenizer: PreTrainedTokenizerBase, messages: list[Row], answered: bool, **form: Any) -> Any:
    from jinja2 import TemplateError

    try:
        return tokenizer.apply_chat_template(
            messages, add_generation_prompt=not answered, **form, **CHAT_TEMPLATE_SWITCHES
        )
    except TemplateError as error:
        raise ModelError(
            f"the chat template of {tokenizer.name_or_path} refuses the dataset's messages: {error}",
            next_step=OTHER_BASE,
        ) from error


def _renders_otherwise(tokenizer: PreTrainedTokenizerBase, left: str) -> ModelError:
    """The error for a prompt of which an end is left where an answer follows it."""
    return ModelError(
        f"the chat template of {tokenizer.name_or_path} renders a prompt differently when an answer follows it, "
        f"first at {left[:SHOWN_CHARACTERS]!r}",
        next_step=OTHER_BASE,
    )


def _common(first: Sequence[object], second: Sequence[object]) -> int:
    """With how many tokens or characters two sequences begin alike."""
    pairs = zip(first, second, strict=False)
    return next((place for place, (a, b) in enumerate(pairs) if a != b), min(len(first), len(second)))
