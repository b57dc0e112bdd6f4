from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trl
from hypothesis import given, settings
from hypothesis import strategies as st

from twin_data.contracts.errors import ModelError
from twin_train.examples import IGNORED, Example, encode, join, load_tokenizer, pack
from twin_train.worker import attention

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

PROMPT = [{"role": "user", "content": "the garden wall"}]
ANSWER = [{"role": "assistant", "content": "is older"}]


@pytest.fixture(scope="module")
def tokenizer(tiny_model: Path) -> PreTrainedTokenizerBase:
    return load_tokenizer(tiny_model)


def test_only_the_answer_and_its_end_are_learnt(tokenizer: PreTrainedTokenizerBase) -> None:
    example = encode(tokenizer, PROMPT, ANSWER)
    learnt = [label for label in example.labels if label != IGNORED]
    assert tokenizer.decode(learnt).split() == ["is", "older", "<|end|>"]
    assert tokenizer.decode(example.input_ids[: example.completion_start]).endswith("<|assistant|>")


def test_a_template_that_renders_the_prompt_otherwise_before_an_answer_is_refused(
    make_tokenizer: Callable[[str | None], Path],
) -> None:
    folder = make_tokenizer("{% if add_generation_prompt %}the {% endif %}{{ messages[0]['content'] }}")
    with pytest.raises(ModelError, match="renders a prompt differently when an answer follows"):
        encode(load_tokenizer(folder), PROMPT, ANSWER)


def test_a_template_that_refuses_the_messages_is_named(make_tokenizer: Callable[[str | None], Path]) -> None:
    folder = make_tokenizer("{{ raise_exception('no system role here') }}")
    with pytest.raises(ModelError, match="no system role here"):
        encode(load_tokenizer(folder), PROMPT, ANSWER)


TEMPLATES = Path(trl.__file__).parent / "chat_templates"
"""As the models' own repositories have them."""


@pytest.mark.parametrize("name", ["qwen3", "qwen3_5_think", "glm4moe", "qwen2_5", "llama3_1", "phi3"])
def test_models_that_can_think_aloud_are_trained_to_answer_at_once(
    make_tokenizer: Callable[[str | None], Path], name: str
) -> None:
    """The prompt closes the thoughts, as that of the LLM microservice does, so that no mark of them is learnt."""
    tokenizer = load_tokenizer(make_tokenizer((TEMPLATES / f"{name}.jinja").read_text("utf-8")))
    example = encode(tokenizer, PROMPT, ANSWER)
    assert tokenizer.decode(example.input_ids[example.completion_start :]).startswith("is ")


@pytest.mark.parametrize("name", ["gptoss", "idefics3"])
def test_a_template_that_puts_something_before_every_answer_is_refused(
    make_tokenizer: Callable[[str | None], Path], name: str
) -> None:
    with pytest.raises(ModelError, match="before an answer, which a twin would learn to say"):
        load_tokenizer(make_tokenizer((TEMPLATES / f"{name}.jinja").read_text("utf-8")))


def test_a_base_model_without_template_or_at_all_is_refused(
    tmp_path: Path, make_tokenizer: Callable[[str | None], Path]
) -> None:
    with pytest.raises(ModelError, match="there is no base model"):
        load_tokenizer(tmp_path)
    with pytest.raises(ModelError, match="has no chat template"):
        load_tokenizer(make_tokenizer(None))


def test_an_unreadable_tokenizer_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelError, match="holds no tokenizer"):
        load_tokenizer(tmp_path)


examples = st.lists(
    st.builds(
        lambda ids, share: Example(tuple(ids), int(share * len(ids))),
        st.lists(st.integers(0, 99), min_size=1, max_size=30),
        st.floats(0, 1),
    ),
    max_size=40,
)


@given(rows=examples, length=st.integers(30, 90), seed=st.integers(0, 5))
@settings(deadline=None)
def test_packing_loses_nothing_and_fills_no_more_than_the_length(rows: list[Example], length: int, seed: int) -> None:
    packed = pack(rows, length, seed=seed)
    found = []
    for sequence in packed:
        assert sum(sequence.seq_lengths) == len(sequence.input_ids) == len(sequence.labels) <= length
        start = 0
        for size in sequence.seq_lengths:
            found.append((sequence.input_ids[start : start + size], sequence.labels[start : start + size]))
            start += size
    assert sorted(found) == sorted((row.input_ids, row.labels) for row in rows)
    assert packed == pack(rows[::-1], length, seed=seed)
    # First-fit packings leave at most one sequence half empty.
    assert sum(len(one.input_ids) * 2 <= length for one in packed) <= 1


def test_the_order_follows_the_seed() -> None:
    rows = [Example((number,) * 10, 0) for number in range(20)]
    assert pack(rows, 10, seed=1) != pack(rows, 10, seed=2)


@pytest.mark.parametrize("implementation", ["sdpa", attention.NAME])
def test_packed_rows_do_not_see_each_other(tiny_model: Path, implementation: str) -> None:
    """Logits of packed rows equal those of each row alone, through TRL's collator, as on GPUs and as on the CPU."""
    import torch
    from transformers import AutoModelForCausalLM
    from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

    attention.register()
    rows = [Example(tuple(range(start, start + size)), 2) for start, size in ((4, 9), (10, 5), (3, 12))]
    packed = join(rows)
    model = AutoModelForCausalLM.from_pretrained(
        tiny_model, attn_implementation=implementation, dtype=torch.float32
    ).eval()
    collate = DataCollatorForLanguageModeling(pad_token_id=0, padding_free=True)
    row = {"input_ids": list(packed.input_ids), "labels": list(packed.labels), "seq_lengths": list(packed.seq_lengths)}
    batch = collate([row])
    with torch.no_grad():
        together = model(input_ids=batch["input_ids"], position_ids=batch["position_ids"], use_cache=False).logits[0]
        apart = torch.cat([model(input_ids=torch.tensor([one.input_ids])).logits[0] for one in rows])
        mixed = model(input_ids=batch["input_ids"], use_cache=False).logits[0]
    torch.testing.assert_close(together, apart, atol=1e-5, rtol=1e-5)
    assert (mixed - apart).abs().max() > 1e-2  # without the position ids they would see each other
    assert batch["labels"][0].tolist() == list(packed.labels)
