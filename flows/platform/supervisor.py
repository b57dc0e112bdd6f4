"""Bring services up, wait until they answer, and take them down without leaving a process behind."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path

import psutil

from flows.platform import processes, run_files
from flows.platform.home_schema import open_home
from flows.platform.launch import died, launch, timed_out
from flows.platform.locks import exclusive, ignore
from flows.platform.run_files import RunRecord
from flows.platform.service import Report, Service, select
from flows.platform.services import marker, services
from flows.platform.settings import PlatformSettings
from flows.platform.status import ServiceStatus, status
from twin_data.configuration.home import TwinHome
from twin_data.contracts.errors import PlatformError

LOCK_TIMEOUT_S = 900.0
POLL_S = 0.25
SAY_EVERY_S = 10.0
SWEEP_TIMEOUT_S = 3.0


def ensure(
    home: TwinHome,
    settings: PlatformSettings,
    names: Collection[str] = (),
    *,
    restart: bool = False,
    report: Report = ignore,
) -> tuple[ServiceStatus, ...]:
    """Have the named services and all they need running, in a home that is up to date; all services without names.

    Args:
        home: Whose platform.
        settings: Addresses and sizes.
        names: Of services; none means all.
        restart: Stop those that are named first, and nothing of what they need.
        report: Told about each step.

    Raises:
        PlatformError: A name is unknown, or a service that is not optional cannot be started.
    """
    open_home(home, report=report)
    wanted = select(services(home, settings), names)
    if restart:
        with exclusive(lock_path(home), timeout_s=LOCK_TIMEOUT_S, report=report):
            stop(home, [one for one in wanted if not names or one.name in names], report)
    return up(home, wanted, report=report)


def up(
    home: TwinHome, wanted: Sequence[Service], *, wait: bool = True, report: Report = ignore
) -> tuple[ServiceStatus, ...]:
    """Start what is not running, in order of need and otherwise at once, and wait until all answer.

    Interrupted, it leaves what it has started running and recorded: the next `up` or `down` goes on from there.

    Args:
        home: An opened home.
        wanted: Services with all they need among them.
        wait: False returns as soon as every process is started.
        report: Told about each step.

    Raises:
        PlatformError: A service that is not optional failed; the others are running nevertheless.
    """
    with exclusive(lock_path(home), timeout_s=LOCK_TIMEOUT_S, report=report):
        failures = _Startup(home, wanted, report).run(wait=wait)
    if required := [error for service, error in failures if not service.optional]:
        raise PlatformError("\n".join(error.message for error in required), next_step=required[0].next_step)
    return status(home, wanted)


def down(home: TwinHome, every: Sequence[Service], *, report: Report = ignore) -> tuple[str, ...]:
    """Stop every process of a home, also those that a crash has left behind; returns the services that were running.

    Raises:
        PlatformError: A process would not end.
    """
    if not home.version_file.is_file():  # removed by hand, perhaps; nothing is written into what is no home
        _sweep(home)
        return ()
    with exclusive(lock_path(home), timeout_s=LOCK_TIMEOUT_S, report=report):
        stopped = stop(home, every, report)
        _sweep(home)
        for leftover in (*home.run.glob("*.json"), *home.run.glob("*.exit*"), *home.run.glob("*.aside")):
            leftover.unlink(missing_ok=True)
    return stopped


def lock_path(home: TwinHome) -> Path:
    """The lock that `up`, `down` and `restore` of one home take."""
    return home.run / "lock"


def stop(home: TwinHome, every: Sequence[Service], report: Report = ignore) -> tuple[str, ...]:
    """Stop services, those that need others first; returns the names of those that were running."""
    stopped: list[str] = []
    left = [service for service in every if not service.is_external]
    while left:
        needed = {need for service in left for need in service.needs}
        wave = [service for service in left if service.name not in needed]
        stopped += _stop_wave(home, wave, report)
        left = [service for service in left if service.name in needed]
    return tuple(stopped)


def set_aside(home: TwinHome, service: Service, *, report: Report = ignore) -> bool:
    """Stop a service until `bring_back`; returns whether it ran. A note of it outlives this process.

    Raises:
        PlatformError: It would not end.
    """
    with exclusive(lock_path(home), timeout_s=LOCK_TIMEOUT_S, report=report):
        if was_running := is_running(home, service.name):
            run_files.aside_path(home, service.name).touch()
            stop(home, [service], report)
    return was_running


def bring_back(home: TwinHome, service: Service, *, wait: bool = True, report: Report = ignore) -> None:
    """Start a service again that was set aside, by whatever process; nothing happens if it was not, or after a `down`.

    Args:
        home: Whose platform.
        service: One that needs no other.
        wait: Until it is ready.
        report: Told about each step.

    Raises:
        PlatformError: It cannot be started; the note stays.
    """
    note = run_files.aside_path(home, service.name)
    if note.exists():
        up(home, [service], wait=wait, report=report)
        note.unlink(missing_ok=True)


def is_running(home: TwinHome, name: str) -> bool:
    """Whether the process of a service that this home's platform has started lives."""
    record = run_files.read(home, name)
    return record is not None and processes.find(record.pid, record.create_time) is not None


