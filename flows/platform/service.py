"""What a service of the platform is, and which ones a request for some of them means."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from flows.platform.health import Probe
from flows.platform.settings import port_variable
from twin_data.contracts.digests import digest_value
from twin_data.contracts.errors import PlatformError

QUIET = {
    "DO_NOT_TRACK": "1",
    "HF_HUB_OFFLINE": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "PREFECT_CLI_PROMPT": "false",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PYTHONUNBUFFERED": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "VLLM_NO_USAGE_STATS": "1",
}
"""Nothing phones home, asks questions or holds back its log, unless the user's environment says otherwise."""

Report = Callable[[str], None]


@dataclass(frozen=True)
class Requirement:
    """A file without which a service cannot start."""

    path: Path
    what: str
    next_step: str


@dataclass(frozen=True, kw_only=True)
class Service:
    """One server: how to run it and how to know that it is ready."""

    name: str
    title: str
    """What it is, for people."""
    argv: tuple[str, ...]
    """The command; empty for a server that others run and that is only health-checked."""
    env: Mapping[str, str] = field(default_factory=dict)
    """What this server is told; a change means that it must be restarted."""
    code: str = ""
    """Digest of the code that it runs, for ours: after an update the old process must not go on answering."""
    shared_env: Mapping[str, str] = field(default_factory=dict)
    """What every server is told."""
    cwd: Path
    probe: Probe
    url: str
    """Where people look at it."""
    log: Path
    port: int | None = None
    start_timeout_s: float
    stop_timeout_s: float = 10.0
    needs: tuple[str, ...] = ()
    """Services that must be healthy first."""
    optional: bool = False
    """The platform is of use without it: a failure is reported and not raised."""
    children_outlive_it: bool = False
    """Its children are work in progress, which a restart must not kill."""
    requirements: tuple[Requirement, ...] = ()
    folders: tuple[Path, ...] = ()
    """Folders that it expects to exist."""
    memory_mb: int = 0
    """Roughly what it takes when it has started."""
    prepare: Callable[[Report], None] | None = None
    """Work before the first start, such as a download."""

    @property
    def is_external(self) -> bool:
        """Whether others run it."""
        return not self.argv

    @property
    def port_variable(self) -> str:
        """The environment variable that changes its port."""
        return port_variable(self.name)

    @property
    def fingerprint(self) -> str:
        """Digest of everything that the process is started with for itself."""
        return digest_value([self.argv, self.env, self.cwd, *filter(None, [self.code])])


def select(every: Iterable[Service], names: Iterable[str]) -> tuple[Service, ...]:
    """The named services and all they need, in order; every service if no name is given.

    Raises:
        PlatformError: A name is unknown.
    """
    known = {service.name: service for service in every}
    wanted = list(names) or list(known)
    chosen: set[str] = set()
    while wanted:
        name = wanted.pop()
        if name not in known:
            raise PlatformError(f"there is no service {name!r}", next_step=f"choose from: {', '.join(known)}")
        if name not in chosen:
            chosen.add(name)
            wanted.extend(known[name].needs)
    return tuple(service for service in known.values() if service.name in chosen)
