from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trl
from trl.data_utils import _tokenize

from twin_data.contracts.datasets import DatasetKind
from twin_data.contracts.errors import DatasetError
from twin_data.contracts.training import TrainingStage
from twin_train.certified_dataset import CertifiedDataset, open_dataset
from twin_train.configuration import DpoSettings, SftSettings
from twin_train.examples import IGNORED, encode, load_tokenizer
from twin_train.prepared import prepare_dpo, prepare_sft, workload

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@pytest.fixture(scope="module")
def tokenizer(tiny_model: Path) -> PreTrainedTokenizerBase:
    return load_tokenizer(tiny_model)


@pytest.fixture
def instructions(make_dataset: Callable[..., Path]) -> CertifiedDataset:
    return open_dataset(make_dataset(rows=10), DatasetKind.INSTRUCTIONS)


@pytest.fixture
def pairs(make_dataset: Callable[..., Path]) -> CertifiedDataset:
    return open_dataset(make_dataset(DatasetKind.PREFERENCES, rows=10), DatasetKind.PREFERENCES)


def test_whole_epochs_train_on_every_token_once_each(
    instructions: CertifiedDataset, tokenizer: PreTrainedTokenizerBase
) -> None:
    found = prepare_sft(instructions, tokenizer, SftSettings(epochs=3, sequence_length=128))
    total = sum(len(row["input_ids"]) for row in found.train)
    assert sum(len(row["seq_lengths"]) for row in found.train) == 10
    assert found.tokens == 3 * total
    assert found.steps == 3 * -(-len(found.train) // 4)


def test_a_cap_of_tokens_is_kept(instructions: CertifiedDataset, tokenizer: PreTrainedTokenizerBase) -> None:
    settings = SftSettings(epochs=50, sequence_length=128, max_tokens=1500)
    found = prepare_sft(instructions, tokenizer, settings)
    assert 1000 < found.tokens <= 1500
    capped = prepare_sft(instructions, tokenizer, settings.model_copy(update={"max_steps": 1}))
    assert capped.steps == 1


def test_without_packing_each_row_is_a_sequence(
    instructions: CertifiedDataset, tokenizer: PreTrainedTokenizerBase
) -> None:
    found = prepare_sft(instructions, tokenizer, SftSettings(packing=False, max_eval_sequences=2))
    assert [len(row["seq_lengths"]) for row in found.train] == [1] * 10
    assert len(found.held_out) == 2


def test_rows_that_are_too_long_are_dropped_whole_and_told(
    instructions: CertifiedDataset, tokenizer: PreTrainedTokenizerBase, certify: Callable[..., None]
) -> None:
    path = instructions.folder / "train.jsonl"
    row = json.loads(path.read_text().splitlines()[0])
    row["completion"][0]["content"] = "moss " * 300
    path.write_text(path.read_text() + json.dumps(row) + "\n")
    found = prepare_sft(instructions, tokenizer, SftSettings(sequence_length=128))
    assert sum(len(one["seq_lengths"]) for one in found.train) == 10
    (dropped,) = found.dropped
    assert (dropped.row_id, dropped.reason, dropped.stage) == ("train.jsonl:11", "too_long", "sft")
    assert len(dropped.text) == 200


def test_pairs_tell_trl_to_render_them_as_they_were_checked(
    pairs: CertifiedDataset, make_tokenizer: Callable[[str | None], Path]
) -> None:
    """TRL renders pairs itself; without the switch Qwen3's template has each answer begin with the marks of a thought."""
    qwen3 = (Path(trl.__file__).parent / "chat_templates" / "qwen3.jinja").read_text("utf-8")
    tokenizer = load_tokenizer(make_tokenizer(qwen3))
    row = prepare_dpo(pairs, tokenizer, DpoSettings()).train[0]
    example = encode(tokenizer, row["prompt"], row["chosen"])
    ids = _tokenize(tokenizer, row["prompt"], add_generation_prompt=True, **row["chat_template_kwargs"])["input_ids"]
    whole = _tokenize(tokenizer, row["prompt"] + row["chosen"], **row["chat_template_kwargs"])["input_ids"]
    assert (tuple(ids), tuple(whole)) == (example.input_ids[: example.completion_start], example.input_ids)


def test_when_every_row_is_too_long_the_setting_is_named(
    pairs: CertifiedDataset, make_dataset: Callable[..., Path], tokenizer: PreTrainedTokenizerBase
) -> None:
    long = open_dataset(make_dataset(rows=3, words=80), DatasetKind.INSTRUCTIONS)
    with pytest.raises(DatasetError, match=r"all 3 rows .* longer than sft.sequence_length \(64 tokens\)") as refused:
        prepare_sft(long, tokenizer, SftSettings(sequence_length=64))
    assert "raise training.sft.sequence_length" in refused.value.next_step


def test_an_empty_dataset_is_refused(make_dataset: Callable[..., Path], tokenizer: PreTrainedTokenizerBase) -> None:
    empty = open_dataset(make_dataset(rows=0), DatasetKind.INSTRUCTIONS)
    with pytest.raises(DatasetError, match="has no rows"):
        prepare_sft(empty, tokenizer, SftSettings())


def test_pairs_beyond_the_cap_are_drawn_not_cut_off_one_end(
    pairs: CertifiedDataset, tokenizer: PreTrainedTokenizerBase
) -> None:
    rows = pairs.train_rows()
    found = prepare_dpo(pairs, tokenizer, DpoSettings(max_pairs=4))
    taken = [{side: row[side] for side in ("prompt", "chosen", "rejected")} for row in found.train]
    assert len(taken) == 4 and taken != rows[:4]
    assert all(row in rows for row in taken)
    assert [one.reason for one in found.dropped] == ["over_cap"] * 6
    assert found == prepare_dpo(pairs, tokenizer, DpoSettings(max_pairs=4))


def test_pairs_that_no_step_reaches_are_left_out(pairs: CertifiedDataset, tokenizer: PreTrainedTokenizerBase) -> None:
    found = prepare_dpo(pairs, tokenizer, DpoSettings(max_steps=1, pairs_per_step=4))
    assert (found.steps, len(found.train)) == (1, 4)
    assert found.longer_chosen_share == 0.0  # the rejected sides have two words more


def test_what_is_learnt_of_the_fullest_sequence_and_pair_is_counted(
    instructions: CertifiedDataset, pairs: CertifiedDataset, tokenizer: PreTrainedTokenizerBase
) -> None:
    """Logits are made for these alone, of a pair for both sides at once."""
    found = prepare_sft(instructions, tokenizer, SftSettings(sequence_length=128))
    assert found.learnt == max(sum(label != IGNORED for label in row["labels"]) for row in found.train)
    assert workload(TrainingStage.SFT, found).learnt == found.learnt < found.longest
    both = prepare_dpo(pairs, tokenizer, DpoSettings())
    sides = [[encode(tokenizer, row["prompt"], row[side]) for side in ("chosen", "rejected")] for row in both.train]
    assert both.learnt == max(sum(label != IGNORED for one in pair for label in one.labels) for pair in sides)
    assert both.longest == max(len(one.input_ids) for pair in sides for one in pair)
