from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx
import psutil
import pytest

from flows.platform import launch, run_files, supervisor
from flows.platform.service import Requirement, Service
from flows.platform.settings import PlatformSettings
from flows.platform.status import status
from twin_data.configuration.home import TwinHome
from twin_data.contracts.errors import PlatformError

MakeService = Callable[..., Service]
ProcessesOf = Callable[[], list[psutil.Process]]


def wait_until(condition: Callable[[], object], timeout_s: float = 10.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def pid_of(home: TwinHome, name: str = "tiny") -> int:
    record = run_files.read(home, name)
    assert record
    return record.pid


def test_up_starts_in_order_of_need_and_down_leaves_nothing(
    home: TwinHome, make_service: MakeService, processes_of: ProcessesOf
) -> None:
    first = make_service("first", "--delay-s", "0.5")
    second = make_service("second", needs=("first",))
    said: list[str] = []

    found = supervisor.up(home, [first, second], report=said.append)

    assert [(one.name, one.state) for one in found] == [("first", "running"), ("second", "running")]
    assert all(one.pid and one.memory_bytes and one.uptime_s is not None for one in found)
    assert said.index("starting second") > next(n for n, line in enumerate(said) if line.startswith("first is ready"))
    assert supervisor.down(home, [first, second]) == ("second", "first")
    assert processes_of() == []
    assert {path.name for path in home.run.iterdir()} == {"lock"}
    assert [one.state for one in status(home, [first, second])] == ["stopped", "stopped"]


def test_the_recorded_process_is_the_server_in_a_session_of_its_own(home: TwinHome, make_service: MakeService) -> None:
    service = make_service()
    supervisor.up(home, [service])
    record = run_files.read(home, "tiny")
    assert record
    assert psutil.Process(record.pid).cmdline() == list(service.argv)
    assert os.getsid(record.pid) == record.group != os.getsid(0)
    assert record.healthy_at and record.port == service.port


def test_up_again_starts_nothing(home: TwinHome, make_service: MakeService) -> None:
    service = make_service()
    supervisor.up(home, [service])
    before, said = pid_of(home), []
    supervisor.up(home, [service], report=said.append)
    assert pid_of(home) == before
    assert said == []


def test_a_killed_server_is_seen_and_only_it_is_started_again(home: TwinHome, make_service: MakeService) -> None:
    both = [make_service("tiny"), make_service("other")]
    supervisor.up(home, both)
    untouched, killed = pid_of(home, "other"), pid_of(home)
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: run_files.exit_status(home, "tiny") is not None)

    dead, other = status(home, both)

    assert (dead.state, other.state) == ("dead", "running")
    assert dead.detail == "killed by SIGKILL; last log line: tiny server speaking"
    assert [one.state for one in supervisor.up(home, both)] == ["running", "running"]
    assert pid_of(home) != killed
    assert pid_of(home, "other") == untouched


def test_changed_settings_restart_a_server(home: TwinHome, make_service: MakeService) -> None:
    service = make_service(env={"TINY_ANSWER": "old"})
    supervisor.up(home, [service])
    changed = replace(service, env={"TINY_ANSWER": "new"})
    assert "other settings" in status(home, [changed])[0].detail
    supervisor.up(home, [changed])
    assert httpx.get(service.url, trust_env=False).text == "new"


def test_a_server_that_dies_while_starting_is_explained(home: TwinHome, make_service: MakeService) -> None:
    message = "ImportError: libnuma.so.1: cannot open shared object file"
    with pytest.raises(PlatformError) as caught:
        supervisor.up(home, [make_service("tiny", "--die-saying", message)])
    assert "tiny ended while starting (exit code 1): the system library libnuma.so.1 is missing" in caught.value.message
    assert message in caught.value.message
    assert caught.value.next_step == "apt-get install libnuma1"


def test_an_old_crash_in_the_log_is_not_blamed_on_the_new_one(home: TwinHome, make_service: MakeService) -> None:
    for message in ("No space left on device", "something else"):
        with pytest.raises(PlatformError) as caught:
            supervisor.up(home, [make_service("tiny", "--die-saying", message)])
    assert "disk" not in caught.value.message
    assert caught.value.next_step.startswith("see ")


def test_a_program_that_does_not_exist(home: TwinHome, make_service: MakeService) -> None:
    with pytest.raises(PlatformError, match="exit code 127"):
        supervisor.up(home, [make_service(argv=("/nonexistent/program",))])


def test_a_failed_service_stops_only_those_that_need_it(home: TwinHome, make_service: MakeService) -> None:
    failing = make_service("failing", "--die-saying", "no")
    needing = make_service("needing", needs=("failing",))
    alone = make_service("alone", "--delay-s", "0.5")
    with pytest.raises(PlatformError, match="needing was not started: it needs failing"):
        supervisor.up(home, [failing, needing, alone])
    assert [one.state for one in status(home, [needing, alone])] == ["stopped", "running"]


