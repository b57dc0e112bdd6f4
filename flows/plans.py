"""What training a persona will take, whether it fits this machine and is worth it, before anything is started."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from flows.corpus_report import corpus_verdict
from flows.ladder_findings import LadderFinding, find_ladder
from flows.recipes import Recipe, load_recipe
from flows.recorded_datasets import recorded_datasets
from flows.training_room import what_makes_room
from flows.verdicts import objections_to_training
from twin_data.configuration.home import TwinHome, cache_folder
from twin_data.contracts.base import Contract
from twin_data.contracts.errors import ModelError
from twin_data.contracts.training import TrainingForecast, TrainingStage
from twin_data.registry.model_folder import base_model_folder, read_base_model
from twin_train.forecast import Workload, forecast
from twin_train.model_shape import ModelShape, known_shape, read_shape
from twin_train.resources import MemoryFit, memory_fit
from twin_train.speeds import MeasuredSpeed, read_speed, speed_key

TOKENS_PER_WORD = 1.4
"""Of English prose, with the tokenizers of the base models in the recipes."""
WORDS_PER_ROW = 70
"""Training words of the corpus for each row of an instruction dataset that no cap shortens."""
FRAME_TOKENS, PASSAGE_TOKENS, EXCERPT_TOKENS, TEXT_TOKENS = 160, 160, 75, 300
"""Of an answer's row without what it reads, of each passage or stretch that it reads, of a row that is a text."""
PAIRS_PER_PROMPT = 0.45
"""Drafts that become a pair."""


class Plan(Contract):
    """Time, memory and money of each stage, whether it fits this machine, and whether the corpus wants training."""

    persona: str
    recipe: str
    basis: Literal["datasets", "corpus"]
    """What the figures rest on: the recipe's datasets of the newest features, or a guess from the corpus's size."""
    training_words: int
    objections: tuple[str, ...]
    """Why training is not advisable; empty if it is."""
    forecasts: tuple[TrainingForecast, ...]
    memory: MemoryFit
    fits: bool | None
    """Whether the stage that takes most memory would start on this machine; None where it lacks the GPUs."""
    ladder: LadderFinding | None = None
    """None if none has been climbed."""
    left_out: str = ""
    """What takes time besides, and is not forecast."""

    def text(self) -> str:
        """For people."""
        lines = [f"recipe {self.recipe}, {self.training_words:,} words to train on; figures from the {self.basis}"]
        lines += [*(_line(one) for one in self.forecasts), f"  not in these figures: {self.left_out}"]
        lines += [self.memory.text(), self._of_the_ladder()]
        if self.objections:
            lines += [f"not advisable: {'; '.join(self.objections)}", "stay with prompt and retrieval"]
        elif self.ladder and self.ladder.is_current and not self.ladder.needs_training:
            lines.append(f"the corpus allows training, the ladder sees no need: stay with {self.ladder.recommended}")
        else:
            lines.append(f"the corpus allows training; next: twin train {self.persona} --recipe {self.recipe}")
        return "\n".join(lines)

    def _of_the_ladder(self) -> str:
        if self.ladder is None:
            return f"no ladder yet: `twin evaluate {self.persona} --ladder` says whether training is needed at all"
        return self.ladder.text()


def make_plan(home: TwinHome, persona: str, recipe_name: str) -> Plan:
    """Forecast SFT and DPO of a recipe on the persona's newest features.

    Raises:
        CorpusError: No features have been built.
        ModelError: The base model is neither here nor in the table of known models.
    """
    recipe = load_recipe(recipe_name)
    verdict = corpus_verdict(home, persona, recipe)
    made = recorded_datasets(home, persona, recipe.datasets)
    tokens = _tokens(made.instructions) if made.instructions else _guessed_tokens(recipe, verdict.training_words)
    shape, digest = _shape(recipe)
    forecasts = [_sft(recipe, sum(tokens), max(tokens), shape, digest)]
    if recipe.training.dpo.enabled:
        forecasts.append(_dpo(recipe, _pair_tokens(made.preferences, recipe, tokens), shape, digest))
    launch = recipe.training.launch
    memory = memory_fit(max(one.memory_mb for one in forecasts), launch, without=what_makes_room(home, launch))
    return Plan(
        persona=persona,
        recipe=recipe_name,
        basis="datasets" if made.instructions else "corpus",
        training_words=verdict.training_words,
        objections=objections_to_training(verdict),
        forecasts=tuple(forecasts),
        memory=memory,
        fits=memory.fits,
        ladder=find_ladder(home, persona, recipe),
        left_out=_left_out(recipe),
    )


