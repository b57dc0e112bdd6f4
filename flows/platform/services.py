"""Every server of the platform, as data: what is run, with what, after what, and how it is known to be ready."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from flows.platform import elasticsearch_install
from flows.platform.base_model import base_model_of, prepare_base_model
from flows.platform.health import HttpProbe, WorkerProbe
from flows.platform.key_variables import key_variables
from flows.platform.processes import HOME_MARKER, SERVICE_MARKER
from flows.platform.service import Requirement, Service
from flows.platform.settings import LOOPBACK, REPOSITORY_ROOT, PlatformSettings, local_url
from twin_data.configuration.home import TwinHome
from twin_data.contracts.digests import digest_text
from twin_data.registry.model_folder import base_model_folder
from twin_serve.llm.launcher import VARIABLES as LLM_VARIABLES
from twin_serve.version import answering_code
from twin_train.matrix_speed import is_faster_in_bfloat16

START_TIMEOUT_S = 600.0
"""Ten times what a start takes on an idle machine; a server that ends is noticed at once."""
POOL_LIMITS = {"cpu": 2, "gpu": 1}
SERVE_INSTALL = (
    "install it: UV_PROJECT_ENVIRONMENT=.venv-serve python scripts/deps.py sync --extra serve-cpu --third-party, "
    "or point TWIN_LLM_ENV at the environment that has vLLM"
)


def services(
    home: TwinHome, settings: PlatformSettings, *, python: str = sys.executable, root: Path = REPOSITORY_ROOT
) -> tuple[Service, ...]:
    """Every service of the platform, in an order that respects their needs. Nothing is started or touched.

    How fast the processor multiplies is measured the first time, in a second or two.
    """
    build = _Builder(home, settings, python, root)
    return (
        build.elasticsearch(),
        build.prefect(),
        build.mlflow(),
        build.worker("cpu"),
        build.worker("gpu"),
        build.evidently(),
        build.llm(),
        build.business(),
    )


@dataclass(frozen=True)
class _Builder:
    home: TwinHome
    settings: PlatformSettings
    python: str
    root: Path

    def _service(
        self, name: str, title: str, *command: str, env: Mapping[str, str] | None = None, **rest: Any
    ) -> Service:
        shared = {
            **self.settings.as_environment(),
            "TWIN_HOME": str(self.home.root),
            HOME_MARKER: marker(self.home),
            SERVICE_MARKER: name,
        }
        fields: dict[str, Any] = {
            "argv": (self.python, *command),
            "log": self.home.logs / f"{name}.log",
            "cwd": self.root,
            **rest,
        }
        return Service(name=name, title=title, env=env or {}, shared_env=shared, **fields)

    def _external(self, name: str, title: str, url: str, probe: HttpProbe) -> Service:
        return self._service(name, title, argv=(), url=url, probe=probe, start_timeout_s=30.0)

    def elasticsearch(self) -> Service:
        settings, port = self.settings, self.settings.ports.elasticsearch
        if url := settings.elasticsearch_url:
            key = settings.elasticsearch_api_key
            headers = {"Authorization": f"ApiKey {key.get_secret_value()}"} if key else {}
            return self._external("elasticsearch", "search", url, HttpProbe(url, headers, remote=True))
        distribution = elasticsearch_install.distribution_folder(settings.cache)
        return self._service(
            "elasticsearch", "search",
            "-m", "flows.platform.elasticsearch_node", "--distribution", str(distribution),
            "--data", str(self.home.elasticsearch), "--port", str(port), "--heap", settings.elasticsearch_heap,
            port=port, url=local_url(port), start_timeout_s=START_TIMEOUT_S, stop_timeout_s=20.0, memory_mb=800,
            probe=HttpProbe(f"{local_url(port)}/_cluster/health?wait_for_status=yellow&timeout=1s"),
            prepare=partial(elasticsearch_install.install, settings.cache, settings.maven_repository),
        )  # fmt: skip

    def prefect(self) -> Service:
        port, api = self.settings.ports.prefect, self.settings.prefect_address
        if self.settings.prefect_api_url:
            probe = HttpProbe(f"{api}/health", self.settings.prefect_headers, remote=True)
            return self._external("prefect", "orchestration", api.removesuffix("/api"), probe)
        return self._service(
            "prefect", "orchestration",
            "-m", "prefect", "server", "start", "--host", LOOPBACK, "--port", str(port), "--analytics-off",
            env=self._prefect_environment(), port=port, url=local_url(port),
            start_timeout_s=START_TIMEOUT_S, memory_mb=300, probe=HttpProbe(f"{api}/health"),
        )  # fmt: skip

    def worker(self, pool: str) -> Service:
        api = self.settings.prefect_address
        name = f"{pool}-{self.settings.machine}-{digest_text(marker(self.home))[:8]}"
        remote = self.settings.prefect_api_url is not None
        return self._service(
            f"worker-{pool}", f"runs flows of pool {pool}",
            "-m", "prefect", "worker", "start", "--pool", pool, "--type", "process", "--name", name,
            "--limit", str(POOL_LIMITS[pool]), "--install-policy", "never",
            env=self._flow_environment(),
            url=f"{api.removesuffix('/api')}/work-pools/work-pool/{pool}", needs=("prefect",),
            start_timeout_s=START_TIMEOUT_S, stop_timeout_s=15.0, memory_mb=120, children_outlive_it=True,
            probe=WorkerProbe(api, pool, name, self.settings.prefect_headers, remote=remote),
        )  # fmt: skip

    def mlflow(self) -> Service:
        port, artifacts = self.settings.ports.mlflow, str(self.home.registry / "artifacts")
        return self._service(
            "mlflow", "runs and model registry",
            "-m", "mlflow", "server", "--host", LOOPBACK, "--port", str(port), "--workers", "1",
            "--backend-store-uri", registry_uri(self.home),
            "--default-artifact-root", artifacts, "--artifacts-destination", artifacts,
            env={"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}, port=port, url=local_url(port), optional=True,
            start_timeout_s=START_TIMEOUT_S, probe=HttpProbe(f"{local_url(port)}/health"),
            folders=(self.home.registry / "artifacts",), memory_mb=600,
        )  # fmt: skip

    def evidently(self) -> Service:
        port = self.settings.ports.evidently
        return self._service(
            "evidently", "monitoring",
            "-m", "evidently.cli", "ui", "--host", LOOPBACK, "--port", str(port),
            "--workspace", str(self.home.monitoring),
            port=port, url=local_url(port), optional=True, start_timeout_s=START_TIMEOUT_S,
            probe=HttpProbe(f"{local_url(port)}/api/version"), folders=(self.home.monitoring,), memory_mb=300,
        )  # fmt: skip

    def llm(self) -> Service:
        port, python = self.settings.ports.llm, self.settings.llm_environment / "bin" / "python"
        base_model = base_model_of(self.settings.recipe)
        models = self.settings.cache / "models"
        environment = {
            LLM_VARIABLES["cpu_dtype"]: "bfloat16" if is_faster_in_bfloat16() else "float32",
            # What the user tells vLLM: it is started again where a later command is told otherwise.
            **_told(LLM_VARIABLES.values()),
            "TWIN_LLM_PYTHON": str(python), "TWIN_LLM_PORT": str(port),
            "TWIN_BASE_MODEL": str(base_model_folder(models, base_model.name)),
            "TWIN_MAX_MODEL_LEN": str(base_model.max_model_len),
        }  # fmt: skip
        return self._service(
            "llm", "language model (vLLM)", "-m", "twin_serve.llm.launcher",
            env=environment, port=port, url=local_url(port), start_timeout_s=START_TIMEOUT_S, memory_mb=4700,
            probe=HttpProbe(f"{local_url(port)}/health"),
            requirements=(Requirement(python, f"vLLM's environment {self.settings.llm_environment}", SERVE_INSTALL),),
            prepare=partial(prepare_base_model, models, base_model),
        )  # fmt: skip

    def business(self) -> Service:
        port = self.settings.ports.business
        environment = {
            **self._search_environment(),
            "TWIN_LLM_URL": self.settings.llm_address,
            "TWIN_HOME": str(self.home.root),
            "TWIN_CACHE": str(self.settings.cache),
            **self.settings.database_environment,
            **_told(key_variables(self.settings.recipe)),
        }
        return self._service(
            "business", "the twin: chat page and API",
            "-m", "twin_serve", "--host", LOOPBACK, "--port", str(port),
            env=environment, code=answering_code(), port=port, url=local_url(port), needs=("elasticsearch",),
            start_timeout_s=START_TIMEOUT_S, memory_mb=500, probe=HttpProbe(f"{local_url(port)}/healthz"),
        )  # fmt: skip

    def _flow_environment(self) -> dict[str, str]:
        """What flows read, which reach every server, ask the recipe's endpoints and stop and start vLLM."""
        told = _told([*key_variables(self.settings.recipe), *LLM_VARIABLES.values()])
        return {**self._prefect_environment(), **self.settings.as_environment(), **told}

    def _search_environment(self) -> dict[str, str]:
        key = self.settings.elasticsearch_api_key
        environment = {"ELASTICSEARCH_URL": self.settings.elasticsearch_address}
        return environment | ({"ELASTICSEARCH_API_KEY": key.get_secret_value()} if key else {})

    def _prefect_environment(self) -> dict[str, str]:
        return {"PREFECT_HOME": str(self.home.prefect), "PREFECT_API_URL": self.settings.prefect_address}


def _told(names: Iterable[str]) -> dict[str, str]:
    """What the user's environment says under these names; a record keeps no more of it than a digest."""
    return {name: os.environ[name] for name in names if name in os.environ}


def marker(home: TwinHome) -> str:
    """The value that marks every process of a home, the same by whatever path the home is reached."""
    return str(home.root.resolve())


def registry_uri(home: TwinHome) -> str:
    """MLflow's database of a home."""
    return f"sqlite:///{home.registry}/mlflow.db"
