"""Which model, if any, words questions anew. The default is none: the rules' own wording stands."""

from __future__ import annotations

import os
from typing import Literal

from pydantic import Field, model_validator

from twin_data.contracts.base import Contract
from twin_data.contracts.errors import ConfigurationError


class TeacherConfig(Contract):
    """The teacher part of a recipe's datasets."""

    kind: Literal["none", "local", "endpoint"] = "none"
    """`local` is the platform's own vLLM; `endpoint` any OpenAI-compatible address."""
    base_url: str | None = None
    """For `endpoint`: the address up to and with `/v1`."""
    model: str | None = None
    """For `endpoint`: the model's name there."""
    api_key_variable: str = "TWIN_TEACHER_API_KEY"
    """Name of the environment variable that holds the key; never the key itself."""
    temperature: float = Field(default=0.7, ge=0, le=2)
    max_tokens: int = Field(default=80, ge=8)
    max_questions: int | None = Field(default=None, ge=1)
    """Questions it is asked to word at most, an even choice that is the same in every run; None for all of them."""

    @model_validator(mode="after")
    def _complete(self) -> TeacherConfig:
        if self.kind == "endpoint" and not (self.base_url and self.model):
            raise ValueError("a teacher of kind 'endpoint' needs base_url and model")
        if self.kind != "endpoint" and (self.base_url or self.model):
            raise ValueError(f"base_url and model belong to a teacher of kind 'endpoint', not {self.kind!r}")
        if self.kind == "none" and self.max_questions is not None:
            raise ValueError(
                f"max_questions is {self.max_questions}, and there is no teacher: set kind or leave it out"
            )
        return self

    @property
    def described(self) -> str:
        """The teacher's name in a certificate."""
        return self.model or self.kind


class Endpoint(Contract):
    """An OpenAI-compatible model that answers requests."""

    base_url: str
    model: str
    api_key_variable: str = "TWIN_TEACHER_API_KEY"
    temperature: float = Field(default=0.7, ge=0, le=2)
    max_tokens: int = Field(default=80, ge=1)


def teacher_endpoint(config: TeacherConfig, *, local_url: str, local_model: str) -> Endpoint | None:
    """Where the teacher answers; None if there is none.

    Args:
        config: The recipe's settings.
        local_url: Address of the platform's vLLM, up to and with `/v1`.
        local_model: The base model's name there.

    Raises:
        ConfigurationError: The endpoint's key is not in the environment.
    """
    if config.kind == "none":
        return None
    asked = {
        "api_key_variable": config.api_key_variable,
        "temperature": config.temperature,
        "max_tokens": config.max_tokens,
    }
    if config.kind == "local":
        return Endpoint(base_url=local_url, model=local_model, **asked)
    if not os.environ.get(config.api_key_variable):
        raise ConfigurationError(
            f"the teacher at {config.base_url} needs a key, and ${config.api_key_variable} is not set",
            next_step=f"export {config.api_key_variable}=… (any value if the endpoint asks for none)",
        )
    return Endpoint(base_url=str(config.base_url), model=str(config.model), **asked)