def test_an_optional_service_may_fail(home: TwinHome, make_service: MakeService) -> None:
    said: list[str] = []
    services = [make_service("extra", "--die-saying", "no", optional=True), make_service("main")]
    found = supervisor.up(home, services, report=said.append)
    assert [one.state for one in found] == ["dead", "running"]
    assert any("goes on without it" in line for line in said)


def test_a_mute_server_is_left_running_and_recorded(home: TwinHome, make_service: MakeService) -> None:
    service = make_service("tiny", "--mute", start_timeout_s=0.5)
    with pytest.raises(PlatformError, match="not ready after 0 s"):
        supervisor.up(home, [service])
    assert status(home, [service])[0].state == "unresponsive"
    assert status(home, [service])[0].pid == pid_of(home)


def test_not_waiting_leaves_it_starting(home: TwinHome, make_service: MakeService) -> None:
    found = supervisor.up(home, [make_service("tiny", "--delay-s", "3")], wait=False)
    assert found[0].state == "starting"


def test_an_interrupt_leaves_what_runs_recorded(home: TwinHome, make_service: MakeService) -> None:
    service = make_service("tiny", "--delay-s", "1")

    def interrupt(line: str) -> None:
        if line == "starting second":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        supervisor.up(home, [service, make_service("second")], report=interrupt)
    started = pid_of(home)
    supervisor.up(home, [service])
    assert pid_of(home) == started


def test_a_port_in_use_names_its_holder(
    home: TwinHome, make_service: MakeService, free_port: Callable[[], int]
) -> None:
    port = free_port()
    tiny_server = make_service("tiny", port=port)
    with subprocess.Popen(tiny_server.argv, stdout=subprocess.DEVNULL) as holder:
        try:
            wait_until(lambda: tiny_server.probe.is_ready(None))
            with pytest.raises(PlatformError) as caught:
                supervisor.up(home, [tiny_server])
        finally:
            holder.kill()
    assert f"port {port}, which tiny needs, is in use by process {holder.pid}" in caught.value.message
    assert f"kill {holder.pid}" in caught.value.next_step
    assert "TWIN_PORT_TINY=" in caught.value.next_step
    assert run_files.read(home, "tiny") is None


def test_a_missing_requirement_is_named(home: TwinHome, make_service: MakeService, tmp_path: Path) -> None:
    requirement = Requirement(tmp_path / "absent", "a thing", "fetch the thing")
    with pytest.raises(PlatformError, match="tiny needs a thing") as caught:
        supervisor.up(home, [make_service(requirements=(requirement,))])
    assert caught.value.next_step == "fetch the thing"


def test_too_little_memory_is_named(home: TwinHome, make_service: MakeService) -> None:
    with pytest.raises(PlatformError, match=r"tiny takes about 10000000000 MB of memory; \d+ MB are free"):
        supervisor.up(home, [make_service(memory_mb=10**10)])


def test_a_full_disk_is_named(home: TwinHome, make_service: MakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "FREE_DISK_BYTES_MIN", 10**18)
    with pytest.raises(PlatformError, match=r"the disk of .* is full") as caught:
        supervisor.up(home, [make_service()])
    assert "free disk space" in caught.value.next_step


def test_a_stubborn_server_and_a_child_that_left_its_session_are_ended(
    home: TwinHome, make_service: MakeService, processes_of: ProcessesOf
) -> None:
    service = make_service("tiny", "--stubborn", "--escaping-child", stop_timeout_s=0.5)
    supervisor.up(home, [service])
    assert len(processes_of()) == 3  # keeper, server, child
    supervisor.down(home, [service])
    assert processes_of() == []


def test_down_finds_orphans_whose_records_and_keepers_are_gone(
    home: TwinHome, make_service: MakeService, processes_of: ProcessesOf
) -> None:
    service = make_service("tiny", "--escaping-child")
    supervisor.up(home, [service])
    record = run_files.read(home, "tiny")
    assert record
    os.kill(record.group, signal.SIGKILL)
    os.waitpid(record.group, 0)
    os.kill(record.pid, signal.SIGKILL)
    run_files.record_path(home, "tiny").unlink()
    wait_until(lambda: len(processes_of()) == 1)
    supervisor.down(home, [])
    assert processes_of() == []


def test_up_ends_a_server_whose_record_was_lost(home: TwinHome, make_service: MakeService) -> None:
    service = make_service()
    supervisor.up(home, [service])
    lost = pid_of(home)
    run_files.remove(home, "tiny")
    supervisor.up(home, [service])  # the port would be in use otherwise
    assert pid_of(home) != lost
    assert not psutil.pid_exists(lost)


def test_work_in_progress_outlives_a_restart_and_not_a_down(
    home: TwinHome, make_service: MakeService, processes_of: ProcessesOf
) -> None:
    service = make_service("tiny", "--escaping-child", children_outlive_it=True)
    supervisor.up(home, [service])
    (work,) = [p for p in processes_of() if "time.sleep" in " ".join(p.cmdline())]
    os.kill(pid_of(home), signal.SIGKILL)
    wait_until(lambda: run_files.exit_status(home, "tiny") is not None)
    supervisor.up(home, [service])
    assert work.is_running()
    supervisor.down(home, [service])
    assert processes_of() == []


