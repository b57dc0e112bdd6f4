from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from pydantic import SecretStr

from flows.cli.prefect_environment import personas_without_deployments, use_prefect
from flows.platform.settings import PlatformSettings
from twin_data.configuration.home import TwinHome

KEY = "pnu_a-key"


class Guarded(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        allowed = self.headers.get("Authorization") == f"Bearer {KEY}"
        known = self.path in ("/api/health", "/api/deployments/name/refresh-twin/ada")
        self.send_response(401 if not allowed else 200 if known else 404)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def address() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Guarded)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/api"
    server.shutdown()
    server.server_close()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TwinHome:
    monkeypatch.setattr(os, "environ", os.environ.copy())  # what is set for this process must not reach other tests
    for persona in ("ada", "bob"):
        (tmp_path / "personas" / persona).mkdir(parents=True)
        (tmp_path / "personas" / persona / "persona.yaml").write_text("name: x\n", "utf-8")
    return TwinHome(tmp_path)


def settings(address: str, key: str | None) -> PlatformSettings:
    return PlatformSettings(prefect_api_url=address, prefect_api_key=SecretStr(key) if key else None)


def test_a_server_that_asks_for_its_key_gets_it(home: TwinHome, address: str) -> None:
    assert use_prefect(home, settings(address, KEY))
    assert os.environ["PREFECT_API_URL"] == address
    assert not use_prefect(home, settings(address, None)), "without the key it is no server of ours"
    assert "PREFECT_API_URL" not in os.environ


def test_personas_that_the_server_does_not_know_are_named(home: TwinHome, address: str) -> None:
    assert personas_without_deployments(home, settings(address, KEY)) == ["bob"]
    assert personas_without_deployments(home, settings(address, None)) == ["ada", "bob"]
