"""Deployments of a persona's flows: `build-features/<persona>` and `evaluate-twin/<persona>`."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any

import httpx
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.deployments.runner import RunnerDeployment
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.types.entrypoint import EntrypointType

from flows.build_features import build_features
from flows.evaluate_twin import evaluate_twin
from flows.platform.settings import PlatformSettings

POOL = "cpu"
# A second run of the same persona waits for the first: two writers of one corpus would undo each other's work.
ONE_AT_A_TIME = ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.ENQUEUE)


def prefect_is_up(settings: PlatformSettings) -> bool:
    """Whether the platform's Prefect server answers."""
    try:
        return httpx.get(f"{settings.prefect_address}/health", timeout=2.0).is_success
    except httpx.TransportError:
        return False


def register_deployments(persona: str, recipe: str) -> tuple[str, ...]:
    """Create or update the persona's deployments on the server named by `PREFECT_API_URL`; returns their names."""
    assert os.environ.get("PREFECT_API_URL"), "deployments need a server"
    _ensure_pool()
    parameters: dict[str, object] = {"persona": persona, "recipe": recipe}
    return tuple(_deploy(one, persona, parameters) for one in (build_features, evaluate_twin))


def _ensure_pool() -> None:
    """Make the pool that a worker makes at its first start; Prefect takes no deployment for one that is not there."""
    with get_client(sync_client=True) as client:
        try:
            client.read_work_pool(POOL)
        except ObjectNotFound:
            with suppress(ObjectAlreadyExists):  # the worker was quicker
                client.create_work_pool(WorkPoolCreate(name=POOL, type="process"))


def _deploy(one: Any, persona: str, parameters: dict[str, object]) -> str:
    deployment: RunnerDeployment = one.to_deployment(
        name=persona,
        parameters=parameters,
        work_pool_name=POOL,
        concurrency_limit=ONE_AT_A_TIME,
        entrypoint_type=EntrypointType.MODULE_PATH,
    )
    deployment.apply()
    return f"{one.name}/{persona}"
