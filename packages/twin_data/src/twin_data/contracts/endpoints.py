"""Models that answer over the network, by OpenAI's API. The key itself is in the environment and nowhere else."""

from __future__ import annotations

import os
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints

from twin_data.contracts.base import Contract
from twin_data.contracts.errors import ConfigurationError

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
"""What addresses call this machine."""


def _address(url: str) -> str:
    """The address without a last slash; one that holds a secret is refused, as it would be written down."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("write it as https://host/v1")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("leave user, password and query out: the key goes into an environment variable")
    return url.rstrip("/")


Address = Annotated[str, AfterValidator(_address)]
VariableName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


class ModelEndpoint(Contract):
    """An OpenAI-compatible model somewhere."""

    base_url: Address
    """The address up to and with `/v1`."""
    model: str = Field(min_length=1)
    """The model's name there."""
    api_key_variable: VariableName
    """Name of the environment variable that holds the key; never the key itself."""

    @property
    def described(self) -> str:
        """The model and where it is, for messages."""
        return f"{self.model!r} at {self.base_url}"


class TokenPrice(Contract):
    """What an endpoint charges."""

    prompt_per_million: float = Field(ge=0)
    """A million tokens that it reads."""
    completion_per_million: float = Field(ge=0)
    """A million tokens that it writes."""
    currency: str = "EUR"

    def amount(self, prompt_tokens: int, completion_tokens: int) -> float:
        """What so many tokens cost."""
        return (prompt_tokens * self.prompt_per_million + completion_tokens * self.completion_per_million) / 1_000_000


class ReferenceEndpoint(ModelEndpoint):
    """A strong model that writes drafts in the place of the twin's own, to be measured against."""

    api_key_variable: VariableName = "TWIN_REFERENCE_API_KEY"
    licence: str = "not stated"
    """The terms under which it is used, for the bundle's note on licences."""
    price: TokenPrice | None = None
    """None if unknown: then every amount is unknown."""


def endpoint_key(endpoint: ModelEndpoint, who: str) -> str:
    """The endpoint's key, from the environment.

    Args:
        endpoint: Whose.
        who: What it is to the caller, such as "the judge".

    Raises:
        ConfigurationError: It is not there.
    """
    if key := os.environ.get(endpoint.api_key_variable, "").strip():
        return key
    raise ConfigurationError(
        f"{who} {endpoint.described} needs a key, and ${endpoint.api_key_variable} is not set",
        next_step=f"export {endpoint.api_key_variable}=… (any value if the endpoint asks for none)",
    )