def test_a_process_with_another_birth_is_never_touched(home: TwinHome, make_service: MakeService) -> None:
    service = make_service()
    supervisor.up(home, [service])
    record = run_files.read(home, "tiny")
    assert record
    time.sleep(0.05)  # births are told apart by the clock's tick, a hundredth of a second
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as stranger:
        try:
            supervisor.stop(home, [service])
            run_files.write(home, record.model_copy(update={"pid": stranger.pid, "group": os.getpgid(stranger.pid)}))
            assert status(home, [service])[0].state == "dead"
            assert supervisor.down(home, [service]) == ()
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_another_home_is_left_alone(home: TwinHome, make_service: MakeService, tmp_path: Path) -> None:
    supervisor.up(home, [make_service()])
    supervisor.down(TwinHome(tmp_path / "elsewhere"), [])
    assert psutil.pid_exists(pid_of(home))


def test_down_writes_nothing_into_what_is_no_home(tmp_path: Path) -> None:
    supervisor.down(TwinHome(tmp_path), [])
    assert list(tmp_path.iterdir()) == []


def test_down_finds_the_processes_of_a_home_that_was_deleted(
    home: TwinHome, make_service: MakeService, processes_of: ProcessesOf
) -> None:
    supervisor.up(home, [make_service()])
    shutil.rmtree(home.root)
    supervisor.down(home, [])
    assert processes_of() == []


def test_two_ups_at_once_start_one_server(home: TwinHome, make_service: MakeService, processes_of: ProcessesOf) -> None:
    service = make_service("tiny", "--delay-s", "0.5")
    said: list[str] = []
    threads = [
        threading.Thread(target=supervisor.up, args=(home, [service]), kwargs={"report": said.append}) for _ in "ab"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(processes_of()) == 2  # keeper and server
    assert said.count("starting tiny") == 1


def test_a_large_log_is_rotated_at_start(home: TwinHome, make_service: MakeService) -> None:
    service = make_service()
    service.log.parent.mkdir()
    with service.log.open("wb") as log:
        log.truncate(launch.ROTATE_BYTES + 1)
    supervisor.up(home, [service])
    assert service.log.stat().st_size < 1000
    assert service.log.with_name("tiny.log.1").stat().st_size > launch.ROTATE_BYTES


def test_preparation_comes_after_the_others_are_started(home: TwinHome, make_service: MakeService) -> None:
    said: list[str] = []
    prepared = make_service("prepared", prepare=lambda report: report("preparing"))
    supervisor.up(home, [prepared, make_service("other")], report=said.append)
    assert said[:3] == ["starting other", "preparing", "starting prepared"]


def test_an_external_service_is_only_asked(home: TwinHome, make_service: MakeService) -> None:
    server = make_service("server")
    supervisor.up(home, [server])
    external = replace(make_service("elasticsearch", port=server.port), argv=(), start_timeout_s=0.3)
    (found,) = supervisor.up(home, [external])
    assert (found.state, found.pid) == ("external", None)
    supervisor.down(home, [server])
    with pytest.raises(PlatformError, match="does not answer") as caught:
        supervisor.up(home, [external])
    assert "ELASTICSEARCH_URL" in caught.value.next_step
    assert status(home, [external])[0].state == "unreachable"


def test_ensure_refuses_an_unknown_name(tmp_path: Path) -> None:
    with pytest.raises(PlatformError, match="no service 'serch'"):
        supervisor.ensure(TwinHome(tmp_path / "home"), PlatformSettings(), ["serch"])


def test_a_restart_renews_what_is_named_and_nothing_of_what_it_needs(
    home: TwinHome, make_service: MakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = make_service("first"), make_service("second", needs=("first",))
    monkeypatch.setattr(supervisor, "services", lambda home, settings: [first, second])
    supervisor.ensure(home, PlatformSettings(), ("second",))
    before = pid_of(home, "first"), pid_of(home, "second")
    supervisor.ensure(home, PlatformSettings(), ("second",), restart=True)
    assert pid_of(home, "first") == before[0]
    assert pid_of(home, "second") != before[1]


def test_what_was_set_aside_is_brought_back_also_by_another_process(home: TwinHome, make_service: MakeService) -> None:
    service, said = make_service(), []
    supervisor.up(home, [service])
    assert supervisor.set_aside(home, service)
    assert status(home, [service])[0].state == "stopped"
    assert not supervisor.set_aside(home, service), "it does not run any more, and is remembered nevertheless"
    supervisor.bring_back(home, service)
    assert status(home, [service])[0].state == "running"
    supervisor.stop(home, [service])
    supervisor.bring_back(home, service, report=said.append)
    assert said == [], "it was not set aside again"


def test_what_did_not_run_or_was_taken_down_is_not_brought_back(home: TwinHome, make_service: MakeService) -> None:
    service = make_service()
    assert not supervisor.set_aside(home, service)
    supervisor.bring_back(home, service)
    supervisor.up(home, [service])
    supervisor.set_aside(home, service)
    supervisor.down(home, [service])
    supervisor.bring_back(home, service)
    assert status(home, [service])[0].state == "stopped"
