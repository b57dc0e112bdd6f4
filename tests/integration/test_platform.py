"""The real Elasticsearch node and the real Prefect server, as `twin up` starts them."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

import httpx
import pytest

from flows.platform import run_files, supervisor
from flows.platform.service import Service, select
from flows.platform.services import services
from flows.platform.settings import PlatformSettings
from flows.platform.status import status
from twin_data.configuration.home import TwinHome

from .conftest import Twin

pytestmark = pytest.mark.integration

NAMES = ("elasticsearch", "worker-cpu")  # a worker needs the server


@pytest.fixture(scope="module")
def settings(twin: Twin) -> PlatformSettings:
    return twin.settings


@pytest.fixture(scope="module")
def platform(twin: Twin) -> TwinHome:
    """A home with the search engine, the Prefect server and a worker running."""
    return twin.home


@pytest.fixture(scope="module")
def wanted(platform: TwinHome, settings: PlatformSettings) -> tuple[Service, ...]:
    return select(services(platform, settings), NAMES)


def request(method: str, url: str, **arguments: Any) -> Any:
    answer = httpx.request(method, url, timeout=30, trust_env=False, **arguments)
    assert answer.is_success, answer.text
    return answer.json()


def test_everything_that_is_needed_runs(platform: TwinHome, wanted: tuple[Service, ...]) -> None:
    assert {(one.name, one.state) for one in status(platform, wanted)} == {
        ("elasticsearch", "running"), ("prefect", "running"), ("worker-cpu", "running"),
    }  # fmt: skip


def test_the_search_engine_does_what_the_twin_needs(platform: TwinHome, settings: PlatformSettings) -> None:
    """BM25 with the English analyzer and kNN in one request, and an alias that is swapped."""
    url = settings.elasticsearch_address
    assert request("GET", url)["version"]["number"].startswith("9.")
    fields = {"text": {"type": "text", "analyzer": "english"}, "vector": {"type": "dense_vector", "dims": 2}}
    body = {"settings": {"number_of_replicas": 0}, "mappings": {"properties": fields}}
    request("PUT", f"{url}/twin-test-1", json=body)
    for number, (text, vector) in enumerate([("He was running late", [1, 0]), ("Bees make honey", [0, 1])]):
        request("PUT", f"{url}/twin-test-1/_doc/{number}?refresh=true", json={"text": text, "vector": vector})
    request("POST", f"{url}/_aliases", json={"actions": [{"add": {"index": "twin-test-1", "alias": "twin-test"}}]})
    query = {"query": {"match": {"text": "runs"}}}
    assert [hit["_id"] for hit in request("POST", f"{url}/twin-test/_search", json=query)["hits"]["hits"]] == ["0"]
    nearest = {"knn": {"field": "vector", "query_vector": [0.1, 0.9], "k": 1, "num_candidates": 2}}
    assert [hit["_id"] for hit in request("POST", f"{url}/twin-test/_search", json=nearest)["hits"]["hits"]] == ["1"]


def test_the_worker_has_made_its_pool(platform: TwinHome, settings: PlatformSettings) -> None:
    assert request("GET", f"{settings.prefect_address}/work_pools/cpu")["type"] == "process"


def test_up_again_starts_nothing(platform: TwinHome, settings: PlatformSettings) -> None:
    before = [run_files.read(platform, name) for name in ("elasticsearch", "prefect", "worker-cpu")]
    supervisor.ensure(platform, settings, NAMES)
    assert [run_files.read(platform, name) for name in ("elasticsearch", "prefect", "worker-cpu")] == before


def test_acknowledged_documents_survive_a_kill(
    platform: TwinHome, settings: PlatformSettings, wanted: tuple[Service, ...]
) -> None:
    url = f"{settings.elasticsearch_address}/twin-kept/_doc/1"
    request("PUT", url, json={"text": "kept"})
    before = {name: run_files.read(platform, name) for name in ("elasticsearch", "prefect", "worker-cpu")}
    killed = before["elasticsearch"]
    assert killed
    os.kill(killed.pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while run_files.exit_status(platform, "elasticsearch") is None and time.monotonic() < deadline:
        time.sleep(0.05)
    dead = next(one for one in status(platform, wanted) if one.name == "elasticsearch")
    assert dead.state == "dead" and "SIGKILL" in dead.detail

    supervisor.ensure(platform, settings, NAMES)

    assert request("GET", url)["_source"] == {"text": "kept"}
    after = {name: run_files.read(platform, name) for name in before}
    assert {name for name in before if before[name] != after[name]} == {"elasticsearch"}
