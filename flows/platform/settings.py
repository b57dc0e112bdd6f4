"""Addresses and sizes of the local platform, read once from the environment."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, StringConstraints, ValidationError, model_validator

from flows.recipe_files import is_recipe_file
from twin_data.configuration.home import cache_folder
from twin_data.contracts.base import Contract
from twin_data.contracts.endpoints import LOOPBACK_NAMES
from twin_data.contracts.errors import ConfigurationError

LOOPBACK = "127.0.0.1"
PORT_PREFIX = "TWIN_PORT_"
REPOSITORY_ROOT = Path(__file__).resolve().parents[2]

Port = Annotated[int, Field(ge=1, le=65535)]
HeapSize = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]*[mg]$")]


class Ports(Contract):
    """One port a server, all on the loopback interface; each is set by `TWIN_PORT_<NAME>`."""

    business: Port = 8080
    llm: Port = 8001
    elasticsearch: Port = 9200
    prefect: Port = 4200
    mlflow: Port = 5000
    evidently: Port = 8085

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        owner: dict[int, str] = {}
        for name, port in self:
            if other := owner.get(port):
                raise ValueError(f"{port_variable(other)} and {port_variable(name)} are both {port}")
            owner[port] = name
        return self


class PlatformSettings(Contract):
    """Everything about the platform that the environment decides."""

    ports: Ports = Ports()
    elasticsearch_url: str | None = None
    """The user's cluster; when set, no embedded node is started."""
    elasticsearch_api_key: SecretStr | None = None
    elasticsearch_heap: HeapSize = "512m"
    prefect_api_url: str | None = None
    """The user's Prefect server, ending in `/api`; when set, none is started."""
    prefect_api_key: SecretStr | None = None
    database_url: SecretStr | None = None
    """The user's database of keys and ledger, with its password; None for the SQLite file in the home."""
    llm_environment: Path = REPOSITORY_ROOT / ".venv-serve"
    """The virtual environment that vLLM is installed in."""
    recipe: str = "demo"
    """Name of a shipped recipe, or the absolute path of any: flows of deployments run in a folder of their own."""
    cache: Path = Field(default_factory=cache_folder)
    maven_repository: Path | None = None
    """A local Maven repository that may already hold Elasticsearch's archive."""
    machine: str = Field(default_factory=platform.node)
    """Tells workers of several machines apart on a shared Prefect server."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read the settings; an address of this platform's own server counts as unset.

        Raises:
            ConfigurationError: A variable holds a value that cannot be used; the variable is named.
        """
        variables = os.environ if environment is None else environment
        ports = {name: value for name in Ports.model_fields if (value := variables.get(port_variable(name)))}
        given = {field: value for field, name in VARIABLES.items() if (value := variables.get(name))}
        if "llm_environment" in given:
            given["llm_environment"] = str((REPOSITORY_ROOT / given["llm_environment"]).absolute())
        if "recipe" in given and is_recipe_file(given["recipe"]):
            given["recipe"] = str(Path(given["recipe"]).absolute())
        try:
            settings = cls.model_validate({**given, "ports": Ports.model_validate(ports)})
        except ValidationError as error:
            raise ConfigurationError(
                "; ".join(_describe(dict(problem)) for problem in error.errors(include_url=False)),
                next_step="correct the variable or unset it",
            ) from error
        return settings.without_own_addresses()

    def without_own_addresses(self) -> Self:
        """Forget addresses that point at this platform's own ports.

        People export PREFECT_API_URL for Prefect's command line; that must not make `twin up` take its own server
        for a remote one.
        """
        changes: dict[str, None] = {}
        if _is_own(self.elasticsearch_url, self.ports.elasticsearch):
            changes["elasticsearch_url"] = None
        if _is_own(self.prefect_api_url, self.ports.prefect):
            changes["prefect_api_url"] = None
        return self.model_copy(update=changes)

    def as_environment(self) -> dict[str, str]:
        """Variables with which a child process reads the same settings."""
        variables = {port_variable(name): str(port) for name, port in self.ports}
        variables |= {
            "TWIN_RECIPE": self.recipe,
            "TWIN_LLM_ENV": str(self.llm_environment),
            "TWIN_CACHE": str(self.cache),
            "ELASTICSEARCH_URL": self.elasticsearch_address,
            "PREFECT_API_URL": self.prefect_address,
        }
        if self.elasticsearch_api_key:
            variables["ELASTICSEARCH_API_KEY"] = self.elasticsearch_api_key.get_secret_value()
        if self.prefect_api_key:
            variables["PREFECT_API_KEY"] = self.prefect_api_key.get_secret_value()
        return variables | self.database_environment

    @property
    def database_environment(self) -> dict[str, str]:
        """The variable of the user's database, where there is one."""
        return {VARIABLES["database_url"]: self.database_url.get_secret_value()} if self.database_url else {}

    @property
    def elasticsearch_address(self) -> str:
        """Base URL of the search engine, the user's or the embedded one."""
        return (self.elasticsearch_url or local_url(self.ports.elasticsearch)).rstrip("/")

    @property
    def prefect_headers(self) -> dict[str, str]:
        """What each request to Prefect's API carries: the key, where the server asks for one."""
        key = self.prefect_api_key
        return {"Authorization": f"Bearer {key.get_secret_value()}"} if key else {}

    @property
    def prefect_address(self) -> str:
        """Base URL of Prefect's API, the user's or the embedded one."""
        return (self.prefect_api_url or f"{local_url(self.ports.prefect)}/api").rstrip("/")

    @property
    def llm_address(self) -> str:
        """Base URL of the LLM microservice."""
        return local_url(self.ports.llm)

    @property
    def business_address(self) -> str:
        """Base URL of the business microservice."""
        return local_url(self.ports.business)


VARIABLES = {
    "elasticsearch_url": "ELASTICSEARCH_URL",
    "elasticsearch_api_key": "ELASTICSEARCH_API_KEY",
    "elasticsearch_heap": "TWIN_ELASTICSEARCH_HEAP",
    "prefect_api_url": "PREFECT_API_URL",
    "prefect_api_key": "PREFECT_API_KEY",
    "database_url": "TWIN_DATABASE_URL",
    "llm_environment": "TWIN_LLM_ENV",
    "recipe": "TWIN_RECIPE",
    "maven_repository": "M2_REPO",
}


def port_variable(name: str) -> str:
    """The environment variable that sets a server's port."""
    return PORT_PREFIX + name.upper()


def local_url(port: int) -> str:
    """The URL of a server on this machine."""
    return f"http://{LOOPBACK}:{port}"


def _is_own(url: str | None, port: int) -> bool:
    if not url:
        return False
    try:
        parts = urlsplit(url)
        return parts.hostname in LOOPBACK_NAMES and parts.port == port
    except ValueError as error:
        raise ConfigurationError(f"{url!r} is not a URL: {error}", next_step="write it as http://host:port") from error


def _describe(problem: dict[str, object]) -> str:
    location = problem["loc"]
    field = str(location[-1]) if isinstance(location, tuple) and location else ""
    variable = VARIABLES.get(field) or (port_variable(field) if field in Ports.model_fields else "")
    message = str(problem["msg"]).removeprefix("Value error, ")
    return f"{variable}={problem['input']!r}: {message}" if variable else message
