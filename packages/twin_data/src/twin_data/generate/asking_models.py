"""What models are asked for: other wordings of questions from a teacher, drafts from the SFT model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from twin_data.contracts.answers import Turn
from twin_data.contracts.datasets import DroppedRow, PolicyDraft
from twin_data.contracts.digests import digest_text, short
from twin_data.generate.draft_prompts import DraftPrompt
from twin_data.generate.rewriting import REWRITE_PROMPT, Rewrite, tidy_wording
from twin_data.generate.shards import ChatRequest, Progress, ShardConfig, run_shards
from twin_data.generate.teacher import Endpoint


def rewriter(endpoint: Endpoint, *, folder: Path, config: ShardConfig, progress: Progress) -> Rewrite:
    """A function that has a teacher word questions anew.

    Args:
        endpoint: The teacher.
        folder: Where finished shards are kept.
        config: Sizes and limits of the shards.
        progress: Called with the number of questions done and of all.
    """

    def rewrite(questions: Sequence[str]) -> Sequence[str | None]:
        names = [short(digest_text(question)) for question in questions]
        requests = {
            name: ChatRequest(
                request_id=name, messages=(Turn(role="user", content=REWRITE_PROMPT.format(question=question)),)
            )
            for name, question in zip(names, questions, strict=True)
        }
        answers = run_shards(tuple(requests.values()), endpoint, folder=folder, config=config, progress=progress)
        worded = {one.request_id: tidy_wording(one.text or "") for one in answers.results}
        return [worded.get(name) for name in names]

    return rewrite


@dataclass(frozen=True)
class Drafts:
    """The model's drafts, and the prompts it gave none to."""

    drafts: tuple[PolicyDraft, ...]
    dropped: tuple[DroppedRow, ...]


def nothing_to_avoid(prompt: DraftPrompt) -> Sequence[str]:
    """A draft may hold whatever its prompt shows."""
    return ()


def policy_drafts(
    prompts: Sequence[DraftPrompt],
    endpoint: Endpoint,
    *,
    model: str,
    folder: Path,
    config: ShardConfig,
    progress: Progress,
    each: int = 1,
    avoid: Callable[[DraftPrompt], Sequence[str]] = nothing_to_avoid,
) -> Drafts:
    """Drafts of the SFT model to each prompt.

    Args:
        prompts: What it is asked, in the messages that serving would send.
        endpoint: The model as the LLM service names it, with the settings of serving.
        model: `<persona>@<bundle>`, for the record.
        folder: Where finished shards are kept; one for each model.
        config: Sizes and limits of the shards.
        progress: Called with the number of drafts done and of all.
        each: How many drafts of each prompt; more than one are alike unless the endpoint's temperature is above 0.
        avoid: Runs of words that no draft of a prompt may hold.
    """
    asked = {f"{one.prompt_id}:{number}": one for one in prompts for number in range(each)}
    runs = {one.prompt_id: tuple(avoid(one)) for one in prompts}
    requests = [
        ChatRequest(request_id=name, messages=one.prompt, avoid=runs[one.prompt_id]) for name, one in asked.items()
    ]
    answers = run_shards(requests, endpoint, folder=folder, config=config, progress=progress)
    drafts = tuple(
        PolicyDraft(
            prompt_id=asked[one.request_id].prompt_id, model=model, text=str(one.text), finish_reason=one.finish_reason
        )
        for one in answers.results
    )
    return Drafts(drafts, answers.dropped)
