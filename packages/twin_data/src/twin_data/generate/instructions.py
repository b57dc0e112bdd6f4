"""Rows of supervised fine-tuning, made without a teacher of the persona's own words.

Spans are selected, questions and briefs written, responses adapted, the lot filtered, decontaminated and balanced. What
a stage drops is kept with its reason. The same material, settings and seed give the same rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pydantic import Field

from twin_data.contracts.answers import Turn
from twin_data.contracts.base import Contract
from twin_data.contracts.datasets import (
    DroppedRow,
    Instruction,
    ResponseSource,
    SourceSpan,
    TaskKind,
    TeacherWording,
)
from twin_data.contracts.digests import digest_text, digest_value, short
from twin_data.generate.asking import Questioner
from twin_data.generate.balance import BalanceConfig, Chosen, choose
from twin_data.generate.candidates import Candidate, answer_candidates, dropped, write_candidates
from twin_data.generate.declines import decline_candidates
from twin_data.generate.material import Material, Neighbours
from twin_data.generate.phrases import PhraseFinder
from twin_data.generate.prompting import PromptWriter
from twin_data.generate.rewriting import REWRITE_STAGE, Rewrite, rejected_rewrite


class InstructionConfig(Contract):
    """Sizes and shares of the instruction dataset."""

    seed: int = 0
    balance: BalanceConfig = BalanceConfig()
    max_chunks: int = Field(default=1500, ge=10)
    """Chunks looked at for answers; of more, an even choice."""
    max_answer_words: int = Field(default=46, ge=10)
    """Longest answer; serving asks for one to three short sentences."""
    write_words: tuple[int, int] = (80, 220)
    """Shortest and longest text to be written."""
    min_short_words: int = Field(default=40, ge=10)
    """Shortest text of a genre that is short by nature: mail, post, review, chat."""
    passages: int = Field(default=4, ge=1, le=20)
    """Passages in a prompt; equal to the retrieval's setting."""
    excerpts: int = Field(default=0, ge=0, le=20)
    """Stretches in an answer's prompt in their place; equal to the retrieval's setting."""
    with_context_share: float = Field(default=0.95, ge=0, le=1)
    """Share of answers whose prompt shows passages."""
    write_context_share: float = Field(default=0.3, ge=0, le=1)
    """Share of texts to be written, at most, whose prompt shows passages."""
    held_out_share: float = Field(default=0.05, ge=0, lt=0.5)
    """Share of families whose rows are watched and never trained on; at least one family."""


@dataclass(frozen=True)
class InstructionInputs:
    """What instructions are made of.

    Attributes:
        material: One version of the features.
        rewrite: A teacher that words the questions anew; None for the rules' own wording.
        max_rewritten: Questions that it is asked at most; None for all.
    """

    material: Material
    rewrite: Rewrite | None = None
    max_rewritten: int | None = None


@dataclass(frozen=True)
class InstructionSet:
    """The rows, what did not become one, and what a teacher was asked."""

    instructions: tuple[Instruction, ...]
    dropped: tuple[DroppedRow, ...]
    wordings: tuple[TeacherWording, ...] = ()


def run(inputs: InstructionInputs, *, config: InstructionConfig) -> InstructionSet:
    """Make the instruction dataset of one version of the features."""
    material = inputs.material
    found, lost = candidates(material, config)
    clean, contaminated = decontaminated(found, material)
    chosen, unbalanced = choose(clean, config=config.balance, seed=config.seed)
    made, unfit = _rows(chosen, material, config)
    wordings: tuple[TeacherWording, ...] = ()
    unworded: list[DroppedRow] = []
    if inputs.rewrite is not None:  # of what fits alone: a teacher's time is not spent on what is dropped anyway
        new, said, unworded = _reworded([one for one in chosen if one.key in made], inputs, inputs.rewrite)
        made, unfit = _rows([new.get(one.key, one) for one in chosen], material, config)
        wordings = tuple(_with_fate(one, key in new and key not in made) for key, one in said.items())
    rows = {row.instruction_id: row for row in made.values()}
    return InstructionSet(
        instructions=tuple(rows[name] for name in sorted(rows)),
        dropped=(*lost, *contaminated, *unbalanced, *unworded, *unfit),
        wordings=wordings,
    )


def answers_and_texts(
    material: Material, config: InstructionConfig, *, max_chunks: int
) -> list[Candidate | DroppedRow]:
    """Candidates of answers and of texts to be written, with what no rule could make one of; no declines.

    Args:
        material: One version of the features.
        config: Lengths and seed.
        max_chunks: Chunks looked at for answers.
    """
    finder = PhraseFinder([material.chunks[at].text for at in material.trainable], material.weights)
    fewest, most = config.write_words
    return [
        *answer_candidates(
            material, Questioner(finder), max_words=config.max_answer_words, max_chunks=max_chunks, seed=config.seed
        ),
        *write_candidates(material, finder, min_words=fewest, min_short_words=config.min_short_words, max_words=most),
    ]


