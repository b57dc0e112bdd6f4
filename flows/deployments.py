"""Deployments of a persona's flows, `<flow>/<persona>`: what starts them, and what may run beside what."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate, WorkPoolCreate
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.client.schemas.schedules import CronSchedule
from prefect.deployments.runner import RunnerDeployment
from prefect.events import DeploymentEventTrigger
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.types.entrypoint import EntrypointType

from flows.automations import RUN_ENVIRONMENT, TAG, ensure_automations
from flows.build_datasets import build_datasets
from flows.build_features import build_features
from flows.drift_events import drift_trigger
from flows.evaluate_twin import evaluate_twin
from flows.monitor_twin import monitor_twin
from flows.recipes import Recipe, load_recipe
from flows.refresh_twin import refresh_twin
from flows.train_twin import train_twin

CPU, GPU = "cpu", "gpu"
# A second run of the same persona waits for the first: two writers of one corpus would undo each other's work.
ONE_AFTER_THE_OTHER = ConcurrencyLimitStrategy.ENQUEUE
# A second refresh, or a second look at the same interactions, has nothing to do that the first does not.
NEVER_TWICE = ConcurrencyLimitStrategy.CANCEL_NEW


@dataclass(frozen=True)
class Deployed:
    """One flow of a persona, and how it is deployed."""

    flow: Any
    pool: str = CPU
    second_run: ConcurrencyLimitStrategy = ONE_AFTER_THE_OTHER
    cron: str | None = None
    triggers: tuple[DeploymentEventTrigger, ...] = ()


def register_deployments(persona: str, recipe: str) -> tuple[str, ...]:
    """Create or update the persona's deployments, and the rules for killed runs, on the server of `PREFECT_API_URL`.

    Returns:
        The deployments' names. Doing it again changes nothing.

    Raises:
        ConfigurationError: There is no such recipe, or its file is wrong.
    """
    assert os.environ.get("PREFECT_API_URL"), "deployments need a server"
    wanted = deployments_of(persona, load_recipe(recipe))
    for pool in sorted({one.pool for one in wanted}):
        _ensure_pool(pool)
    ensure_automations()
    return tuple(_deploy(one, persona, {"persona": persona, "recipe": recipe}) for one in wanted)


def deployments_of(persona: str, recipe: Recipe) -> tuple[Deployed, ...]:
    """Every deployment of a persona."""
    on_gpu = recipe.training.launch.device == "gpu"
    return (
        Deployed(build_features),
        Deployed(evaluate_twin),
        Deployed(build_datasets),
        Deployed(train_twin, pool=GPU if on_gpu else CPU),
        Deployed(monitor_twin, second_run=NEVER_TWICE, cron=recipe.schedule.monitor),
        Deployed(
            refresh_twin,
            pool=GPU if on_gpu else CPU,
            second_run=NEVER_TWICE,
            cron=recipe.schedule.refresh,
            triggers=(drift_trigger(persona),),
        ),
    )


def _ensure_pool(name: str) -> None:
    """Make the pool that a worker makes at its first start; Prefect takes no deployment for one that is not there."""
    with get_client(sync_client=True) as client:
        try:
            client.read_work_pool(name)
        except ObjectNotFound:
            with suppress(ObjectAlreadyExists):  # the worker was quicker
                client.create_work_pool(WorkPoolCreate(name=name, type="process"))


def _deploy(one: Deployed, persona: str, parameters: dict[str, object]) -> str:
    deployment: RunnerDeployment = one.flow.to_deployment(
        name=persona,
        parameters=parameters,
        tags=[TAG],
        work_pool_name=one.pool,
        concurrency_limit=ConcurrencyLimitConfig(limit=1, collision_strategy=one.second_run),
        schedules=_schedules(one.cron),
        triggers=list(one.triggers),
        job_variables={"env": dict(RUN_ENVIRONMENT)},
        entrypoint_type=EntrypointType.MODULE_PATH,
    )
    deployment.apply()
    return f"{one.flow.name}/{persona}"


def _schedules(cron: str | None) -> list[DeploymentScheduleCreate]:
    """The slug lets a second registration find the schedule of the first."""
    if cron is None:
        return []
    return [DeploymentScheduleCreate(schedule=CronSchedule(cron=cron, timezone="UTC"), slug="cron")]
