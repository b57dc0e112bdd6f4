from __future__ import annotations

from pathlib import Path

import pytest

from flows.platform import services as platform_services
from flows.platform.health import HttpProbe, WorkerProbe
from flows.platform.key_variables import DEFAULTS
from flows.platform.processes import HOME_MARKER, SERVICE_MARKER
from flows.platform.service import QUIET, Service, select
from flows.platform.services import registry_uri, services
from flows.platform.settings import PlatformSettings, Ports
from twin_data.configuration.home import TwinHome
from twin_data.contracts.endpoints import ReferenceEndpoint
from twin_data.contracts.errors import PlatformError
from twin_data.generate.teacher import TeacherConfig
from twin_eval.judging.config import EndpointJudge

HOME = TwinHome(Path("/somewhere/.twin"))
NAMES = {"elasticsearch", "prefect", "mlflow", "worker-cpu", "worker-gpu", "evidently", "llm", "business"}
WORKERS = {"worker-cpu", "worker-gpu"}


@pytest.fixture(autouse=True)
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that has been measured."""
    monkeypatch.setattr(platform_services, "is_faster_in_bfloat16", lambda: True)


def every(settings: PlatformSettings | None = None) -> dict[str, Service]:
    return {
        service.name: service for service in services(HOME, settings or PlatformSettings(), python="/usr/bin/python")
    }


def changed(before: dict[str, Service], after: dict[str, Service]) -> set[str]:
    return {name for name in NAMES if before[name].fingerprint != after[name].fingerprint}


def test_all_are_listed_after_what_they_need() -> None:
    names = list(every())
    assert set(names) == NAMES
    for service in every().values():
        assert all(names.index(need) < names.index(service.name) for need in service.needs)


def test_nothing_is_touched() -> None:
    every()
    assert not HOME.root.exists()


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_process_is_marked_and_knows_the_platform(name: str) -> None:
    service = every()[name]
    assert service.shared_env[HOME_MARKER] == "/somewhere/.twin"
    assert service.shared_env[SERVICE_MARKER] == name
    assert service.shared_env["TWIN_HOME"] == "/somewhere/.twin"
    assert service.shared_env["PREFECT_API_URL"] == "http://127.0.0.1:4200/api"
    assert service.log == HOME.logs / f"{name}.log"


def test_nothing_phones_home() -> None:
    assert QUIET["HF_HUB_OFFLINE"] == QUIET["VLLM_NO_USAGE_STATS"] == QUIET["DO_NOT_TRACK"] == "1"
    assert QUIET["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
    assert QUIET["MLFLOW_DISABLE_TELEMETRY"] == "true"


def test_every_server_of_ours_binds_the_loopback_port() -> None:
    ports = Ports(business=1, llm=2, elasticsearch=3, prefect=4, mlflow=5, evidently=6)
    found = every(PlatformSettings(ports=ports))
    for name, port in ports:
        service = found[name]
        assert service.port == port
        assert service.url == f"http://127.0.0.1:{port}"
        assert str(port) in service.argv or service.env["TWIN_LLM_PORT"] == str(port)
        assert not any("0.0.0.0" in word for word in service.argv)


def test_the_twins_own_servers_are_told_where_everything_is() -> None:
    found = every(PlatformSettings(llm_environment=Path("/opt/serve"), recipe="demo"))
    assert found["llm"].argv[1:] == ("-m", "twin_serve.llm.launcher")
    assert found["llm"].env["TWIN_LLM_PYTHON"] == "/opt/serve/bin/python"
    assert found["llm"].env["TWIN_LLM_PORT"] == "8001"
    assert found["llm"].requirements[0].path == Path("/opt/serve/bin/python")
    assert found["business"].env["TWIN_LLM_URL"] == "http://127.0.0.1:8001"
    assert found["business"].probe == HttpProbe("http://127.0.0.1:8080/healthz")
    assert registry_uri(HOME) in found["mlflow"].argv


def test_the_users_cluster_is_asked_and_not_started() -> None:
    settings = PlatformSettings.from_environment(
        {"ELASTICSEARCH_URL": "https://search.example", "ELASTICSEARCH_API_KEY": "s3cret"}
    )
    service = every(settings)["elasticsearch"]
    assert service.is_external and service.prepare is None
    assert service.probe == HttpProbe("https://search.example", {"Authorization": "ApiKey s3cret"}, remote=True)
    assert every(settings)["business"].env["ELASTICSEARCH_URL"] == "https://search.example"
    assert "s3cret" not in repr(service.probe)


def test_workers_of_a_remote_server_poll_it() -> None:
    settings = PlatformSettings.from_environment(
        {"PREFECT_API_URL": "https://flows.example/api", "PREFECT_API_KEY": "k"}
    )
    found = every(settings)
    assert found["prefect"].is_external
    worker = found["worker-gpu"]
    assert worker.env["PREFECT_API_URL"] == "https://flows.example/api"
    assert isinstance(worker.probe, WorkerProbe)
    assert worker.probe.headers == {"Authorization": "Bearer k"}
    assert worker.probe.worker in worker.argv


def test_two_homes_have_workers_of_different_names() -> None:
    one, other = (
        next(s for s in services(TwinHome(Path(root)), PlatformSettings()) if s.name == "worker-cpu")
        for root in ("/a", "/b")
    )
    assert one.probe != other.probe


def test_only_what_concerns_a_service_restarts_it() -> None:
    before, after = every(), every(PlatformSettings(ports=Ports(mlflow=5001)))
    assert changed(before, after) == {"mlflow", *WORKERS}


def test_after_an_update_the_service_that_answers_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    before = every()
    monkeypatch.setattr("flows.platform.services.answering_code", lambda: "another")
    after = every()
    assert changed(before, after) == {"business"}


@pytest.mark.parametrize(
    ("variable", "value", "restarted"),
    [
        ("TWIN_DATABASE_URL", "postgresql://twin:s3cret@db.example/twin", {"business", *WORKERS}),
        ("TWIN_CACHE", "/elsewhere", {"elasticsearch", "llm", "business", *WORKERS}),
        ("TWIN_RECIPE", "laptop", {"llm", *WORKERS}),
        ("TWIN_LLM_ENV", "/elsewhere", {"llm", *WORKERS}),
        ("TWIN_LLM_DEVICE", "gpu", {"llm", *WORKERS}),
        ("TWIN_PERSONAS", "ada", {"llm", *WORKERS}),
        ("TWIN_PORT_BUSINESS", "9080", {"business", *WORKERS}),
        ("TWIN_PORT_LLM", "9001", {"llm", "business", *WORKERS}),
        ("TWIN_TEACHER_API_KEY", "s3cret", {"business", *WORKERS}),
        ("TWIN_REFERENCE_API_KEY", "s3cret", {"business", *WORKERS}),
        ("NOT_OURS", "s3cret", set()),
    ],
)
def test_what_is_told_otherwise_reaches_every_process_that_goes_by_it(
    variable: str, value: str, restarted: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker's flows ask the service, stop and start vLLM, open the database and ask a recipe's endpoints."""
    monkeypatch.delenv(variable, raising=False)
    before = every(PlatformSettings.from_environment())
    monkeypatch.setenv(variable, value)
    after = every(PlatformSettings.from_environment())
    assert changed(before, after) == restarted
    assert all(after[name].env[variable] == value for name in WORKERS & restarted)
    assert not any("s3cret" in service.fingerprint for service in after.values())