def candidates(material: Material, config: InstructionConfig) -> tuple[list[Candidate], list[DroppedRow]]:
    """Every candidate of every task, and what no rule could make a candidate of."""
    made = answers_and_texts(material, config, max_chunks=config.max_chunks)
    found = [one for one in made if isinstance(one, Candidate)]
    lost = [one for one in made if isinstance(one, DroppedRow)]
    declines, undeclined = decline_candidates(material, found, passages=config.passages, seed=config.seed)
    return [*found, *declines], [*lost, *undeclined]


def decontaminated(found: Sequence[Candidate], material: Material) -> tuple[list[Candidate], list[DroppedRow]]:
    """Candidates that share no thirteen words with the test set, and no question with it in all but form."""
    clean, lost = [], []
    for one in found:
        asked = tuple(asked for asked in one.asked if not material.repeats_held_out_question(asked.text))
        if any(material.is_excluded(span) for span in one.spans) or material.overlaps_test_set(one.response):
            lost.append(dropped("decontaminate", "shares_words_with_the_test_set", one.unit, one.response))
        elif not asked:
            lost.append(dropped("decontaminate", "asks_a_held_out_question", one.unit, one.response))
        else:
            clean.append(replace(one, asked=asked))
    return clean, lost


def asked_of_teacher(chosen: Sequence[Chosen], most: int | None) -> list[Chosen]:
    """Rows whose questions a teacher words: all but briefs; of too many those of the least hashes, in every run."""
    questions = [one for one in chosen if one.candidate.task is not TaskKind.WRITE]
    ordered = sorted(questions, key=lambda one: digest_text(f"teacher:{one.asked.text}"))
    return ordered if most is None else ordered[:most]


def _reworded(
    chosen: Sequence[Chosen], inputs: InstructionInputs, rewrite: Rewrite
) -> tuple[dict[str, Chosen], dict[str, TeacherWording], list[DroppedRow]]:
    """By key, rows in the teacher's wording where that keeps what is asked, and all that it said; what is lost."""
    asked = asked_of_teacher(chosen, inputs.max_rewritten)
    new: dict[str, Chosen] = {}
    said: dict[str, TeacherWording] = {}
    lost: list[DroppedRow] = []
    for one, wording in zip(asked, rewrite([one.asked.text for one in asked]), strict=True):
        reason = rejected_rewrite(one.asked, wording, one.candidate.response)
        if not reason and inputs.material.repeats_held_out_question(wording or ""):
            reason = "rewrite_asks_a_held_out_question"
        said[one.key] = TeacherWording(question=one.asked.text, wording=wording, rejected=reason)
        if reason:
            lost.append(dropped(REWRITE_STAGE, reason, one.candidate.unit, wording or one.asked.text))
        else:
            new[one.key] = replace(one, asked=replace(one.asked, text=str(wording)))
    return new, said, lost


def _with_fate(one: TeacherWording, row_is_gone: bool) -> TeacherWording:
    """A wording that was taken may make a prompt too long, or overlap the test set with it."""
    return one.model_copy(update={"rejected": "row_was_dropped"}) if row_is_gone else one


def _rows(
    chosen: Sequence[Chosen], material: Material, config: InstructionConfig
) -> tuple[dict[str, Instruction], list[DroppedRow]]:
    """Rows by the key of what they are made of, as many as fit, and what did not."""
    writer = PromptWriter(material, Neighbours(material), config)
    held_out = held_out_families([one.candidate.family for one in chosen], config.held_out_share, config.seed)
    rows: dict[str, Instruction] = {}
    lost, spent = [], 0
    for one in chosen:
        prompt, context = writer.prompt(one)
        row = _row(one, prompt, context, one.candidate.family in held_out)
        tokens = sum(len(turn.content) for turn in (*prompt, Turn(role="assistant", content=row.response))) // 4
        if material.overlaps_test_set(prompt[-1].content):
            lost.append(
                dropped("decontaminate", "prompt_shares_words_with_the_test_set", one.candidate.unit, row.response)
            )
        elif config.balance.max_tokens is not None and spent + tokens > config.balance.max_tokens:
            lost.append(dropped("balance", "over_the_token_budget", one.candidate.unit, row.response))
        else:
            spent += tokens
            rows[one.key] = row
    return rows, lost


def _row(chosen: Chosen, prompt: tuple[Turn, ...], context: tuple[SourceSpan, ...], held_out: bool) -> Instruction:
    one = chosen.candidate
    return Instruction(
        instruction_id=short(digest_value([prompt, one.response])),
        task=one.task,
        template=chosen.asked.template,
        prompt=prompt,
        response=one.response,
        response_source=one.response_source,
        spans=one.spans,
        context=context,
        source="" if one.response_source is ResponseSource.REFUSAL else one.source,
        held_out=held_out,
    )


def held_out_families(families: Sequence[str], share: float, seed: int) -> frozenset[str]:
    """The families kept for validation: those of the least hashes, the same in every run."""
    if not share or not families:
        return frozenset()
    ordered = sorted(set(families), key=lambda one: digest_text(f"{seed}:held-out:{one}"))
    return frozenset(ordered[: max(1, round(share * len(ordered)))])