def _sft(recipe: Recipe, tokens: int, longest: int, shape: ModelShape, digest: str) -> TrainingForecast:
    settings = recipe.training.sft
    total = min(round(tokens * settings.epochs), settings.max_tokens or 2**62)
    per_step = settings.sequence_length * settings.sequences_per_step
    steps = min(max(1, total // per_step), settings.max_steps or 2**62)
    length = settings.sequence_length if settings.packing else min(longest, settings.sequence_length)
    work = Workload(steps=steps, tokens=min(total, steps * per_step), longest=length)
    return _forecast(TrainingStage.SFT, work, recipe, shape, digest)


def _dpo(recipe: Recipe, pairs: list[int], shape: ModelShape, digest: str) -> TrainingForecast:
    settings = recipe.training.dpo
    used = pairs[: settings.max_pairs] if settings.max_pairs else pairs
    steps = max(1, round(len(used) * settings.epochs / settings.pairs_per_step))
    steps = min(steps, settings.max_steps or steps)
    mean = sum(used) / max(1, len(used))
    work = Workload(
        steps=steps,
        tokens=round(steps * settings.pairs_per_step * mean),
        longest=min(-(-max(used, default=1) // 2), settings.max_length),  # of one side
        reference_tokens=round(len(used) * mean),
    )
    return _forecast(TrainingStage.DPO, work, recipe, shape, digest)


def _forecast(stage: TrainingStage, work: Workload, recipe: Recipe, shape: ModelShape, digest: str) -> TrainingForecast:
    measured: MeasuredSpeed | None = read_speed(cache_folder(), speed_key(digest, stage, recipe.training))
    return forecast(stage, work, shape, recipe.training, price=recipe.price, measured=measured)


def _shape(recipe: Recipe) -> tuple[ModelShape, str]:
    """Shape and digest of the base model; of one that is not here yet, the shape from the table."""
    models = cache_folder() / "models"
    folder = base_model_folder(models, recipe.base_model.name)
    if folder.is_dir():
        found = read_base_model(models, recipe.base_model.name)
        return read_shape(found.folder), found.reference.digest
    if shape := known_shape(recipe.base_model.source):
        return shape, ""
    raise ModelError(
        f"base model {recipe.base_model.source!r} is not on this machine and not in the table of known shapes",
        next_step="run `twin features PERSONA` with this recipe, which fetches it",
    )


def _left_out(recipe: Recipe) -> str:
    """What no record tells the time of, in words."""
    if not recipe.training.dpo.enabled:
        return "the evaluation"
    prompts = recipe.datasets.draft_prompts
    each = f", {1 + prompts.further_drafts} of each answer" if prompts.further_drafts else ""
    return f"the SFT model's drafts for DPO (to at most {prompts.max_prompts} prompts{each}), and the evaluation"


def _tokens(folder: Path) -> list[int]:
    """Tokens of each row, by its words."""
    return [round(len(text.split()) * TOKENS_PER_WORD) for text in _texts(folder / "train.jsonl")]


def _guessed_tokens(recipe: Recipe, words: int) -> list[int]:
    """Tokens of each row that a corpus of so many training words would give."""
    settings, balance = recipe.datasets.instructions, recipe.datasets.instructions.balance
    read = settings.excerpts * EXCERPT_TOKENS or settings.passages * PASSAGE_TOKENS
    mean = round((1 - balance.write_share) * (FRAME_TOKENS + read) + balance.write_share * TEXT_TOKENS)
    rows = min(balance.max_rows, words // WORDS_PER_ROW, (balance.max_tokens or 2**62) // mean)
    return [mean] * max(1, rows)


def _pair_tokens(pairs: Path | None, recipe: Recipe, instruction_tokens: list[int]) -> list[int]:
    """Tokens of each pair, both sides with their prompt; guessed from the instructions as long as there is none."""
    if pairs:
        return _tokens(pairs)
    mean = sum(instruction_tokens) / max(1, len(instruction_tokens))
    prompts = min(recipe.datasets.draft_prompts.max_prompts, len(instruction_tokens))
    return [round(2 * mean)] * max(1, round(PAIRS_PER_PROMPT * prompts))


def _texts(path: Path) -> Iterator[str]:
    for line in path.read_text("utf-8").split("\n"):
        if line:
            row = json.loads(line)
            messages = [one for key in ("prompt", "completion", "chosen", "rejected") for one in row.get(key, [])]
            repeated = row["prompt"] if "chosen" in row else []
            yield " ".join(one["content"] for one in (*messages, *repeated))


def _line(one: TrainingForecast) -> str:
    money = "cost unknown (no price in the recipe)" if one.amount is None else f"{one.amount:.2f} {one.currency}"
    return (
        f"  {one.stage.value}: {one.steps} steps, {one.tokens:,} tokens, about {_duration(one.seconds)} {one.speed}, "
        f"{one.memory_mb / 1024:.1f} GiB, {money}"
    )


def _duration(seconds: float) -> str:
    return (
        f"{seconds:.0f} s"
        if seconds < 120
        else f"{seconds / 60:.0f} min"
        if seconds < 7200
        else f"{seconds / 3600:.1f} h"
    )