@pytest.mark.parametrize(
    ("faster", "told", "dtype"), [(True, None, "bfloat16"), (False, None, "float32"), (False, "bfloat16", "bfloat16")]
)
def test_a_cpu_answers_in_the_faster_format_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch, faster: bool, told: str | None, dtype: str
) -> None:
    monkeypatch.setattr(platform_services, "is_faster_in_bfloat16", lambda: faster)
    monkeypatch.delenv("TWIN_LLM_CPU_DTYPE", raising=False)
    if told:
        monkeypatch.setenv("TWIN_LLM_CPU_DTYPE", told)
    assert every()["llm"].env["TWIN_LLM_CPU_DTYPE"] == dtype


def test_keys_go_by_the_names_that_the_recipe_gives_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("datasets: {teacher: {kind: endpoint, api_key_variable: OUR_KEY}}", "utf-8")
    monkeypatch.setenv("OUR_KEY", "s3cret")
    assert every(PlatformSettings(recipe=str(recipe)))["worker-gpu"].env["OUR_KEY"] == "s3cret"
    assert "OUR_KEY" not in every()["worker-gpu"].env


def test_the_default_names_of_keys_are_those_of_the_recipe() -> None:
    owners = (TeacherConfig, EndpointJudge, ReferenceEndpoint)
    assert tuple(owner.model_fields["api_key_variable"].default for owner in owners) == DEFAULTS


def test_a_selection_brings_what_it_needs() -> None:
    assert [service.name for service in select(every().values(), ["worker-cpu"])] == ["prefect", "worker-cpu"]
    assert {service.name for service in select(every().values(), [])} == NAMES


def test_an_unknown_name_lists_the_known() -> None:
    with pytest.raises(PlatformError, match="no service 'kibana'") as caught:
        select(every().values(), ["kibana"])
    assert "elasticsearch" in caught.value.next_step
