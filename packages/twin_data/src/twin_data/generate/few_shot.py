"""Examples for a prompt (few-shot, Brown et al., 2020): the persona's own words, each with what may have called for it.

The rung of the ladder below retrieval. The examples are made as rows of an instruction dataset are, of training
documents alone and cleared of all that the test set holds: examples of held-out text would give the rung away what the
others have to find. Refusals are not among them: those of the dataset belong to passages that hold no answer, and here
no passage is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pydantic import Field

from twin_data.contracts.base import Contract
from twin_data.contracts.datasets import TaskKind
from twin_data.contracts.digests import digest_text
from twin_data.contracts.errors import CorpusError
from twin_data.contracts.releases import PromptExample
from twin_data.generate.balance import Chosen, choose
from twin_data.generate.candidates import Candidate
from twin_data.generate.instructions import InstructionConfig, answers_and_texts, decontaminated
from twin_data.generate.material import Material
from twin_data.scoring.sentences import words

TOKENS_PER_WORD = 1.4
"""Of English prose, with the tokenizers of the base models in the recipes."""


class FewShotConfig(Contract):
    """How many examples a prompt shows."""

    answers: int = Field(default=6, ge=0, le=64)
    """Questions and the persona's own answers, of as many families of documents."""
    texts: int = Field(default=2, ge=0, le=16)
    """Briefs and what the persona wrote, shown where a text is to be written."""
    max_context_share: float = Field(default=0.3, gt=0, le=0.8)
    """Share of the model's context, at most, that the examples of one prompt take up; what goes beyond is left out."""
    max_chunks: int = Field(default=300, ge=10)
    """Chunks looked at for answers; of more, an even choice."""


def few_shot_examples(
    material: Material, config: FewShotConfig, making: InstructionConfig, *, context_tokens: int
) -> tuple[PromptExample, ...]:
    """The examples; the same material and settings always give the same ones, in the same order.

    Args:
        material: One version of the features.
        config: How many.
        making: Lengths and seed of instruction rows, which the examples keep to.
        context_tokens: What the model can read.

    Raises:
        CorpusError: The training documents give no example at all.
    """
    found, _ = decontaminated(_candidates(material, config, making), material)
    rows, _ = choose(found, config=making.balance, seed=making.seed)
    rows = [one for one in rows if not material.overlaps_test_set(one.asked.text)]
    answers = _take(_of(rows, TaskKind.ANSWER), config.answers)
    texts = _take(_of(rows, TaskKind.WRITE), config.texts)
    most = int(context_tokens * config.max_context_share / TOKENS_PER_WORD)
    shown = (*_fitting(answers, most), *_fitting(texts, most))
    if not shown:
        raise CorpusError(
            "the training documents give no example for a few-shot prompt",
            next_step="add sources: `twin corpus` says what there is",
        )
    return in_order(map(_example, shown))


def in_order(examples: Iterable[PromptExample]) -> tuple[PromptExample, ...]:
    """Examples in the order in which prompts show them, whatever order a table gives them back in."""
    return tuple(sorted(examples, key=lambda one: (one.mode, digest_text(one.asked))))


def _candidates(material: Material, config: FewShotConfig, making: InstructionConfig) -> list[Candidate]:
    made = answers_and_texts(material, making, max_chunks=config.max_chunks)
    return [one for one in made if isinstance(one, Candidate)]


def _of(rows: Sequence[Chosen], task: TaskKind) -> list[Chosen]:
    """Rows of a task, those first whose question is made of the sentence and not of a phrase of it."""
    return sorted((one for one in rows if one.candidate.task is task), key=lambda one: not one.asked.from_sentence)


def _take(rows: Iterable[Chosen], count: int) -> list[Chosen]:
    """The first rows, one a family, so that no single text gives the tone."""
    by_family: dict[str, Chosen] = {}
    for one in rows:
        by_family.setdefault(one.candidate.family, one)
    return list(by_family.values())[:count]


def _fitting(rows: Sequence[Chosen], most: int) -> Iterator[Chosen]:
    spent = 0
    for one in rows:
        length = len(words(one.asked.text)) + len(words(one.candidate.response))
        if spent + length <= most:
            spent += length
            yield one


def _example(one: Chosen) -> PromptExample:
    return PromptExample(
        mode="write" if one.candidate.task is TaskKind.WRITE else "answer",
        asked=one.asked.text,
        response=one.candidate.response,
        spans=one.candidate.spans,
    )
