"""Sources that are fetched rather than copied: `twin add PERSONA github:OWNER/REPO`."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from twin_data.configuration.home import TwinHome
from twin_data.configuration.persona import PersonaConfig
from twin_data.contracts.endpoints import LOOPBACK_NAMES
from twin_data.contracts.errors import ConfigurationError
from twin_data.sources.github_api import PUBLIC_API, GitHubApi
from twin_data.sources.github_fetch import check_repository, fetch_repository
from twin_data.sources.ingest import SOURCES_FOLDER, AddedSource, Inspect, add_source

GITHUB = "github:"
TOKEN_VARIABLE = "GITHUB_TOKEN"
API_VARIABLE = "GITHUB_API_URL"
TOKEN_FILE = "github.token"


def is_live(source: str) -> bool:
    """Whether a source is fetched, by the way it is written."""
    return source.startswith(GITHUB)


def add_repository(
    home: TwinHome,
    persona: PersonaConfig,
    source: str,
    name: str | None,
    say: Callable[[str], None],
    inspect: Inspect = lambda name, folder: None,
) -> AddedSource:
    """Fetch the persona's conversations in a repository, and add them as a source; again, what has changed since.

    Args:
        home: Where the persona lives, and the token if the environment holds none.
        persona: Whose conversations are kept.
        source: `github:OWNER/REPO`.
        name: The source's name; `github-OWNER-REPO` if not given.
        say: Told how far it is.
        inspect: Called before anything is added; see `add_source`.

    Raises:
        SourceError: The repository cannot be read.
    """
    repository = check_repository(source.removeprefix(GITHUB))
    source_name = name or f"github-{repository.replace('/', '-')}"
    persona_folder = home.persona_folder(persona.name)
    base_url = api_address(os.environ)
    with tempfile.TemporaryDirectory(prefix="twin-github-") as scratch:
        with GitHubApi(base_url, token(home, os.environ), say=say) as api:
            before = persona_folder / SOURCES_FOLDER / source_name
            fetch_repository(api, repository, persona.author, before=before, folder=Path(scratch))
        return add_source(persona_folder, Path(scratch), source_name, inspect=inspect)


def api_address(variables: Mapping[str, str]) -> str:
    """Where the API is: the public one, or that of a server of one's own.

    Raises:
        ConfigurationError: The variable holds no address, or one over which the token would travel unencrypted.
    """
    address = variables.get(API_VARIABLE) or PUBLIC_API
    try:
        parts = urlsplit(address)
        is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK_NAMES)
    except ValueError:
        is_safe = False
    if not is_safe:
        raise ConfigurationError(
            f"{API_VARIABLE}={address!r} is no https:// address", next_step=f"correct {API_VARIABLE} or unset it"
        )
    return address


def token(home: TwinHome, variables: Mapping[str, str]) -> str | None:
    """The token: the environment's, else the one in `$TWIN_HOME/secrets`. Without any, public repositories are read."""
    if given := variables.get(TOKEN_VARIABLE, "").strip():
        return given
    path = home.secrets / TOKEN_FILE
    return path.read_text("utf-8").strip() or None if path.is_file() else None
