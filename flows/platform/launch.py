"""Start one service's process, after checking all that can be checked before."""

from __future__ import annotations

import errno
import os
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path

import psutil

from flows.platform import ports, processes, run_files
from flows.platform.diagnosis import describe_exit, likely_cause
from flows.platform.run_files import RunRecord
from flows.platform.service import QUIET, Report, Service
from flows.platform.services import marker
from twin_data.configuration.home import TwinHome
from twin_data.contracts.errors import PlatformError

ROTATE_BYTES = 20 * 10**6
FREE_DISK_BYTES_MIN = 200 * 10**6
LOG_LINES_SHOWN = 12
LOG_LINES_READ = 200
LEFTOVER_TIMEOUT_S = 10.0
EXIT_FILE_TIMEOUT_S = 1.0


def launch(home: TwinHome, service: Service, report: Report) -> RunRecord:
    """Start a service that is not running and record it.

    Raises:
        PlatformError: Something that it needs is missing, or its port is taken.
    """
    try:
        _check_requirements(home, service)
        _stop_leftovers(home, service)
        _check_port(service)
        if service.prepare:
            service.prepare(report)
        for folder in (service.log.parent, home.run, *service.folders):
            folder.mkdir(parents=True, exist_ok=True)
        report(f"starting {service.name}")
        return _spawn(home, service)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise _disk_full(home.root) from error
        raise PlatformError(
            f"{service.name} cannot be started: {error}", next_step="correct what is named and run `twin up` again"
        ) from error


def died(home: TwinHome, service: Service, record: RunRecord) -> PlatformError:
    """The error that tells how and why a service ended while it started."""
    deadline = time.monotonic() + EXIT_FILE_TIMEOUT_S
    while (status := run_files.exit_status(home, service.name)) is None and time.monotonic() < deadline:
        time.sleep(0.05)  # its keeper is about to write it
    processes.reap(record.group)
    cause = likely_cause(
        record.log_tail(LOG_LINES_READ), status, port=service.port, port_variable=service.port_variable
    )
    why = f": {cause.text}" if cause else ""
    return PlatformError(
        f"{service.name} ended while starting ({describe_exit(status)}){why}\n{_shown_log(record)}",
        next_step=cause.next_step if cause else f"see {service.log}",
    )


def timed_out(service: Service, record: RunRecord) -> PlatformError:
    """The error that tells of a service which lives but does not get ready."""
    return PlatformError(
        f"{service.name} is not ready after {service.start_timeout_s:.0f} s; it is left running\n{_shown_log(record)}",
        next_step="a busy machine may need longer: run `twin up` again to go on waiting, or `twin down` to stop all",
    )


def _shown_log(record: RunRecord) -> str:
    lines = record.log_tail(LOG_LINES_SHOWN)
    return "\n".join([f"last lines of {record.log}:", *(f"  {line[:300]}" for line in lines or ["(nothing)"])])


def _check_requirements(home: TwinHome, service: Service) -> None:
    for requirement in service.requirements:
        if not requirement.path.exists():
            raise PlatformError(
                f"{service.name} needs {requirement.what}: {requirement.path} does not exist",
                next_step=requirement.next_step,
            )
    if shutil.disk_usage(home.root).free < FREE_DISK_BYTES_MIN:
        raise _disk_full(home.root)
    free_mb = (psutil.virtual_memory().available + psutil.swap_memory().free) // 10**6
    if free_mb < service.memory_mb:
        raise PlatformError(
            f"{service.name} takes about {service.memory_mb} MB of memory; {free_mb} MB are free",
            next_step="close other programs, or start only the services you need: twin up NAME…",
        )


def _disk_full(path: Path) -> PlatformError:
    free_mb = shutil.disk_usage(path).free // 10**6
    return PlatformError(
        f"the disk of {path} is full: {free_mb} MB are free",
        next_step="free disk space, or move the home and set TWIN_HOME; then run `twin up` again",
    )


def _stop_leftovers(home: TwinHome, service: Service) -> None:
    """End what an earlier start left behind, such as a server whose record was lost."""
    left = processes.marked(marker(home), service.name)
    if service.children_outlive_it:
        left = [process for process in left if processes.runs(process, service.argv)]
    processes.stop_all(left, timeout_s=LEFTOVER_TIMEOUT_S)


def _check_port(service: Service) -> None:
    if service.port is None or (holder := ports.holder_of(service.port)) is None:
        return
    if holder.home:
        other = f"run `TWIN_HOME={holder.home} twin down`"
    else:
        other = f"stop it (kill {holder.pid})" if holder.pid else "stop it"
    raise PlatformError(
        f"port {service.port}, which {service.name} needs, is in use by {holder}",
        next_step=f"{other}, or choose another port: {service.port_variable}={ports.next_free(service.port)} twin up",
    )


def _spawn(home: TwinHome, service: Service) -> RunRecord:
    _rotate(service.log)
    log_offset = service.log.stat().st_size if service.log.exists() else 0
    started_at = datetime.now(UTC)
    keeper = processes.spawn(
        service.argv,
        environment={**QUIET, **os.environ, **service.shared_env, **service.env},
        folder=service.cwd,
        log=service.log,
        exit_file=run_files.exit_path(home, service.name),
    )
    server = processes.server_of(keeper)
    pid = server.pid if server else keeper
    record = RunRecord(
        name=service.name, pid=pid, create_time=processes.create_time(pid) or "ended", group=keeper,
        argv=service.argv, port=service.port, url=service.url, started_at=started_at,
        start_timeout_s=service.start_timeout_s, fingerprint=service.fingerprint,
        log=service.log, log_offset=log_offset,
    )  # fmt: skip
    run_files.write(home, record)
    return record


def _rotate(log: Path) -> None:
    if log.exists() and log.stat().st_size > ROTATE_BYTES:
        log.replace(log.with_name(log.name + ".1"))
