"""Who judges, and how much. The default is nobody."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from twin_data.contracts.base import Contract
from twin_data.contracts.endpoints import ModelEndpoint, VariableName


class EndpointJudge(ModelEndpoint):
    """A language model behind OpenAI's API. It judges sentences, and whether an answer answers its question."""

    kind: Literal["endpoint"]
    api_key_variable: VariableName = "TWIN_JUDGE_API_KEY"
    concurrency: int = Field(default=4, ge=1, le=64)
    """Requests under way at a time."""
    max_questions: int | None = Field(default=None, ge=1)
    """Questions whose answers are judged at most, an even choice that is the same in every run; None for all."""
    max_dropped: int = Field(default=100, ge=0)
    """Dropped sentences that are judged at most, chosen likewise; those that were shipped are all judged."""
    max_tokens: int = Field(default=64, ge=1)
    """Longest reply: a word is wanted, and some models announce it."""
    timeout_s: float = Field(default=60.0, gt=0)
    """Longest wait for one reply."""
    max_attempts: int = Field(default=3, ge=1)
    """How often a request is sent while the endpoint says that it is busy."""


class NliJudge(Contract):
    """A classifier of entailment on this machine. It judges sentences alone: helpfulness is no entailment."""

    kind: Literal["nli"]
    folder: Path
    """A sequence classifier as transformers saves it, with its tokenizer, in safetensors."""
    max_questions: int | None = Field(default=None, ge=1)
    """See `EndpointJudge`."""
    max_dropped: int = Field(default=100, ge=0)
    """See `EndpointJudge`."""


JudgeConfig = Annotated[EndpointJudge | NliJudge, Field(discriminator="kind")]
