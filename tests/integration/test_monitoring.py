"""Killed runs and drift on a real Prefect server with a real worker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterId
from prefect.client.schemas.objects import ConcurrencyLimitConfig, FlowRun
from prefect.settings import PREFECT_API_URL, PREFECT_HOME, temporary_settings
from prefect.types.entrypoint import EntrypointType

from flows.automations import MOST_STARTS, RUN_ENVIRONMENT, TAG, ensure_automations
from flows.deployments import NEVER_TWICE, register_deployments
from flows.drift_events import announce, drift_trigger
from flows.platform import run_files, supervisor
from flows.platform.services import services
from flows.platform.settings import PlatformSettings
from twin_data.configuration.home import TwinHome, cache_folder
from twin_data.contracts.monitoring import DriftReport, DriftVerdict, Mover

from .conftest import REPOSITORY, free_ports

pytestmark = pytest.mark.integration

STUBS = Path(__file__).resolve().parent / "stub_flows"
SILENCE = timedelta(seconds=20)
GRACE = timedelta(seconds=15)
PATIENCE_S = 150.0


@pytest.fixture(scope="module")
def settings() -> PlatformSettings:
    return PlatformSettings(ports=free_ports(), cache=cache_folder())


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, settings: PlatformSettings) -> Iterator[TwinHome]:
    """A home with a Prefect server and a worker of its own: these rules are impatient and must not reach others."""
    home = TwinHome(tmp_path_factory.mktemp("monitoring") / "home")
    try:
        supervisor.ensure(home, settings, ("worker-cpu",))
        yield home
    finally:
        supervisor.down(home, services(home, settings))


@pytest.fixture(scope="module")
def prefect(home: TwinHome, settings: PlatformSettings) -> Iterator[SyncPrefectClient]:
    """A client of that server."""
    address = settings.prefect_address
    before = os.environ.get("PREFECT_API_URL")
    os.environ["PREFECT_API_URL"] = address
    sys.path.insert(0, str(STUBS))
    try:
        with temporary_settings({PREFECT_API_URL: address, PREFECT_HOME: home.prefect}):
            ensure_automations(silence=SILENCE, grace=GRACE)
            with get_client(sync_client=True) as client:
                yield client
    finally:
        sys.path.remove(str(STUBS))
        os.environ.pop("PREFECT_API_URL")
        if before is not None:
            os.environ["PREFECT_API_URL"] = before


@pytest.fixture
def killable(prefect: SyncPrefectClient) -> UUID:
    from killable import killable as stub

    return _deploy(stub, name="test")


def _deploy(stub: Any, *, name: str, **options: Any) -> UUID:
    deployment = stub.to_deployment(
        name=name,
        work_pool_name="cpu",
        tags=[TAG],
        job_variables={"env": {"PYTHONPATH": str(STUBS), **RUN_ENVIRONMENT}},
        entrypoint_type=EntrypointType.MODULE_PATH,
        **options,
    )
    return UUID(str(deployment.apply()))


def wait_for(what: str, found: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if answer := found():
            return answer
        time.sleep(0.3)
    pytest.fail(f"{what}: not within {PATIENCE_S:.0f} s")


def started(folder: Path) -> int:
    """The pid of the run's newest process."""
    pid = int(wait_for("a process", lambda: (folder / "pid").is_file() and (folder / "pid").read_text("utf-8")))
    (folder / "pid").unlink()
    return pid


def in_state(client: SyncPrefectClient, run: FlowRun, *names: str) -> FlowRun:
    def look() -> FlowRun | None:
        now = client.read_flow_run(run.id)
        return now if now.state is not None and now.state.name in names else None

    found = wait_for(f"{run.name} in state {' or '.join(names)}", look)
    assert isinstance(found, FlowRun)
    return found


def history(client: SyncPrefectClient, run: FlowRun) -> list[str]:
    states = client.request("GET", "/flow_run_states/", params={"flow_run_id": str(run.id)}).json()
    return [state["name"] for state in sorted(states, key=lambda state: state["timestamp"])]


def test_a_killed_run_is_seen_and_goes_on(prefect: SyncPrefectClient, killable: UUID, tmp_path: Path) -> None:
    run = prefect.create_flow_run_from_deployment(killable, parameters={"folder": str(tmp_path)})
    os.kill(started(tmp_path), signal.SIGKILL)
    started(tmp_path)
    (tmp_path / "go").touch()
    done = in_state(prefect, run, "Completed")
    assert done.run_count == 2
    assert done.parameters == {"folder": str(tmp_path)}
    assert (tmp_path / "steps").read_text("utf-8").split() == ["first", "second", "third"]
    names = history(prefect, run)
    assert "Crashed" in names and "AwaitingRetry" in names
    children = [
        one for one in prefect.read_flow_runs() if one.parent_task_run_id and str(tmp_path) in str(one.parameters)
    ]
    assert {one.state_name for one in children} == {"Completed"}, "what ran inside it is not left running"


def test_a_run_whose_worker_died_with_it_is_seen_and_goes_on(
    home: TwinHome, settings: PlatformSettings, prefect: SyncPrefectClient, killable: UUID, tmp_path: Path
) -> None:
    """As when the machine loses power: nobody is left who could say that the run has crashed."""
    run = prefect.create_flow_run_from_deployment(killable, parameters={"folder": str(tmp_path)})
    pid = started(tmp_path)
    record = run_files.read(home, "worker-cpu")
    assert record
    for process in (psutil.Process(record.pid), psutil.Process(pid)):
        process.kill()
    crashed = in_state(prefect, run, "Crashed", "AwaitingRetry", "Late")
    assert any("no heartbeat" in (state.get("message") or "") for state in _states(prefect, crashed))
    supervisor.ensure(home, settings, ("worker-cpu",))
    started(tmp_path)
    (tmp_path / "go").touch()
    assert in_state(prefect, run, "Completed").run_count == 2
    assert (tmp_path / "steps").read_text("utf-8").split() == ["first", "second", "third"]


