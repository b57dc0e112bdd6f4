"""A dataset made ready for one stage: in tokens, within its lengths and caps, with what was left out and why."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

from twin_data.contracts.datasets import DroppedRow
from twin_data.contracts.errors import DatasetError
from twin_data.contracts.training import TrainingStage
from twin_data.prompts.chat_template import CHAT_TEMPLATE_SWITCHES
from twin_data.registry.durable import write_file
from twin_train.certified_dataset import HELD_OUT_FILE, TRAIN_FILE, CertifiedDataset, Row
from twin_train.configuration import DpoSettings, SftSettings
from twin_train.examples import IGNORED, Example, PackedSequence, encode, join, pack
from twin_train.forecast import Workload

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

TOO_LONG = "too_long"
OVER_CAP = "over_cap"
DROPPED_TEXT_LENGTH = 200


@dataclass(frozen=True)
class Prepared:
    """What one stage will read, and how much of it is trained on."""

    train: tuple[Row, ...]
    held_out: tuple[Row, ...]
    steps: int
    tokens: int
    """Non-pad tokens that the steps train on, about."""
    tokens_per_sequence: float
    """Mean of the sequences that go through the model one at a time; of a pair, both sides together."""
    longest: int
    """Tokens of the longest such sequence; of a pair, of its longer side."""
    learnt: int
    """Most tokens of one such sequence that are learnt; of a pair, of both sides together."""
    dropped: tuple[DroppedRow, ...]
    longer_chosen_share: float | None = None
    """DPO: share of held-out pairs whose chosen side has more tokens."""

    def write(self, train: Path, held_out: Path) -> None:
        """Write both sets of rows as JSON lines."""
        for path, rows in ((train, self.train), (held_out, self.held_out)):
            data = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
            if not path.is_file() or path.read_bytes() != data:  # what is cached of it is known by the file's time
                write_file(path, data)


class _PairSize(NamedTuple):
    """Tokens of a preference pair, the prompt counted on each side."""

    chosen: int
    rejected: int
    learnt: int
    """Of both answers."""

    @classmethod
    def of(cls, chosen: Example, rejected: Example) -> Self:
        sides = len(chosen.input_ids), len(rejected.input_ids)
        return cls(*sides, sum(sides) - chosen.completion_start - rejected.completion_start)

    @property
    def tokens(self) -> int:
        return self.chosen + self.rejected

    @property
    def longer(self) -> int:
        return max(self.chosen, self.rejected)


def prepare_sft(dataset: CertifiedDataset, tokenizer: PreTrainedTokenizerBase, settings: SftSettings) -> Prepared:
    """Tokenise and pack an instruction dataset.

    Raises:
        DatasetError: No row is short enough.
        ModelError: The chat template does not suit training.
    """
    examples, dropped = _sft_examples(dataset.train_rows(), tokenizer, settings, TRAIN_FILE)
    held_out, dropped_too = _sft_examples(dataset.held_out_rows(), tokenizer, settings, HELD_OUT_FILE)
    if not examples:
        raise _nothing_left(dataset, "sft.sequence_length", settings.sequence_length, dropped)
    sequences = _sequences(examples, settings)
    watched = _sequences(held_out, settings)[: settings.max_eval_sequences]
    sizes = [len(one.input_ids) for one in sequences]
    # The last step of an epoch has fewer sequences, if they do not come out even.
    per_step = sum(sizes) / math.ceil(len(sizes) / settings.sequences_per_step)
    steps = _steps(len(sequences), settings.sequences_per_step, settings)
    if settings.max_tokens is not None:
        steps = min(steps, max(1, int(settings.max_tokens / per_step)))
    return Prepared(
        train=tuple(map(_packed_row, sequences)),
        held_out=tuple(map(_packed_row, watched)),
        steps=steps,
        tokens=round(steps * per_step),
        tokens_per_sequence=sum(sizes) / len(sizes),
        longest=max(sizes),
        learnt=max(sum(label != IGNORED for label in one.labels) for one in sequences),
        dropped=(*dropped, *dropped_too),
    )


def prepare_dpo(dataset: CertifiedDataset, tokenizer: PreTrainedTokenizerBase, settings: DpoSettings) -> Prepared:
    """Check and cap a preference dataset. Pairs stay text: TRL tokenises them as was checked here.

    Each tells TRL the switches of the chat template.

    Raises:
        DatasetError: No pair is short enough.
        ModelError: The chat template does not suit training.
    """
    pairs, sizes, dropped = _pairs(dataset.train_rows(), tokenizer, settings, settings.max_pairs, TRAIN_FILE)
    watched, watched_sizes, dropped_too = _pairs(
        dataset.held_out_rows(), tokenizer, settings, settings.max_held_out_pairs, HELD_OUT_FILE
    )
    if not pairs:
        raise _nothing_left(dataset, "dpo.max_length", settings.max_length, dropped)
    steps = _steps(len(pairs), settings.pairs_per_step, settings)
    used = min(len(pairs), steps * settings.pairs_per_step)
    total = sum(one.tokens for one in sizes[:used])
    return Prepared(
        train=tuple(pairs[:used]),
        held_out=tuple(watched),
        steps=steps,
        tokens=round(steps * total / math.ceil(used / settings.pairs_per_step)),
        tokens_per_sequence=total / used,
        longest=max(one.longer for one in sizes[:used]),
        learnt=max(one.learnt for one in sizes[:used]),
        dropped=(*dropped, *dropped_too),
        longer_chosen_share=_longer_first(watched_sizes),
    )


def workload(stage: TrainingStage, prepared: Prepared) -> Workload:
    """What goes through the model, for a forecast."""
    watched = round(2 * prepared.tokens_per_sequence * len(prepared.held_out))
    return Workload(
        steps=prepared.steps,
        tokens=prepared.tokens,
        longest=prepared.longest,
        learnt=prepared.learnt,
        reference_tokens=prepared.tokens + watched if stage is TrainingStage.DPO else 0,
    )


def _sft_examples(
    rows: list[Row], tokenizer: PreTrainedTokenizerBase, settings: SftSettings, name: str
) -> tuple[list[Example], list[DroppedRow]]:
    examples, dropped = [], []
    for number, row in enumerate(rows, start=1):
        example = encode(tokenizer, row["prompt"], row["completion"])
        if len(example.input_ids) <= settings.sequence_length:
            examples.append(example)
        else:
            dropped.append(_dropped("sft", TOO_LONG, f"{name}:{number}", row["completion"]))
    return examples, dropped


def _sequences(examples: list[Example], settings: SftSettings) -> list[PackedSequence]:
    if settings.packing:
        return pack(examples, settings.sequence_length, seed=settings.seed)
    return [join([example]) for example in random.Random(settings.seed).sample(examples, len(examples))]


def _packed_row(sequence: PackedSequence) -> Row:
    return {
        "input_ids": list(sequence.input_ids),
        "labels": list(sequence.labels),
        "seq_lengths": list(sequence.seq_lengths),
    }


def _pairs(
    rows: list[Row], tokenizer: PreTrainedTokenizerBase, settings: DpoSettings, cap: int | None, name: str
) -> tuple[list[Row], list[_PairSize], list[DroppedRow]]:
    """Pairs that are used, the size of each, and what was dropped."""
    kept: list[Row] = []
    sizes: list[_PairSize] = []
    dropped: list[DroppedRow] = []
    # A cap must not take one end of a file that is in some order.
    order = random.Random(settings.seed).sample(range(len(rows)), len(rows))
    for number, row in ((place + 1, rows[place]) for place in order):
        size = _PairSize.of(*(encode(tokenizer, row["prompt"], row[side]) for side in ("chosen", "rejected")))
        reason = TOO_LONG if size.longer > settings.max_length else OVER_CAP
        if reason is OVER_CAP and (cap is None or len(kept) < cap):
            kept.append({**row, "chat_template_kwargs": CHAT_TEMPLATE_SWITCHES})
            sizes.append(size)
        else:
            dropped.append(_dropped("dpo", reason, f"{name}:{number}", row["chosen"]))
    return kept, sizes, dropped


def _longer_first(sizes: list[_PairSize]) -> float | None:
    return sum(one.chosen > one.rejected for one in sizes) / len(sizes) if sizes else None


def _steps(units: int, per_step: int, settings: SftSettings | DpoSettings) -> int:
    steps = math.ceil(settings.epochs * math.ceil(units / per_step))
    return steps if settings.max_steps is None else min(steps, settings.max_steps)


def _dropped(stage: str, reason: str, row_id: str, messages: Iterable[Row]) -> DroppedRow:
    text = " ".join(one["content"] for one in messages)[:DROPPED_TEXT_LENGTH]
    return DroppedRow(stage=stage, reason=reason, row_id=row_id, text=text)


def _nothing_left(dataset: CertifiedDataset, setting: str, value: int, dropped: list[DroppedRow]) -> DatasetError:
    if not dropped:
        return DatasetError(f"{dataset.folder / TRAIN_FILE} has no rows", next_step="add sources, then rebuild it")
    return DatasetError(
        f"all {len(dropped)} rows of {dataset.folder / TRAIN_FILE} are longer than {setting} ({value} tokens)",
        next_step=f"raise training.{setting} in the recipe",
    )
