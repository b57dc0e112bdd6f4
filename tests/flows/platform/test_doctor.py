from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flows.platform import doctor, supervisor
from flows.platform.home_schema import SCHEMA_VERSION, open_home
from flows.platform.service import Service
from flows.platform.services import services
from flows.platform.settings import PlatformSettings
from twin_data.configuration.home import TwinHome

MakeService = Callable[..., Service]


def test_the_system_must_be_the_one_the_lock_is_for() -> None:
    assert doctor.check_system("linux", "x86_64").ok
    wrong = doctor.check_system("darwin", "arm64")
    assert not wrong.ok and wrong.required
    assert "darwin arm64" in wrong.detail and "WSL" in wrong.next_step


@pytest.mark.parametrize(
    ("version", "ok"), [((3, 11, 4), True), ((3, 12, 9), True), ((3, 11, 3), False), ((3, 13, 0), False)]
)
def test_the_python_versions_of_the_lock(version: tuple[int, ...], ok: bool) -> None:
    assert doctor.check_python(version).ok is ok


def test_missing_packages_are_named_as_apt_knows_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert doctor.check_compiler().next_step == "apt-get install g++"
    assert not doctor.check_browser().required
    assert doctor.check_libnuma("libnuma-of-nowhere.so.1").next_step == "apt-get install libnuma1"


def test_memory_for_all_or_for_what_is_left(home: TwinHome, make_service: MakeService) -> None:
    service = make_service()
    assert not doctor.check_memory(home, [service], available_bytes=5 * 10**9).ok
    assert doctor.check_memory(home, [service], available_bytes=9 * 10**9).ok
    supervisor.up(home, [service])
    assert doctor.check_memory(home, [service], available_bytes=5 * 10**9).ok


def test_a_small_disk_names_the_variable(tmp_path: Path) -> None:
    folder = tmp_path / "not" / "there" / "yet"
    assert doctor.check_disk("disk", folder, "TWIN_HOME", free_bytes=10**12).ok
    small = doctor.check_disk("disk", folder, "TWIN_HOME", free_bytes=10**9)
    assert not small.ok and "TWIN_HOME" in small.next_step


def test_the_environment_must_hold_vllm(tmp_path: Path) -> None:
    settings = PlatformSettings(llm_environment=tmp_path)
    assert not doctor.check_llm_environment(settings).ok
    for path in ("bin/python", "lib/python3.12/site-packages/vllm/__init__.py"):
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).touch()
    assert doctor.check_llm_environment(settings).ok


def test_elasticsearch_that_is_not_downloaded_yet_is_no_fault(tmp_path: Path) -> None:
    found = doctor.check_elasticsearch(PlatformSettings(cache=tmp_path))
    assert not found.ok and not found.required
    assert doctor.check_elasticsearch(PlatformSettings(cache=tmp_path, elasticsearch_url="http://es")).ok


def test_the_homes_version(tmp_path: Path) -> None:
    home = TwinHome(tmp_path / "home")
    assert doctor.check_home(home).ok
    assert doctor.check_home(open_home(home)).ok
    home.version_file.write_text(str(SCHEMA_VERSION + 1))
    assert not doctor.check_home(home).ok
    home.version_file.write_text("?")
    assert "restore" in doctor.check_home(home).next_step


def test_a_clock_that_was_never_set() -> None:
    assert doctor.check_clock([]).ok
    assert not doctor.check_clock([], now=datetime(1970, 1, 2, tzinfo=UTC)).ok


def test_a_clock_beside_that_of_the_users_server(home: TwinHome, make_service: MakeService) -> None:
    server = make_service()
    supervisor.up(home, [server])
    external = replace(server, argv=())
    assert doctor.check_clock([external]).detail.endswith("off the clock of tiny")
    assert not doctor.check_clock([external], now=datetime(2038, 1, 1, tzinfo=UTC)).ok


def test_a_port_is_free_or_ours_or_taken(home: TwinHome, make_service: MakeService) -> None:
    service = make_service()
    assert "free" in doctor.check_port(home, service).detail
    with subprocess.Popen(service.argv, stdout=subprocess.DEVNULL) as stranger:
        try:
            deadline = time.monotonic() + 10
            while not service.probe.is_ready(None) and time.monotonic() < deadline:
                time.sleep(0.05)
            taken = doctor.check_port(home, service)
        finally:
            stranger.kill()
    assert not taken.ok
    assert str(stranger.pid) in taken.detail and "TWIN_PORT_TINY" in taken.next_step
    supervisor.up(home, [service])
    assert doctor.check_port(home, service).ok


def test_only_started_services_are_asked(home: TwinHome, make_service: MakeService) -> None:
    service = make_service()
    assert doctor.check_services(home, [service]) == ()
    supervisor.up(home, [service])
    (found,) = doctor.check_services(home, [service])
    assert found.ok and "running" in found.detail


def test_every_check_that_fails_says_what_to_do(tmp_path: Path) -> None:
    home, settings = TwinHome(tmp_path / "home"), PlatformSettings(cache=tmp_path, llm_environment=tmp_path)
    checks = doctor.examine(home, settings, services(home, settings))
    assert {"system", "Python", "g++", "libnuma1", "memory", "home", "clock", "chromium"} <= {
        check.name for check in checks
    }
    assert all(bool(check.next_step) is not check.ok for check in checks)
    assert not home.root.exists()
