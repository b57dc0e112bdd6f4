"""Prompts for which the SFT model's own drafts are wanted, each with the answer it should have given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from twin_data.contracts.answers import Turn
from twin_data.contracts.base import Contract
from twin_data.contracts.datasets import Instruction, ResponseSource, SourceSpan, TaskKind
from twin_data.contracts.digests import digest_value, short
from twin_data.generate.balance import BalanceConfig, Chosen, choose
from twin_data.generate.candidates import Candidate
from twin_data.generate.declines import refused_subject
from twin_data.generate.instructions import InstructionConfig, candidates, decontaminated
from twin_data.generate.lengths import word_count
from twin_data.generate.material import Material, Neighbours
from twin_data.generate.prompting import PromptWriter
from twin_data.generate.refusals import refusal
from twin_data.scoring.copies import runs_to_avoid


class DraftPrompt(Contract):
    """One prompt, and what a good draft of it is held against."""

    prompt_id: str
    task: TaskKind
    prompt: tuple[Turn, ...]
    expected: Literal["answer", "refuse"]
    response: str
    """The persona's own or adapted words; a refusal where one is expected."""
    response_source: ResponseSource
    phrases: tuple[str, ...]
    """What the question or brief names, so that what answers it must name it, too."""
    spans: tuple[SourceSpan, ...]
    context: tuple[SourceSpan, ...]
    refusal: str
    """A refusal of this prompt: wrong where an answer is expected."""
    family: str
    """Of the stretch that the prompt was made of."""
    answer: str
    """An answer to this prompt's question: wrong where the passages do not hold it."""


class DraftPromptConfig(Contract):
    """How many prompts, of which tasks."""

    seed: int = 1
    max_prompts: int = Field(default=400, ge=4)
    write_share: float = Field(default=0.25, ge=0, le=1)
    decline_share: float = Field(default=0.2, ge=0, le=1)
    further_drafts: int = Field(default=0, ge=0, le=16)
    """Drafts of each answer beside the first, at `generation.redraft_temperature`, so that a good one can be chosen."""


@dataclass(frozen=True)
class DraftPromptInputs:
    """The features, and the rows that the SFT model has seen."""

    material: Material
    instructions: Sequence[Instruction]


def prompts_for_drafts(
    inputs: DraftPromptInputs, config: DraftPromptConfig, instructions: InstructionConfig
) -> list[DraftPrompt]:
    """Prompts from training material; what the SFT model was trained on comes only where nothing else is left.

    Args:
        inputs: Features and rows of fine-tuning.
        config: Sizes and shares.
        instructions: The settings the rows were made with: prompts look the same.
    """
    material = inputs.material
    seen = {span.model_dump_json() for row in inputs.instructions for span in row.spans}
    questions = {row.prompt[-1].content for row in inputs.instructions}
    found, _ = decontaminated(candidates(material, instructions)[0], material)
    balance = BalanceConfig(
        max_rows=max(10, config.max_prompts), write_share=config.write_share, decline_share=config.decline_share
    )
    chosen, _ = choose(_unseen_first(found, seen, balance), config=balance, seed=config.seed)
    if len(chosen) < config.max_prompts:
        taken = {one.key for one in chosen}
        others = [one for one in found if f"{one.task}:{one.unit}" not in taken]
        chosen = [*chosen, *choose(others, config=balance, seed=config.seed, beside=chosen)[0]]
    writer = PromptWriter(material, Neighbours(material), instructions)
    made: dict[str, DraftPrompt] = {}
    for one in chosen:
        prompt, context = writer.prompt(one)
        if prompt[-1].content in questions or material.overlaps_test_set(prompt[-1].content):
            continue
        name = short(digest_value(prompt))
        made[name] = DraftPrompt(
            prompt_id=name,
            task=one.candidate.task,
            prompt=prompt,
            expected="refuse" if one.candidate.task is TaskKind.DECLINE else "answer",
            response=one.candidate.response,
            response_source=one.candidate.response_source,
            phrases=one.asked.phrases,
            spans=one.candidate.spans,
            context=context,
            refusal=_refusal(one, len(made)),
            family=one.candidate.family,
            answer=one.candidate.answer or one.candidate.response,
        )
        if len(made) == config.max_prompts:
            break
    return sorted(made.values(), key=lambda one: one.prompt_id)


def runs_read(prompt: DraftPrompt, material: Material) -> list[str]:
    """Runs of words of the passages that a prompt shows: a draft that may hold none of them copies nothing."""
    return runs_to_avoid(one.of(material.document[one.document_id].text) for one in prompt.context)


def _unseen_first(found: Sequence[Candidate], seen: set[str], balance: BalanceConfig) -> list[Candidate]:
    """Candidates the model has not been trained on; those it has, too, of a task that has too few others."""
    shares = {TaskKind.WRITE: balance.write_share, TaskKind.DECLINE: balance.decline_share}
    kept: list[Candidate] = []
    for task in TaskKind:
        pool = [one for one in found if one.task is task]
        unseen = [one for one in pool if not any(span.model_dump_json() in seen for span in one.spans)]
        wanted = balance.max_rows * shares.get(task, 1 - sum(shares.values()))
        kept += unseen if len({one.unit for one in unseen}) >= wanted else pool
    return kept


def _refusal(chosen: Chosen, turn: int) -> str:
    """The refusal of a prompt; a text that was asked for can be refused, too."""
    if chosen.candidate.refusal:
        return chosen.candidate.refusal
    subject = refused_subject(chosen.asked.focus) if chosen.asked.focus else "that"
    return refusal(subject, turn, length=word_count(chosen.candidate.response))[1]  # the pair's other side is as long
