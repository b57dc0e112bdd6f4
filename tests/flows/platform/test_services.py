from __future__ import annotations

from pathlib import Path

import pytest

from flows.platform.health import HttpProbe, WorkerProbe
from flows.platform.processes import HOME_MARKER, SERVICE_MARKER
from flows.platform.service import QUIET, Service, select
from flows.platform.services import registry_uri, services
from flows.platform.settings import PlatformSettings, Ports
from twin_data.configuration.home import TwinHome
from twin_data.contracts.errors import PlatformError

HOME = TwinHome(Path("/somewhere/.twin"))
NAMES = {"elasticsearch", "prefect", "mlflow", "worker-cpu", "worker-gpu", "evidently", "llm", "business"}


def every(settings: PlatformSettings | None = None) -> dict[str, Service]:
    return {
        service.name: service for service in services(HOME, settings or PlatformSettings(), python="/usr/bin/python")
    }


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
    before, after = every(), every(PlatformSettings(ports=Ports(mlflow=5001), recipe="laptop"))
    changed = {name for name in NAMES if before[name].fingerprint != after[name].fingerprint}
    assert changed == {"mlflow", "llm"}


def test_after_an_update_the_service_that_answers_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    before = every()
    monkeypatch.setattr("flows.platform.services.answering_code", lambda: "another")
    after = every()
    assert {name for name in NAMES if before[name].fingerprint != after[name].fingerprint} == {"business"}


def test_another_device_starts_the_language_model_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TWIN_LLM_DEVICE", raising=False)
    before = every()
    monkeypatch.setenv("TWIN_LLM_DEVICE", "gpu")
    after = every()
    assert {name for name in NAMES if before[name].fingerprint != after[name].fingerprint} == {"llm"}


def test_a_selection_brings_what_it_needs() -> None:
    assert [service.name for service in select(every().values(), ["worker-cpu"])] == ["prefect", "worker-cpu"]
    assert {service.name for service in select(every().values(), [])} == NAMES


def test_an_unknown_name_lists_the_known() -> None:
    with pytest.raises(PlatformError, match="no service 'kibana'") as caught:
        select(every().values(), ["kibana"])
    assert "elasticsearch" in caught.value.next_step