def _stop_wave(home: TwinHome, wave: list[Service], report: Report) -> list[str]:
    running: list[tuple[Service, RunRecord, psutil.Process]] = []
    for service in wave:
        record = run_files.read(home, service.name)
        process = processes.find(record.pid, record.create_time) if record else None
        if record and process:
            running.append((service, record, process))
    for service, record, process in running:
        report(f"stopping {service.name}")
        if service.children_outlive_it:
            _end_work_in_progress(home, service)
        processes.terminate_group(process, record.group)
    deadline = time.monotonic() + max((service.stop_timeout_s for service in wave), default=0.0)
    processes.wait_for_end([process for _, _, process in running], max(0.0, deadline - time.monotonic()))
    for service in wave:
        processes.sweep(marker(home), service=service.name, timeout_s=SWEEP_TIMEOUT_S)
        run_files.remove(home, service.name)
    for _, record, _ in running:
        processes.reap(record.group)
    return [service.name for service, _, _ in running]


def _end_work_in_progress(home: TwinHome, service: Service) -> None:
    """End a worker's flow runs while it lives, so that it still reports them as crashed instead of running for ever."""
    family = processes.marked(marker(home), service.name)
    work = [process for process in family if not processes.runs(process, service.argv)]
    processes.stop_all(work, timeout_s=SWEEP_TIMEOUT_S)


def _sweep(home: TwinHome) -> None:
    if left := processes.sweep(marker(home), timeout_s=SWEEP_TIMEOUT_S):
        ids = ", ".join(str(process.pid) for process in left)
        raise PlatformError(
            f"processes {ids} do not end", next_step=f"end them by hand: kill -9 {ids.replace(',', '')}"
        )


class _Startup:
    """One run of `up`: each service goes from waiting over starting to ready or failed."""

    def __init__(self, home: TwinHome, wanted: Sequence[Service], report: Report) -> None:
        self.home = home
        self.report = report
        # What must be prepared, such as a download, comes last: the others start up meanwhile.
        self.waiting = sorted(wanted, key=lambda service: service.prepare is not None)
        self.starting: dict[str, tuple[Service, RunRecord | None, float]] = {}
        self.ready: set[str] = set()
        self.failures: list[tuple[Service, PlatformError]] = []
        self._said_at = time.monotonic()

    def run(self, *, wait: bool) -> list[tuple[Service, PlatformError]]:
        """Go on until every service is ready or has failed; returns the failures."""
        while self.waiting or (wait and self.starting):
            self._begin_what_can()
            for name in list(self.starting):
                self._look_at(name)
            self._say_what_is_awaited()
            if self.starting:
                time.sleep(POLL_S)
        return self.failures

    def _begin_what_can(self) -> None:
        failed = {service.name for service, _ in self.failures}
        for service in list(self.waiting):
            if missing := failed.intersection(service.needs):
                self.waiting.remove(service)
                self._fail(
                    service, PlatformError(f"{service.name} was not started: it needs {', '.join(sorted(missing))}")
                )
            elif self.ready.issuperset(service.needs):
                self.waiting.remove(service)
                self._begin(service)

    def _begin(self, service: Service) -> None:
        deadline = time.monotonic() + service.start_timeout_s
        try:
            record = None if service.is_external else self._running_or_launched(service)
        except PlatformError as error:
            self._fail(service, error)
            return
        self.starting[service.name] = (service, record, max(deadline, time.monotonic() + service.start_timeout_s))

    def _running_or_launched(self, service: Service) -> RunRecord:
        record = run_files.read(self.home, service.name)
        if record and processes.find(record.pid, record.create_time):
            if record.fingerprint == service.fingerprint:
                return record
            self.report(f"restarting {service.name}: its settings or its code have changed")
            stop(self.home, [service], self.report)
        return launch(self.home, service, self.report)

    def _look_at(self, name: str) -> None:
        service, record, deadline = self.starting[name]
        if record and not processes.find(record.pid, record.create_time):
            self._fail(service, died(self.home, service, record))
        elif service.probe.is_ready(record.started_at if record else None):
            self._is_ready(service, record)
        elif time.monotonic() > deadline:
            self._fail(service, timed_out(service, record) if record else _unreachable(service))

    def _is_ready(self, service: Service, record: RunRecord | None) -> None:
        del self.starting[service.name]
        self.ready.add(service.name)
        if record and record.healthy_at is None:
            now = datetime.now(UTC)
            run_files.write(self.home, record.became_healthy(now))
            self.report(f"{service.name} is ready after {(now - record.started_at).total_seconds():.0f} s")

    def _fail(self, service: Service, error: PlatformError) -> None:
        self.starting.pop(service.name, None)
        self.failures.append((service, error))
        consequence = "; the platform goes on without it" if service.optional else ""
        if service.optional or self.starting or self.waiting:  # else the error itself follows at once
            self.report(f"{error.message.splitlines()[0]}{consequence}")

    def _say_what_is_awaited(self) -> None:
        if self.starting and time.monotonic() - self._said_at > SAY_EVERY_S:
            self._said_at = time.monotonic()
            now = datetime.now(UTC)
            ages = [
                f"{name} ({(now - record.started_at).total_seconds():.0f} of at most {service.start_timeout_s:.0f} s)"
                if record else name
                for name, (service, record, _) in self.starting.items()
            ]  # fmt: skip
            self.report(f"waiting for {', '.join(ages)}")


def _unreachable(service: Service) -> PlatformError:
    variable = {"elasticsearch": "ELASTICSEARCH_URL", "prefect": "PREFECT_API_URL"}[service.name]
    return PlatformError(
        f"{service.name} at {service.url} does not answer",
        next_step=f"check {variable} and its key, or unset it to use the platform's own",
    )
