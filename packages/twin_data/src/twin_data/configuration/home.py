"""`$TWIN_HOME`: where every piece of state lives, and nothing else does."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from twin_data.contracts.errors import ConfigurationError

HOME_VARIABLE = "TWIN_HOME"
CACHE_VARIABLE = "TWIN_CACHE"
DEFAULT_HOME = ".twin"
PERSONA_NAME = re.compile(r"[a-z][a-z0-9-]{0,40}")


@dataclass(frozen=True)
class TwinHome:
    """The folders of one home. Constructing it creates nothing."""

    root: Path

    @classmethod
    def from_environment(cls) -> TwinHome:
        """The home named by `$TWIN_HOME`, or `.twin` in the working directory. Read once, at an entry point."""
        return cls(Path(os.environ.get(HOME_VARIABLE, DEFAULT_HOME)).absolute())

    @property
    def version_file(self) -> Path:
        """Holds the home's schema version."""
        return self.root / "VERSION"

    @property
    def personas(self) -> Path:
        """One folder a persona: its YAML files, questions and sources."""
        return self.root / "personas"

    @property
    def sites(self) -> Path:
        """Mirrors of the sites that were added: `<persona>/<source>`. What is lost of them is fetched again."""
        return self.root / "sites"

    @property
    def features(self) -> Path:
        """The feature store: `<persona>/<table>`."""
        return self.root / "features"

    @property
    def registry(self) -> Path:
        """MLflow's database and artifacts."""
        return self.root / "registry"

    @property
    def serving_database(self) -> Path:
        """SQLite file with API keys and the ledger."""
        return self.root / "serving.db"

    @property
    def corpus_reports(self) -> Path:
        """What each archive amounts to, as a page and as JSON: `<persona>/report.html`."""
        return self.root / "corpus"

    @property
    def datasets(self) -> Path:
        """Certified datasets: `<persona>/<kind>-<digest>`."""
        return self.root / "datasets"

    @property
    def voices(self) -> Path:
        """Fitted voice profiles: `<persona>/<use>-<digest>`."""
        return self.root / "voices"

    @property
    def training(self) -> Path:
        """Runs of training with their checkpoints: `<persona>/<stage>-<digest>`."""
        return self.root / "training"

    @property
    def evaluations(self) -> Path:
        """Evaluation runs: `<persona>/<bundle>`."""
        return self.root / "evaluations"

    @property
    def monitoring(self) -> Path:
        """Evidently's workspace."""
        return self.root / "monitoring"

    @property
    def elasticsearch(self) -> Path:
        """Data of the embedded search node."""
        return self.root / "elasticsearch"

    @property
    def prefect(self) -> Path:
        """Prefect's database and results."""
        return self.root / "prefect"

    @property
    def logs(self) -> Path:
        """One log file a server."""
        return self.root / "logs"

    @property
    def run(self) -> Path:
        """What is running: one JSON file a server."""
        return self.root / "run"

    @property
    def forgotten(self) -> Path:
        """Receipts of what was forgotten: `<persona>/<receipt>.json`; and of what is being forgotten, the journal."""
        return self.root / "forgotten"

    @property
    def secrets(self) -> Path:
        """Keys that only this user may read."""
        return self.root / "secrets"

    def persona_folder(self, persona: str) -> Path:
        """The folder of one persona; it need not exist yet."""
        return self.personas / check_persona_name(persona)

    def known_personas(self) -> tuple[str, ...]:
        """Personas that have a `persona.yaml`, in order of name."""
        return tuple(sorted(path.parent.name for path in self.personas.glob("*/persona.yaml")))


def check_persona_name(name: str) -> str:
    """Return `name` if it can name tables, indices and models; raise otherwise."""
    if not PERSONA_NAME.fullmatch(name):
        raise ConfigurationError(
            f"persona name {name!r} must start with a letter and hold only a-z, 0-9 and '-', at most 41 characters",
            next_step="choose another name, for example 'ada-lovelace'",
        )
    return name


def cache_folder() -> Path:
    """Where downloads that any home can share are kept: `$TWIN_CACHE`, else `llm-twin` in the user's cache folder."""
    if chosen := os.environ.get(CACHE_VARIABLE):
        return Path(chosen).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "llm-twin"
