"""What is deployed, and that `prefect.yaml` says the same of the sample."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect.client.schemas.objects import ConcurrencyLimitStrategy

from flows.automations import HEARTBEAT_S, RUN_ENVIRONMENT, SILENCE, TAG
from flows.deployments import Deployed, deployments_of
from flows.drift_events import DRIFT_DETECTED
from flows.recipes import Recipe, load_recipe
from flows.schedules import ScheduleSettings

PREFECT_YAML = Path(__file__).resolve().parents[2] / "prefect.yaml"


def by_name(recipe: Recipe) -> dict[str, Deployed]:
    return {one.flow.name: one for one in deployments_of("sample", recipe)}


@pytest.fixture
def deployed() -> dict[str, Deployed]:
    return by_name(load_recipe("demo"))


def test_every_flow_is_deployed(deployed: dict[str, Deployed]) -> None:
    assert set(deployed) == {
        "build-features", "evaluate-twin", "build-datasets", "train-twin", "monitor-twin", "refresh-twin",
    }  # fmt: skip


def test_writers_wait_and_a_refresh_is_never_twice_at_once(deployed: dict[str, Deployed]) -> None:
    strategies = {name: one.second_run for name, one in deployed.items()}
    assert {name for name, one in strategies.items() if one is ConcurrencyLimitStrategy.CANCEL_NEW} == {
        "monitor-twin", "refresh-twin",
    }  # fmt: skip


def test_the_recipe_says_when(deployed: dict[str, Deployed]) -> None:
    assert {name for name, one in deployed.items() if one.cron} == {"monitor-twin", "refresh-twin"}
    silent = load_recipe("demo").model_copy(update={"schedule": ScheduleSettings(monitor=None, refresh="5 4 * * 0")})
    assert by_name(silent)["monitor-twin"].cron is None
    assert by_name(silent)["refresh-twin"].cron == "5 4 * * 0"


def test_training_goes_where_the_recipe_has_its_gpus(deployed: dict[str, Deployed]) -> None:
    assert {one.pool for one in deployed.values()} == {"cpu"}
    on_gpu = by_name(load_recipe("gpu_8b"))
    assert {name for name, one in on_gpu.items() if one.pool == "gpu"} == {"train-twin", "refresh-twin"}


def test_drift_of_this_persona_starts_its_refresh(deployed: dict[str, Deployed]) -> None:
    (trigger,) = deployed["refresh-twin"].triggers
    assert trigger.expect == {DRIFT_DETECTED}
    assert trigger.match.root == {"prefect.resource.id": "twin.persona.sample"}


def test_a_run_may_miss_a_beat_or_two() -> None:
    assert SILENCE.total_seconds() >= 3 * HEARTBEAT_S


def test_prefect_yaml_says_the_same_of_the_sample(deployed: dict[str, Deployed]) -> None:
    written = yaml.safe_load(PREFECT_YAML.read_text("utf-8"))["deployments"]
    assert {_flow(one): _of_file(one) for one in written} == {name: _of_code(one) for name, one in deployed.items()}


def _flow(written: dict[str, Any]) -> str:
    return str(written["entrypoint"]).partition(":")[2].replace("_", "-")


def _of_file(written: dict[str, Any]) -> dict[str, Any]:
    pool = written["work_pool"]
    return {
        "parameters": written["parameters"],
        "tags": written["tags"],
        "pool": pool["name"],
        "env": pool["job_variables"]["env"],
        "limit": (written["concurrency_limit"]["limit"], written["concurrency_limit"]["collision_strategy"]),
        "cron": [one["cron"] for one in written["schedules"]],
        "triggers": [
            (one["name"], set(one["expect"]), one["match"], one["parameters"]) for one in written.get("triggers", [])
        ],
    }


def _of_code(one: Deployed) -> dict[str, Any]:
    return {
        "parameters": {"persona": "sample", "recipe": "demo"},
        "tags": [TAG],
        "pool": one.pool,
        "env": RUN_ENVIRONMENT,
        "limit": (1, one.second_run.value),
        "cron": [one.cron] if one.cron else [],
        "triggers": [(each.name, each.expect, each.match.root, each.parameters) for each in one.triggers],
    }
