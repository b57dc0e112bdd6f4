from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from flows.platform import supervisor
from flows.platform.health import HttpProbe
from flows.platform.home_schema import open_home
from flows.platform.processes import HOME_MARKER, SERVICE_MARKER, environment_of
from flows.platform.service import Service
from flows.platform.services import marker
from twin_data.configuration.home import TwinHome

TINY_SERVER = Path(__file__).with_name("tiny_server.py")
MakeService = Callable[..., Service]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[TwinHome]:
    """An opened home; whatever a test leaves running in it is ended."""
    opened = open_home(TwinHome(tmp_path / "home"))
    yield opened
    supervisor.down(opened, [])


@pytest.fixture
def free_port() -> Callable[[], int]:
    def find() -> int:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return int(probe.getsockname()[1])

    return find


@pytest.fixture
def make_service(home: TwinHome, free_port: Callable[[], int], tmp_path: Path) -> MakeService:
    """Makes services whose server is the tiny one; keyword arguments override a service's fields."""

    def make(name: str = "tiny", *arguments: str, **fields: Any) -> Service:
        port = fields.pop("port", None) or free_port()
        url = f"http://127.0.0.1:{port}"
        defaults: dict[str, Any] = {
            "title": "a test's server",
            "argv": (sys.executable, "-I", "-S", str(TINY_SERVER), "--port", str(port), *arguments),
            "shared_env": {HOME_MARKER: marker(home), SERVICE_MARKER: name},
            "cwd": tmp_path,
            "probe": HttpProbe(url),
            "url": url,
            "log": home.logs / f"{name}.log",
            "port": port,
            "start_timeout_s": 20.0,
            "stop_timeout_s": 5.0,
        }
        return Service(name=name, **{**defaults, **fields})

    return make


@pytest.fixture
def processes_of(home: TwinHome) -> Callable[[], list[psutil.Process]]:
    """Every living process that carries the home's mark, found without the code under test."""

    def find() -> list[psutil.Process]:
        return [p for p in psutil.process_iter() if environment_of(p).get(HOME_MARKER) == str(home.root.resolve())]

    return find