def _states(client: SyncPrefectClient, run: FlowRun) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.request("GET", "/flow_run_states/", params={"flow_run_id": str(run.id)}).json()
    return found


@pytest.mark.slow
def test_a_run_that_is_killed_each_time_fails_for_good(
    prefect: SyncPrefectClient, killable: UUID, tmp_path: Path
) -> None:
    run = prefect.create_flow_run_from_deployment(killable, parameters={"folder": str(tmp_path)})
    for _ in range(MOST_STARTS):
        os.kill(started(tmp_path), signal.SIGKILL)
    failed = in_state(prefect, run, "Failed")
    assert failed.run_count == MOST_STARTS
    assert failed.state and f"started {MOST_STARTS} times" in (failed.state.message or "")


def test_a_second_refresh_beside_the_first_is_cancelled(prefect: SyncPrefectClient, tmp_path: Path) -> None:
    from killable import killable as stub

    limit = ConcurrencyLimitConfig(limit=1, collision_strategy=NEVER_TWICE)
    deployment = _deploy(stub, name="alone", concurrency_limit=limit)
    first = prefect.create_flow_run_from_deployment(deployment, parameters={"folder": str(tmp_path)})
    started(tmp_path)
    second = prefect.create_flow_run_from_deployment(deployment, parameters={"folder": str(tmp_path)})
    in_state(prefect, second, "Cancelled")
    (tmp_path / "go").touch()
    in_state(prefect, first, "Completed")
    assert (tmp_path / "steps").read_text("utf-8").split() == ["first", "second", "third"]


def test_drift_starts_one_refresh_with_its_reason(prefect: SyncPrefectClient, tmp_path: Path) -> None:
    from killable import refresh_stub

    options: dict[str, Any] = {
        "parameters": {"persona": "ada", "recipe": "smoke"},
        "triggers": [drift_trigger("ada")],
    }
    deployment = _deploy(refresh_stub, name="ada", **options)
    assert _deploy(refresh_stub, name="ada", **options) == deployment
    named = [one for one in prefect.read_automations() if one.name == drift_trigger("ada").name]
    assert len(named) == 1, "registered twice, there once"
    ours = DeploymentFilter(id=DeploymentFilterId(any_=[deployment]))

    yesterday = datetime.now(UTC) - timedelta(days=1)
    first = _drifted("w1", yesterday)
    assert announce((first,), "ada", tmp_path, "corpus")
    (run,) = wait_for("a refresh", lambda: prefect.read_flow_runs(deployment_filter=ours))
    assert run.parameters == {"persona": "ada", "recipe": "smoke", "reason": "drift: drifted: users moved: off subject"}
    in_state(prefect, run, "Completed")

    assert not announce((first,), "ada", tmp_path, "corpus"), "a window is announced once"
    assert announce((first, _drifted("w2", datetime.now(UTC))), "ada", tmp_path, "corpus")
    wait_for("a second refresh", lambda: len(prefect.read_flow_runs(deployment_filter=ours)) == 2)


def test_registering_again_changes_nothing(prefect: SyncPrefectClient) -> None:
    def state() -> tuple[list[Any], list[Any]]:
        deployments = [one for one in prefect.read_deployments() if one.name == "ben"]
        rules = [one for one in prefect.read_automations() if one.name.startswith("twin: ") or "/ben " in one.name]
        return (
            sorted((str(one.id), [str(each.schedule) for each in one.schedules]) for one in deployments),
            sorted((one.name, one.trigger.model_dump_json(exclude={"id"})) for one in rules),
        )

    names = register_deployments("ben", "smoke")
    flows = {one.id: one.name for one in prefect.read_flows()}
    alone = {
        flows[one.flow_id]
        for one in prefect.read_deployments()
        if one.name == "ben" and one.concurrency_options and one.concurrency_options.collision_strategy == NEVER_TWICE
    }
    assert alone == {"refresh-twin", "monitor-twin"}
    first = state()
    assert register_deployments("ben", "smoke") == names
    assert state() == first
    deployments, rules = first
    assert len(names) == len(deployments) == 6
    assert sum(len(schedules) for _, schedules in deployments) == 2
    assert len(rules) == 6, "five for killed runs, one for this persona's drift"
    ensure_automations(silence=SILENCE, grace=GRACE)


@pytest.mark.slow
def test_the_shipped_file_deploys(settings: PlatformSettings, prefect: SyncPrefectClient) -> None:
    for _ in range(2):
        subprocess.run(
            [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"],
            cwd=REPOSITORY, env={**os.environ, "PREFECT_API_URL": settings.prefect_address}, check=True, timeout=300,
        )  # fmt: skip
    deployed = [one for one in prefect.read_deployments() if one.name == "sample"]
    assert len(deployed) == 6
    assert sum(len(one.schedules) for one in deployed) == 2
    rules = [one.name for one in prefect.read_automations() if "sample" in one.name]
    assert rules == ["refresh-twin/sample on drift"]


def _drifted(window: str, now: datetime) -> DriftReport:
    return DriftReport(
        persona="ada", window=window, created_at=now, verdict=DriftVerdict.DRIFTED, interactions=30, needed=30,
        first_at=now, last_at=now, bundles=(), reference=None, foreign=None, columns=(), drifted_share=None,
        new_writing=None, moved=(Mover.USERS,), reasons=("off subject",), html=None,
    )  # fmt: skip
